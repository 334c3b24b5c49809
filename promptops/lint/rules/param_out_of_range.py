"""CFG004."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.catalog.schema_places import is_written
from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import PromptModel, prompt_model
from promptops.model.config import Config
from promptops.model.prompt import Prompt

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

    Otherwise the provider refuses the request: reasoning models do not accept `temperature`, and no
    model writes more than its maximum output. Parameters of a profile are checked with the model
    that the profile names, and reported at the profile.

    Bad:
        model:
          provider: anthropic
          id: claude-opus-4-5-20251101
          params: {temperature: 1.5}

    Bad:
        model:
          provider: openai
          id: gpt-5.4-mini-2026-03-17
          params: {max_output_tokens: 1000000}

    Good:
        model:
          provider: anthropic
          id: claude-opus-4-5-20251101
          params: {temperature: 0.2, max_output_tokens: 600}
    """
    model = prompt_model(prompt, config)
    for name, value in prompt.model.params.items():
        message = _refused(name, value, model)
        if message is not None:
            yield Problem(message, at=_at(prompt, name))


def _refused(name: str, value: Any, model: PromptModel | None) -> str | None:
    facts = model.facts if model else None
    called = f"{model.provider}/{model.id}" if model else "any model"
    if facts is not None and name in facts.unsupported:
        return f"{called} does not accept `{name}`"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if name == "max_output_tokens":
        return _too_long(value, model, called)
    low, high = (facts.ranges if facts else _WIDEST).get(name, (value, value))
    if low <= value <= high:
        return None
    if low == high:
        return f"{called} accepts only {low:g} for `{name}`"
    return f"`{name}` {value:g} is not between {low:g} and {high:g}, the limits of {called}"


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
