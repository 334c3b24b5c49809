"""CFG004."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.catalog.schema_places import is_written
from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import PromptModel, prompt_model
from promptops.lint.request_fields import reasoning_effort, request_api
from promptops.model.config import Config
from promptops.model.prompt import Prompt
from promptops.runtime.request.api_limits import EFFORTS, Api
from promptops.runtime.request.unsupported import unsupported_params

_WIDEST: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
}
"""The widest limits of any known provider, for models that are not in the table."""


@rule("CFG004", severity=Severity.ERROR)
def param_out_of_range(prompt: Prompt, config: Config) -> Iterator[Problem]:
    """The model supports every parameter, and every value is within its limits.

    Otherwise the provider refuses the request: reasoning models do not accept `temperature`, or
    only with `reasoning_effort: none`, and no model writes more than its maximum output. Parameters
    of a profile are checked with the model that the profile names, and reported at the profile.
    CFG017 reports parameters that no model of the provider accepts.

    Bad:
        model:
          provider: openai
          id: gpt-5.4-mini-2026-03-17
          params: {temperature: 2.5}

    Bad:
        model:
          provider: openai
          id: gpt-5.4-mini-2026-03-17
          params: {reasoning_effort: minimal}

    Bad:
        model:
          provider: openai
          id: gpt-5.4-mini-2026-03-17
          params: {temperature: 0.2, reasoning_effort: low}

    Bad:
        model:
          provider: openai
          id: gpt-5.4-mini-2026-03-17
          params: {max_output_tokens: 1000000}

    Good:
        model:
          provider: openai
          id: gpt-5.4-mini-2026-03-17
          params: {temperature: 0.2, reasoning_effort: none, max_output_tokens: 600}
    """
    model = prompt_model(prompt, config)
    api = request_api(prompt, config)
    elsewhere = _refused_by_api(prompt, api)
    for name, value in prompt.model.params.items():
        message = _refused(name, value, model) if name not in elsewhere else None
        if message is not None:
            yield Problem(message, at=_at(prompt, name), hint=_hint(name, model, api))
        elif (
            name in ("temperature", "top_p") and value != 1 and _samples_only_without(prompt, model)
        ):
            called = f"{model.provider}/{model.id}" if model else ""
            message = f"{called} accepts `{name}` only with `reasoning_effort: none`"
            hint = f"remove `{name}`, or set `reasoning_effort: none`"
            yield Problem(message, at=_at(prompt, name), hint=hint)


def _refused_by_api(prompt: Prompt, api: Api | None) -> set[str]:
    """The parameters that CFG017 reports."""
    found = unsupported_params(prompt.model.params, api) if api is not None else ()
    return {each.at.removeprefix("/params/") for each in found}


def _samples_only_without(prompt: Prompt, model: PromptModel | None) -> bool:
    """Whether the effort of the prompt makes the model refuse other values than the default 1."""
    effort = reasoning_effort(prompt)
    feature = "sampling_by_default" if effort is None else "sampling_with_effort"
    return model is not None and model.lacks(feature) and effort != "none"


def _refused(name: str, value: Any, model: PromptModel | None) -> str | None:
    facts = model.facts if model else None
    called = f"{model.provider}/{model.id}" if model else "any model"
    if facts is not None and name in facts.unsupported:
        return f"{called} does not accept `{name}`"
    if isinstance(value, bool) or not isinstance(value, int | float):
        refused = (
            facts is not None and name == "reasoning_effort" and value in facts.refused_efforts
        )
        return f"{called} does not accept `{name}: {value}`" if refused else None
    if name == "max_output_tokens":
        return _too_long(value, model, called)
    low, high = (facts.ranges if facts else _WIDEST).get(name, (value, value))
    if low <= value <= high:
        return None
    if low == high:
        return f"{called} accepts only {low:g} for `{name}`"
    return f"`{name}` {value:g} is not between {low:g} and {high:g}, the limits of {called}"


def _hint(name: str, model: PromptModel | None, api: Api | None) -> str | None:
    facts = model.facts if model else None
    if facts is None or name != "reasoning_effort" or name in facts.unsupported:
        return None
    known = EFFORTS if api is None else [each for each in EFFORTS if each in api.efforts]
    accepted = [effort for effort in known if effort not in facts.refused_efforts]
    return f"use {' or '.join(accepted)}"


def _too_long(value: float, model: PromptModel | None, called: str) -> str | None:
    if value < 1:
        return f"`max_output_tokens` {value:g} is less than one token"
    longest = model.max_output if model else None
    if longest is not None and value > longest:
        return f"{called} writes at most {longest:,} tokens, not {value:,}"
    return None


def _at(prompt: Prompt, name: str) -> str:
    """The place of the prompt's own value, or of the profile that sets the value."""
    own = f"/model/params/{name}"
    return own if is_written(prompt.locate, own) else "/model/profile"
