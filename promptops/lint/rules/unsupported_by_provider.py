"""CFG017."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import prompt_model
from promptops.lint.request_fields import unsupported_fields
from promptops.lint.subject import PromptFacts
from promptops.model.config import Config
from promptops.model.prompt import Prompt
from promptops.runtime.request.api_limits import APIS, Api, apis_of


@rule("CFG017", severity=Severity.ERROR)
def unsupported_by_provider(
    prompt: Prompt, config: Config, subject: PromptFacts
) -> Iterator[Problem]:
    """The provider's API can express every field of the prompt.

    An application that calls `request.openai()`, `request.anthropic()` or `request.gemini()` gets
    an error for such a field, instead of a request without it. Known are the APIs of OpenAI,
    Anthropic and Google. A profile with a `base_url` is not checked: its server may have another
    API than the provider.

    Bad:
        model:
          provider: anthropic
          id: claude-opus-5
          params: {temperature: 0.2, max_output_tokens: 600}

    Bad:
        model: {provider: anthropic, id: claude-opus-5, params: {max_output_tokens: 600}}
        output: {format: json}
        messages:
          - {role: user, content: Name three colours as JSON.}

    Bad:
        model: {provider: google, id: gemini-3.5-flash}
        messages:
          - {role: user, name: ada, content: Name three colours.}

    Good:
        model: {provider: anthropic, id: claude-opus-5, params: {max_output_tokens: 600}}
    """
    api = _api(prompt, config)
    if api is None:
        return
    model = prompt_model(prompt, config)
    refused = model.facts.unsupported if model and model.facts else frozenset()
    for field in unsupported_fields(subject, prompt, api):
        if field.param not in refused:  # of those CFG004 reports what the model refuses
            yield Problem(field.message, at=field.at, hint=field.hint, case=field.case)


def _api(prompt: Prompt, config: Config) -> Api | None:
    """The request format of the prompt's provider; None if it may use several."""
    profile = config.models.get(prompt.model.profile or "")
    if profile is not None and profile.base_url is not None:
        return None
    apis = apis_of(prompt.model.provider)
    chosen = prompt.model.provider_options.get("openai", {}).get("api", "chat")
    if apis[:1] == (APIS["openai"],):
        return {"chat": APIS["openai"], "responses": APIS["responses"]}.get(chosen)
    return apis[0] if len(apis) == 1 else None
