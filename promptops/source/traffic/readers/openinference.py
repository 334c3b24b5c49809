"""Spans of Phoenix and Arize by the conventions of OpenInference: one in each row of an export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.attributes import prompt_facts
from promptops.source.traffic.parts import Facts, LineReader, Row
from promptops.source.traffic.reading import Reading
from promptops.source.traffic.values import embedded
from promptops.source.traffic.wrapped import unwrapped

KIND = "openinference.span.kind"
_REQUEST = "LLM"
_MOST_LEVELS = 12
"""Of names with dots."""

_LONGEST_NAME = 200
"""Characters of a name that is joined from those of several levels."""

_LONGEST_INDEX = 6
"""Digits of a place in a list; Python refuses to convert thousands of them."""


def is_request(attributes: Mapping[str, Any]) -> bool:
    """Whether a span is one request to a model; not a chain, an agent, a tool or an embedding."""
    return values.text(attributes.get(KIND)).upper() == _REQUEST


def openinference_facts(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a sample, and `response_id`; `attributes` by their names with dots."""
    llm = _node(nested({name: attributes[name] for name in attributes if name[:3] == "llm"}), "llm")
    response = embedded(attributes.get("output.value"))
    facts = {
        **_prompt(attributes, llm),
        "response_id": values.text(response.get("id")) if isinstance(response, dict) else "",
        "messages": _messages(llm, attributes),
        "model": values.text(llm.get("model_name")),
        "usage": _usage(llm),
        "cost_usd": values.number(_node(llm, "cost").get("total")),
        "finish_reason": values.text(llm.get("finish_reason")),
    }
    answer = _answer(llm, response, attributes.get("output.value"))
    return facts | {name: value for name, value in answer.items() if not facts.get(name)}


def nested(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as objects in objects: `a.b` is the key `b` of `a`; see `_listed` for numbers."""
    tree: dict[str, Any] = {}
    for name, value in attributes.items():
        *path, last = str(name).split(".", _MOST_LEVELS)
        node = tree
        for key in path:
            inner = node.get(key)
            if not isinstance(inner, dict):
                inner = node[key] = {}
            node = inner
        node[last] = nested(value) if isinstance(value, dict) else value
    return tree


def flat(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse for objects in objects: the names have dots. Lists stay as they are.

    So does what is in more levels than `nested` reads. Joined names that are too long are left out,
    since every value would have a copy of the names around it.
    """
    found: dict[str, Any] = {}
    _flatten(attributes, "", _MOST_LEVELS, found)
    return found


def _flatten(node: Mapping[str, Any], prefix: str, levels: int, found: dict[str, Any]) -> None:
    for name, value in node.items():
        if prefix and len(prefix) + len(name) > _LONGEST_NAME:
            continue
        if levels and isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", levels - 1, found)
        else:
            found[f"{prefix}{name}"] = value


def _prompt(attributes: Mapping[str, Any], llm: Mapping[str, Any]) -> dict[str, Any]:
    """Also from the metadata, and from the template that an application named."""
    template = _node(llm, "prompt_template")
    metadata = flat(values.mapping(_joined(attributes, "metadata")))
    named = {**prompt_facts(metadata), **prompt_facts(attributes)}
    own: dict[str, Any] = {
        "version": values.text(template.get("version")),
        "conversation": values.text(attributes.get("session.id")),
    }
    if variables := values.mapping(template.get("variables")):
        own["inputs"] = variables
    return {**{name: value for name, value in own.items() if value}, **named}


def _joined(attributes: Mapping[str, Any], name: str) -> Any:
    """An attribute, or the object of those below its name."""
    if attributes.get(name) is not None:
        return attributes[name]
    below = f"{name}."
    return {key[len(below) :]: attributes[key] for key in attributes if key.startswith(below)}


def _usage(llm: Mapping[str, Any]) -> Any:
    counts = _node(llm, "token_count")
    cached = _node(counts, "prompt_details").get("cache_read")
    return values.usage(counts.get("prompt"), counts.get("completion"), cached)


def _messages(llm: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[Any, ...]:
    written = tuple(map(_message, _listed(llm.get("input_messages"), "message")))
    if written:
        return written
    request = embedded(attributes.get("input.value"))
    if isinstance(request, dict):
        return values.messages(request.get("messages"))
    return values.messages(request)


def _answer(llm: Mapping[str, Any], response: Any, written: Any) -> dict[str, Any]:
    """From the messages, else from what the API returned, or from its text."""
    found = unwrapped(response) or {}
    first = next(_listed(llm.get("output_messages"), "message"), None)
    if first is not None:
        message = _message(first)
        calls = message.get("tool_calls", ())
        return {**found, "output": message["content"], "tool_calls": calls, "unwrapped": False}
    if not found and written is not None:
        return {"output": values.answer(written)}
    return found


def _message(written: Mapping[str, Any]) -> Mapping[str, Any]:
    parts = list(_listed(written.get("contents"), "message_content"))
    calls = list(_listed(written.get("tool_calls"), "tool_call"))
    content = written.get("content")
    return values.message(
        {
            "role": written.get("role"),
            "content": parts if content is None else content,
            "tool_calls": calls,
            "tool_call_id": written.get("tool_call_id"),
        }
    )


def _listed(value: Any, wrapper: str) -> Iterator[Mapping[str, Any]]:
    """The items of a list, or of an object with numbers as keys; each may be under `wrapper`."""
    found = embedded(value)
    items = found if isinstance(found, list) else ()
    if isinstance(found, dict):
        items = [found[key] for key in sorted(filter(_is_index, found), key=int)]
    for item in items:
        if isinstance(item, dict):
            node = nested(item) if any("." in name for name in item) else item
            inner = node.get(wrapper)
            yield inner if isinstance(inner, dict) else node


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= _LONGEST_INDEX


def _node(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}


# Spans of Phoenix and Arize, as their exports and APIs write them: one in each row.

_COLUMN = "attributes."
_IDS = ("context", "context.span_id", "context.trace_id")
_FAILED = "ERROR"

COLUMNS = (
    *("span_kind", "start_time", "end_time", "status_code", "status_message", "context"),
    *("attributes", "context.span_id", "context.trace_id"),
)
"""All that is read of a table, and what begins with `attributes.`."""


def row_like(row: Row) -> int:
    """Whether an object is a span, or has a list of them."""
    spans = row.get("spans")
    if isinstance(spans, list) and spans and isinstance(spans[0], dict):
        return row_like(spans[0])
    has_attributes = "attributes" in row or any(name.startswith(_COLUMN) for name in row)
    return 2 if has_attributes and any(name in row for name in _IDS) else 0


def facts_of_row(row: Row, reading: Reading) -> list[Facts]:
    """The fields of the sample in a row, or of those in a trace; none for other spans."""
    spans = row.get("spans")
    if isinstance(spans, list):
        rows = [span for span in spans if isinstance(span, dict)]
        return [facts for span in rows for facts in facts_of_row(span, reading)]
    attributes = _attributes(row)
    if not is_request(attributes):
        reading.ignored["span"] += 1
        return []
    facts = openinference_facts(attributes)
    del facts["response_id"]
    return [facts | _of_span(row)]


def _attributes(row: Row) -> Mapping[str, Any]:
    kind = {KIND: row["span_kind"]} if row.get("span_kind") else {}
    whole = row.get("attributes")
    if isinstance(whole, dict):
        return kind | flat(whole)
    named = {name: value for name, value in row.items() if name.startswith(_COLUMN)}
    columns = {name[len(_COLUMN) :]: value for name, value in named.items() if value is not None}
    return kind | flat(columns)


def _of_span(row: Row) -> dict[str, Any]:
    context = values.mapping(row.get("context"))
    span = values.text(context.get("span_id", row.get("context.span_id"))).removeprefix("0x")
    trace = values.text(context.get("trace_id", row.get("context.trace_id"))).removeprefix("0x")
    return {
        "id": span,
        "span_id": span,
        "trace_id": trace,
        "at": values.instant(row.get("start_time")),
        "latency_s": values.duration_s(row.get("start_time"), row.get("end_time")),
        "error": _error(row),
    }


def _error(row: Row) -> str:
    """The first line of the message: the others are the stack."""
    status = values.mapping(row.get("status"))
    code = values.text(row.get("status_code", status.get("status_code"))).upper()
    message = values.text(row.get("status_message", status.get("description")))
    return (message.partition("\n")[0] or "error") if code == _FAILED else ""


READER = LineReader(format="openinference", row_like=row_like, facts=facts_of_row)
