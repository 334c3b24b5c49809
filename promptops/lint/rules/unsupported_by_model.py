"""CFG018."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.analysis.models import ModelFacts
from promptops.catalog.schema_places import is_written
from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import PromptModel, prompt_model
from promptops.lint.request_fields import reasoning_effort, request_api
from promptops.lint.subject import messages
from promptops.model.config import Config
from promptops.model.prompt import MediaPart, Message, Prompt
from promptops.runtime.request.api_limits import APIS

_BUDGETS = (
    ("anthropic", "thinking", "budget_tokens"),
    *((name, "thinking_config", "thinking_budget") for name in ("google", "gemini")),
)
"""Where `provider_options` have a number of tokens for thinking."""

_LEAST_BUDGET = 1_024
"""Of Claude, in tokens; the highest is below `max_output_tokens`."""


@rule("CFG018", severity=Severity.ERROR)
def unsupported_by_model(prompt: Prompt, config: Config) -> Iterator[Problem]:
    """The model accepts the images, tools, output schema and thinking budget of the prompt.

    Otherwise the provider refuses the request or ignores the field. Some models accept a feature
    only without another one: tools in chat completions only without reasoning, or only without an
    output schema. The facts are from the table of known models; a feature that it does not mention
    is not reported. CFG017 reports what no model of the provider accepts, CFG004 reports
    parameters.

    Bad:
        model: {provider: openai, id: o3-mini-2025-01-31}
        messages:
          - role: user
            content:
              - {text: What is in this picture?}
              - {image: {url: "https://acme.example/receipt.png"}}

    Bad:
        model: {provider: openai, id: gpt-4-turbo-2024-04-09}
        output: {format: json, schema: {type: object, properties: {total: {type: number}}}}
        messages:
          - {role: user, content: Return the total as JSON.}

    Bad:
        model: {provider: openai, id: gpt-5.6-terra}
        tools:
          - {name: find_order, description: Finds an order., parameters: {type: object}}
        messages:
          - {role: user, content: Where is my order?}

    Bad:
        model:
          provider: anthropic
          id: claude-opus-5
          params: {max_output_tokens: 600}
          provider_options: {anthropic: {thinking: {type: enabled, budget_tokens: 2048}}}

    Good:
        model:
          provider: openai
          id: gpt-5.6-terra
          provider_options: {openai: {api: responses}}
        tools:
          - {name: find_order, description: Finds an order., parameters: {type: object}}
        messages:
          - {role: user, content: Where is my order?}

    Good:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}
        messages:
          - role: user
            content:
              - {text: What is in this picture?}
              - {image: {url: "https://acme.example/receipt.png"}}
    """
    model = prompt_model(prompt, config)
    if model is None or model.facts is None:
        return
    name, lacks = f"{model.provider}/{model.id}", model.facts.lacks
    if "images" in lacks:
        yield from _images(prompt, name)
    if "tools" in lacks and prompt.tools:
        yield Problem(f"{name} does not accept tools", at="/tools")
    elif "forced_tools" in lacks and prompt.tools and _is_forced(prompt.tool_choice):
        message = f"{name} can't be required to call a tool"
        yield Problem(message, at="/tool_choice", hint="use `auto` or `none`")
    if "output_schema" in lacks and prompt.output.schema is not None:
        message = f"{name} does not accept the schema of an answer"
        yield Problem(message, at="/output/schema", hint="use another model")
    yield from _tools_beside(prompt, model, config, name)
    api = request_api(prompt, config)
    if "begun_answer" in lacks and (api is None or api.begun_answers):
        yield from _begun_answer(prompt, name)
    yield from _budgets(prompt, model, model.facts, name)


def _tools_beside(
    prompt: Prompt, model: PromptModel, config: Config, name: str
) -> Iterator[Problem]:
    """Tools together with what the model accepts only without them."""
    if not prompt.tools:
        return
    if prompt.output.format == "json" and model.lacks("tools_with_json"):
        message = f"{name} does not accept tools together with `format: json`"
        yield Problem(message, at="/output", hint="leave out one, or use Gemini 3 or later")
    effort = reasoning_effort(prompt)
    feature = "chat_tools_by_default" if effort is None else "chat_tools_with_effort"
    is_chat = request_api(prompt, config) is APIS["openai"]
    if is_chat and model.lacks(feature) and effort != "none":
        message = f"{name} accepts tools in chat completions only with `reasoning_effort: none`"
        hint = "set it, or use the Responses API: `provider_options: {openai: {api: responses}}`"
        own = "/model/params/reasoning_effort"
        yield Problem(message, at=own if is_written(prompt.locate, own) else "/tools", hint=hint)


def _images(prompt: Prompt, name: str) -> Iterator[Problem]:
    for message, _ in messages(prompt):
        for part in message.parts:
            if isinstance(part, MediaPart) and part.kind == "image":
                yield Problem(f"{name} does not accept images", at=part.at)


def _is_forced(choice: Any) -> bool:
    return choice == "required" or isinstance(choice, Mapping)


def _begun_answer(prompt: Prompt, name: str) -> Iterator[Problem]:
    last = prompt.messages[-1] if prompt.messages else None
    if isinstance(last, Message) and last.role == "assistant" and last.when is None:
        message = f"{name} does not continue a last message of the assistant"
        hint = "describe in the instructions how the answer begins"
        yield Problem(message, at=f"{last.at}/role", hint=hint)


def _budgets(prompt: Prompt, model: PromptModel, facts: ModelFacts, name: str) -> Iterator[Problem]:
    for path in _BUDGETS:
        budget = _option(prompt.model.provider_options, path)
        message = _budget_problem(budget, prompt, model, facts) if budget is not None else None
        if message is not None:
            at = f"/model/provider_options/{'/'.join(path)}"
            place = at if is_written(prompt.locate, at) else "/model/profile"
            yield Problem(f"{name} {message}", at=place)


def _option(options: Mapping[str, Any], path: tuple[str, ...]) -> int | None:
    value: Any = options
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _budget_problem(
    budget: int, prompt: Prompt, model: PromptModel, facts: ModelFacts
) -> str | None:
    """Why a thinking budget, in tokens, is refused."""
    if "thinking_budget" in facts.lacks:
        return "accepts no thinking budget: set `reasoning_effort`"
    if facts.provider == "anthropic":
        most = prompt.model.params.get("max_output_tokens")
        if budget < _LEAST_BUDGET:
            return f"accepts no thinking budget below {_LEAST_BUDGET:,} tokens"
        if isinstance(most, int) and budget >= most:
            return f"requires a thinking budget below `max_output_tokens` ({most:,})"
    low, high = facts.ranges.get("thinking_budget", (-1, budget))
    if budget != -1 and not low <= budget <= high:
        return f"accepts thinking budgets from {low:,} to {high:,} tokens, not {budget:,}"
    return None
