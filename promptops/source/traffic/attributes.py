"""The attributes by which traces and logs name a prompt: those of `RenderedRequest.attributes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.answer import Usage
from promptops.source.traffic import values
from promptops.source.traffic.values import text

VARIABLE = "gen_ai.prompt.variable."
"""Before the name of an input."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": (
        "gen_ai.prompt.name",
        "traceloop.prompt.key",
        "langfuse.observation.prompt.name",
    ),
    "version": (
        "gen_ai.prompt.version",
        "traceloop.prompt.version",
        "langfuse.observation.prompt.version",
    ),
    "release": ("promptops.release",),
    "channel": ("promptops.channel",),
    "prompt_digest": ("promptops.prompt.digest",),
    "request_digest": ("promptops.request.digest",),
    "conversation": ("gen_ai.conversation.id",),
}
"""By field of a sample: the current name, then older ones and those of other tools."""


_BY_NAME = tuple((name, field) for field, names in NAMES.items() for name in names)


def prompt_facts(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a sample about its prompt and inputs, as far as some attributes name them."""
    found: dict[str, Any] = {}
    for name, field in _BY_NAME:
        if name in attributes and field not in found and (value := text(attributes[name])):
            found[field] = value
    variables = {
        name[len(VARIABLE) :]: value
        for name, value in attributes.items()
        if name.startswith(VARIABLE) and isinstance(value, str)
    }
    if variables:
        found.update(inputs=variables, inputs_are_text=True)
    return found


def usage_of(attributes: Mapping[str, Any]) -> Usage | None:
    """The counts of tokens, also by their older names."""
    given = attributes.get
    tokens = given("gen_ai.usage.input_tokens", given("gen_ai.usage.prompt_tokens"))
    answered = given("gen_ai.usage.output_tokens", given("gen_ai.usage.completion_tokens"))
    return values.usage(tokens, answered, given("gen_ai.usage.cache_read.input_tokens"))
