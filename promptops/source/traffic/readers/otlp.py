"""OTLP/JSON, as the file exporter of the OpenTelemetry Collector writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.any_values import attributes_of, plain
from promptops.source.traffic.line_error import LineError
from promptops.source.traffic.line_reader import LineReader, Row
from promptops.source.traffic.reading import Reading
from promptops.source.traffic.request_attributes import is_request, request_facts

_EVENT = "gen_ai.client.inference.operation.details"
_SPANS = ("resourceSpans", "scopeSpans", "spans")
_LOGS = ("resourceLogs", "scopeLogs", "logRecords")
_OTHER = ("resourceMetrics", "resourceProfiles")
_KINDS = (_SPANS[0], _LOGS[0], *_OTHER)
_FAILED = (2, "STATUS_CODE_ERROR")


def _row_like(row: Row) -> int:
    return 3 if any(kind in row for kind in _KINDS) else 0


def _facts(row: Row, reading: Reading) -> list[dict[str, Any]]:
    if not any(kind in row for kind in _KINDS):
        raise LineError("neither `resourceSpans` nor `resourceLogs`")
    samples: dict[Any, dict[str, Any]] = {}
    for facts in _requests(row, reading):
        key = (facts.pop("response_id"), facts["trace_id"])
        same = samples.setdefault(key if key[0] else len(samples), facts)
        if same is not facts:
            _complete(same, facts)
    return list(samples.values())


def _requests(row: Row, reading: Reading) -> Iterator[dict[str, Any]]:
    for span in _below(row, _SPANS):
        attributes = attributes_of(span.get("attributes"))
        if is_request(attributes):
            yield _of_span(span, attributes)
        else:
            reading.ignored["span"] += 1
    for log in _below(row, _LOGS):
        attributes = {**attributes_of(_body(log)), **attributes_of(log.get("attributes"))}
        if _EVENT in (log.get("eventName"), plain(attributes.get("event.name"))):
            yield _of_log(log, attributes)
        else:
            reading.ignored["log record"] += 1


def _complete(facts: dict[str, Any], others: Mapping[str, Any]) -> None:
    """Add what another span of the same request has and this one does not."""
    for name, value in others.items():
        if facts.get(name) in (None, "", ()):
            facts[name] = value


def _below(row: Row, names: tuple[str, str, str]) -> Iterator[Mapping[str, Any]]:
    """The spans or log records of all resources and scopes of a line."""
    for resource in _objects(row, names[0]):
        for scope in _objects(resource, names[1]):
            yield from _objects(scope, names[2])


def _objects(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = holder.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise LineError(f"`{name}` is not a list of objects", key=name)
    return found


def _of_span(span: Mapping[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    facts = request_facts(attributes)
    start = values.number(span.get("startTimeUnixNano"))
    end = values.number(span.get("endTimeUnixNano"))
    facts.update(_ids(span, facts))
    if start:
        facts["at"] = values.instant(start)
        facts["latency_s"] = (end - start) / 1e9 if end and end >= start else None
    if not facts.get("error") and _failed(span.get("status")):
        facts["error"] = "error"
    return facts


def _of_log(log: Mapping[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    facts = request_facts(attributes)
    time = values.number(log.get("timeUnixNano")) or values.number(log.get("observedTimeUnixNano"))
    facts.update(_ids(log, facts), at=values.instant(time))
    return facts


def _ids(record: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
    span = values.text(record.get("spanId"))
    trace = values.text(record.get("traceId"))
    return {"id": facts["response_id"] or span, "trace_id": trace, "span_id": span}


def _failed(status: Any) -> bool:
    return isinstance(status, dict) and status.get("code") in _FAILED


def _body(log: Mapping[str, Any]) -> Any:
    """The attributes in the body of an event, where older exporters put them."""
    body = log.get("body")
    inner = body.get("kvlistValue") if isinstance(body, dict) else None
    return inner.get("values") if isinstance(inner, dict) else None


READER = LineReader(format="otlp", row_like=_row_like, facts=_facts)
