"""Attributes of calls as traces have them: requests, responses, messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.model.answer import Usage
from promptops.runtime.request.answers import answer_text
from promptops.runtime.request.span_attributes import answered_calls, response_attributes
from promptops.source.traffic import values
from promptops.source.traffic.values import embedded, text, tool_calls

VARIABLE = "gen_ai.prompt.variable."
"""Before the name of an input."""

NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("gen_ai.prompt.name", "traceloop.prompt.key", "langfuse.observation.prompt.name"),
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


# Answers as an API returned them, as fields of a sample.


def response_facts(body: Any) -> dict[str, Any]:
    """Output, tool calls, finish reason, model, fingerprint and usage of an answer of any API.

    They are those of the first choice. `body` is JSON data; of anything but an answer there is
    nothing.
    """
    output, finish_reason = answer_text(body)
    if output is None or isinstance(body, str):
        return {}
    attributes = response_attributes(body)
    reasons = attributes.get("gen_ai.response.finish_reasons", ())
    return {
        "output": output,
        "tool_calls": tool_calls(list(answered_calls(body))),
        "finish_reason": finish_reason or next(iter(reasons), ""),
        "model": attributes.get("gen_ai.response.model", ""),
        "fingerprint": attributes.get("openai.response.system_fingerprint", ""),
        "usage": usage_of(attributes),
    }


# Facts about a request from the attributes of a span, by OpenTelemetry's and older conventions.
#
# Names are of the conventions for generative AI, v0.1.0. They are literals, because the package
# with their constants lacks some.

_OPERATIONS = ("chat", "generate_content", "text_completion")
_REQUEST_TYPES = ("chat", "completion")
_OPERATION = "gen_ai.operation.name"
_MODELS = ("gen_ai.response.model", "gen_ai.request.model")
_FINGERPRINTS = (
    "openai.response.system_fingerprint",
    "gen_ai.openai.response.system_fingerprint",
)
_INPUT, _SYSTEM = "gen_ai.input.messages", "gen_ai.system_instructions"
_OUTPUT = "gen_ai.output.messages"
_LONG = (_INPUT, _SYSTEM, _OUTPUT)
_OLD_PROMPT, _OLD_ANSWER = "gen_ai.prompt.", "gen_ai.completion."
_MAX_OLD = 1_000
"""Messages in attributes with numbers in their names."""


def is_request(attributes: Mapping[str, Any]) -> bool:
    """Whether a span is one request to a model; not an agent, a tool call or an embedding."""
    operation = attributes.get(_OPERATION)
    if operation is not None:
        return operation in _OPERATIONS
    kind = attributes.get("llm.request.type")
    if kind is not None:
        return kind in _REQUEST_TYPES
    return any(name in attributes for name in _MODELS)


def request_facts(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a sample, and `response_id`."""
    facts = prompt_facts(attributes)
    facts.update(
        response_id=values.text(attributes.get("gen_ai.response.id")),
        model=_first(attributes, _MODELS),
        fingerprint=_first(attributes, _FINGERPRINTS),
        usage=usage_of(attributes),
        finish_reason=_reason(attributes.get("gen_ai.response.finish_reasons")),
        error=values.text(attributes.get("error.type")),
    )
    facts.update(_content(attributes, facts["finish_reason"]))
    return facts


def _content(attributes: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """Messages and answer, if the application records them."""
    if any(name in attributes for name in _LONG):
        return _structured(attributes, reason)
    if f"{_OLD_PROMPT}0.role" in attributes or any(
        name.startswith(_OLD_ANSWER) for name in attributes
    ):
        return _numbered(attributes, reason)
    return {}


def _structured(attributes: Mapping[str, Any], reason: str) -> dict[str, Any]:
    system = values.joined(list(values.items(attributes.get(_SYSTEM))))
    messages = values.messages(attributes.get(_INPUT))
    if system:
        messages = ({"role": "system", "content": system}, *messages)
    return {"messages": messages, **_answer(attributes.get(_OUTPUT), reason)}


def _answer(output: Any, reason: str) -> dict[str, Any]:
    """The first of the answers to a request."""
    found = embedded(output)
    first = found[0] if isinstance(found, list) and found else None
    if not isinstance(first, dict):
        return {}
    message = values.message(first)
    return {
        "output": message["content"],
        "tool_calls": message.get("tool_calls", ()),
        "finish_reason": reason or values.text(first.get("finish_reason")),
    }


def _numbered(attributes: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """`gen_ai.prompt.0.content` and `gen_ai.completion.0.content`."""
    facts: dict[str, Any] = {"messages": tuple(_old_messages(attributes))}
    answer = f"{_OLD_ANSWER}0."
    if any(name.startswith(answer) for name in attributes):
        facts["output"] = values.content(attributes.get(f"{answer}content"))
        facts["tool_calls"] = values.tool_calls(list(_old_calls(attributes, answer)))
        facts["finish_reason"] = reason or values.text(attributes.get(f"{answer}finish_reason"))
    return facts


def _old_messages(attributes: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for index in range(_MAX_OLD):
        role = attributes.get(f"{_OLD_PROMPT}{index}.role")
        if role is None:
            return
        content = values.content(attributes.get(f"{_OLD_PROMPT}{index}.content"))
        yield {"role": values.text(role), "content": content}


def _old_calls(attributes: Mapping[str, Any], answer: str) -> Iterator[Mapping[str, Any]]:
    for index in range(_MAX_OLD):
        name = attributes.get(f"{answer}tool_calls.{index}.name")
        if name is None:
            return
        yield {"name": name, "arguments": attributes.get(f"{answer}tool_calls.{index}.arguments")}


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := values.text(attributes.get(name)))), "")


def _reason(reasons: Any) -> str:
    """The first of a list, which may be JSON in a string."""
    found = embedded(reasons)
    return values.text(found[0] if isinstance(found, list) and found else found)
