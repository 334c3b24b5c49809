"""CFG017."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Problem, Severity, rule
from promptops.lint.request_fields import request_api, unsupported_fields
from promptops.lint.subject import PromptFacts
from promptops.model.config import Config
from promptops.model.prompt import Prompt


@rule("CFG017", severity=Severity.ERROR)
def unsupported_by_provider(
    prompt: Prompt, config: Config, subject: PromptFacts
) -> Iterator[Problem]:
    """The provider's API can express every field of the prompt.

    An application that calls `request.openai()`, `request.anthropic()` or `request.gemini()` gets
    an error for such a field, instead of a request without it. Known are the APIs of OpenAI,
    Anthropic and Google. A profile with a `base_url` is checked if its provider is `anthropic` or
    `gemini`: it is called in their format at any address. Every other name is called in OpenAI's
    format there. Chat completions are not checked, because the server may accept more than OpenAI;
    the Responses API is checked for parameters and audio that it has no field for. For a gateway
    with an OpenAI-compatible API, write `provider = "openai"`. CFG004 and CFG018 report what the
    API can express and the model refuses.

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
    api = request_api(prompt, config)
    for field in unsupported_fields(subject, prompt, api) if api is not None else ():
        yield Problem(field.message, at=field.at, hint=field.hint, case=field.case)
