"""Observations of Langfuse: of an export to blob storage, of its API, of a downloaded trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.answer import Usage
from promptops.source.traffic import values
from promptops.source.traffic.attributes import prompt_facts
from promptops.source.traffic.parts import Facts, LineReader, Row
from promptops.source.traffic.reading import Reading
from promptops.source.traffic.values import LineError, embedded
from promptops.source.traffic.wrapped import unwrapped

COLUMNS = (
    *("id", "trace_id", "session_id", "type", "start_time", "input", "output", "level"),
    *("provided_model_name", "usage_details", "total_cost", "latency", "prompt_name"),
    *("prompt_version", "tool_calls", "metadata", "status_message"),
)
"""All that is read."""

_OWN = ("id", "trace_id", "type", "start_time")


def facts_of_row(row: Row, reading: Reading) -> list[Facts]:
    """The fields of the sample in a row, or of those in a trace with its observations.

    An observation that is not a generation gives no sample.
    """
    if "observations" in row:
        return _of_trace(row, reading)
    if "traceId" in row:
        row = _with_columns(row)
    if row.get("type") != "GENERATION":
        reading.ignored["observation"] += 1
        return []
    return [_named(row) | _answer(row) | _prompt(row) | prompt_facts(_attributes(row))]


def row_like(row: Row) -> int:
    """Whether an object has the columns that every row has, or is a trace with such rows."""
    if _is_row(row):
        return 2
    rows = row.get("observations")
    if not isinstance(rows, list) or "id" not in _trace(row):
        return 0
    return 2 if all(map(_is_of_trace, rows[:1])) else 0


def _is_row(row: Row) -> bool:
    return all(name in row or _CAMEL.get(name) in row for name in _OWN)


def _is_of_trace(row: Any) -> bool:
    """Whether it is an observation, or only the id of one."""
    return isinstance(row, str) or (isinstance(row, dict) and _is_row({"traceId": "", **row}))


def _trace(row: Row) -> Row:
    """The trace in a document: in itself, or under a key, as a downloaded one has it."""
    trace = row.get("trace")
    return trace if isinstance(trace, dict) else row


def _of_trace(row: Row, reading: Reading) -> list[Facts]:
    trace = _trace(row)
    of_trace = {"traceId": trace.get("id"), "sessionId": trace.get("sessionId")}
    found: list[Facts] = []
    for observation in values.items(row.get("observations")):
        if not isinstance(observation, dict):
            raise LineError(
                "a trace without its observations: export them, or get each trace by its id",
                key="observations",
            )
        found += facts_of_row({**of_trace, **observation}, reading)
    return found


_CAMEL = {
    "trace_id": "traceId",
    "session_id": "sessionId",
    "start_time": "startTime",
    "end_time": "endTime",
    "status_message": "statusMessage",
    "usage_details": "usageDetails",
    "prompt_name": "promptName",
    "prompt_version": "promptVersion",
    "tool_calls": "toolCalls",
}
"""The names of columns in the API."""


def _with_columns(row: Row) -> Row:
    """An observation of the API with the columns of an export."""
    found = {column: row.get(name) for column, name in _CAMEL.items()}
    given = (row.get(name) for name in ("totalCost", "calculatedTotalCost"))
    cost = next((each for each in given if each is not None), None)
    return {
        **row,
        **found,
        "provided_model_name": row.get("model") or row.get("providedModelName"),
        "usage_details": row.get("usageDetails") or _older_usage(row),
        "total_cost": values.mapping(row.get("costDetails")).get("total") if cost is None else cost,
        # Not the latency, which is in seconds in the API and elsewhere in milliseconds.
        "latency": values.duration_s(row.get("startTime"), row.get("endTime")),
    }


def _older_usage(row: Row) -> dict[str, Any]:
    usage = values.mapping(row.get("usage"))
    tokens = row.get("promptTokens", row.get("inputTokens"))
    answered = row.get("completionTokens", row.get("outputTokens"))
    return {"input": usage.get("input", tokens), "output": usage.get("output", answered)}


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
    calls = values.tool_calls(row.get("tool_calls"))
    found = unwrapped(embedded(output)) or {"output": values.answer(output), "tool_calls": ()}
    return {**found, "tool_calls": calls or found["tool_calls"]}


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
    of_span = {name.removeprefix("attributes."): value for name, value in metadata.items()}
    return {**of_span, **values.mapping(metadata.get("attributes"))}


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
