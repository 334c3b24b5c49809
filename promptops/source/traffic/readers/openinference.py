"""Spans of Phoenix and Arize, as their exports and APIs write them: one in each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.lines import Facts, LineReader, Row
from promptops.source.traffic.openinference import KIND, flat, is_request, openinference_facts
from promptops.source.traffic.reading import Reading

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
