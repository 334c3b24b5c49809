"""Exports of Langfuse to blob storage: rows of `observations_v2`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.answer import Usage
from promptops.source.traffic import values
from promptops.source.traffic.attributes import prompt_facts
from promptops.source.traffic.json_values import embedded
from promptops.source.traffic.line_reader import Facts, LineReader, Row
from promptops.source.traffic.reading import Reading
from promptops.source.traffic.responses import response_facts

COLUMNS = (
    *("id", "trace_id", "session_id", "type", "start_time", "input", "output", "level"),
    *("provided_model_name", "usage_details", "total_cost", "latency", "prompt_name"),
    *("prompt_version", "tool_calls", "metadata", "status_message"),
)
"""All that is read."""

_OWN = ("id", "trace_id", "type", "start_time")


def facts_of_row(row: Row, reading: Reading) -> list[Facts]:
    """The fields of the sample in a row; none for an observation that is not a generation."""
    if row.get("type") != "GENERATION":
        reading.ignored["observation"] += 1
        return []
    return [_named(row) | _answer(row) | _prompt(row) | prompt_facts(_attributes(row))]


def row_like(row: Row) -> int:
    """Whether an object has the columns that every row has."""
    return 2 if all(name in row for name in _OWN) else 0


def _named(row: Row) -> dict[str, Any]:
    return {
        "id": values.text(row.get("id")),
        "at": values.instant(row.get("start_time")),
        "conversation": values.text(row.get("session_id")),
        "trace_id": values.text(row.get("trace_id")),
        "messages": _messages(embedded(row.get("input"))),
        "model": values.text(row.get("provided_model_name")),
        "usage": _usage(values.mapping(row.get("usage_details"))),
        "latency_s": values.number(row.get("latency")),
        "cost_usd": values.number(row.get("total_cost")),
        "error": _error(row),
    }


def _answer(row: Row) -> dict[str, Any]:
    """A message or a whole answer becomes its text; any other JSON is the answer itself."""
    output = row.get("output")
    body = embedded(output)
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    calls = values.tool_calls(row.get("tool_calls"))
    if isinstance(body, dict) and body.get("role") == "assistant":
        calls = calls or values.tool_calls(body.get("tool_calls"))
        return {"output": values.joined(body.get("content")), "tool_calls": calls}
    answered = response_facts(body) if _is_response(body) else {}
    if answered:
        kept = {name: answered[name] for name in ("output", "finish_reason", "fingerprint")}
        return kept | {"tool_calls": calls or answered["tool_calls"]}
    return {"output": values.answer(output), "tool_calls": calls}


def _is_response(body: Any) -> bool:
    """Whether it is the answer of an API, and not JSON that a model wrote."""
    return isinstance(body, dict) and (
        any(name in body for name in ("choices", "candidates"))
        or body.get("object") == "response"
        or body.get("type") == "message"
    )


def _messages(given: Any) -> tuple[Mapping[str, Any], ...]:
    if isinstance(given, dict) and "messages" in given:
        given = given["messages"]
    return values.messages(given)


def _prompt(row: Row) -> dict[str, Any]:
    named = (values.text(row.get("prompt_name")), values.text(row.get("prompt_version")))
    return {"prompt": named[0], "version": named[1]}


def _attributes(row: Row) -> dict[str, Any]:
    """Those of the metadata, and those of a span that Langfuse got by OpenTelemetry."""
    metadata = values.mapping(row.get("metadata"))
    return {**metadata, **values.mapping(metadata.get("attributes"))}


def _usage(details: Mapping[str, Any]) -> Usage | None:
    """Langfuse counts each kind apart: what is named after the input adds up to the input."""
    tokens = {name: found for name in details if (found := values.count(details[name])) is not None}
    read = [name for name in tokens if "input" in name]
    written = [name for name in tokens if "output" in name]
    cached = [name for name in read if "cache" in name and "creation" not in name]
    return values.usage(*(_sum(tokens, names) for names in (read, written, cached)))


def _sum(tokens: Mapping[str, int], names: list[str]) -> int | None:
    return sum(tokens[name] for name in names) if names else None


def _error(row: Row) -> str:
    failed = row.get("level") == "ERROR"
    return (values.text(row.get("status_message")) or "error") if failed else ""


READER = LineReader(format="langfuse", row_like=row_like, facts=facts_of_row)
