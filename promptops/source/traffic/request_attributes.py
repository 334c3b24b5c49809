"""Facts about a request from the attributes of a span, by OpenTelemetry's and older conventions.

Names are of the conventions for generative AI, v0.1.0. They are literals, because the package with
their constants lacks some.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.attributes import prompt_facts, usage_of
from promptops.source.traffic.json_values import embedded

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
