"""OTLP/JSON, as the file exporter of the OpenTelemetry Collector writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.attributes import is_request, request_facts
from promptops.source.traffic.parts import Facts, LineReader, Row
from promptops.source.traffic.readers import openinference
from promptops.source.traffic.reading import Reading
from promptops.source.traffic.values import LineError, attributes_of, integer

_EVENT = "gen_ai.client.inference.operation.details"
_SPANS = ("resourceSpans", "scopeSpans", "spans")
_LOGS = ("resourceLogs", "scopeLogs", "logRecords")
_OTHER = ("resourceMetrics", "resourceProfiles")
_KINDS = (_SPANS[0], _LOGS[0], *_OTHER)
_FAILED = (2, "STATUS_CODE_ERROR")


def _row_like(row: Row) -> int:
    return 3 if any(kind in row for kind in _KINDS) else 0


def _facts(row: Row, reading: Reading) -> list[Facts]:
    if not any(kind in row for kind in _KINDS):
        raise LineError("neither `resourceSpans` nor `resourceLogs`")
    samples: dict[Any, dict[str, Any]] = {}
    unreadable: list[Facts] = []
    for facts in _requests(row, reading):
        if isinstance(facts, LineError):
            unreadable.append(facts)
            continue
        key = (facts.pop("response_id"), facts["trace_id"])
        same = samples.setdefault(key if key[0] else len(samples), facts)
        if same is not facts:
            _complete(same, facts)
    return [*samples.values(), *unreadable]


def _requests(row: Row, reading: Reading) -> Iterator[Facts]:
    """The facts of each request; one that can't be read does not cost the others."""
    for names, kind, read in ((_SPANS, "span", _span), (_LOGS, "log record", _log)):
        for record in _below(row, names):
            try:
                facts = read(record)
            except RecursionError:
                yield LineError(f"the attributes of a {kind} are nested too deeply")
                continue
            if facts is None:
                reading.ignored[kind] += 1
            else:
                yield facts


def _span(span: Mapping[str, Any]) -> dict[str, Any] | None:
    attributes = attributes_of(span.get("attributes"))
    is_known = openinference.KIND in attributes and "gen_ai.operation.name" not in attributes
    found = openinference.is_request(attributes) if is_known else is_request(attributes)
    return _of_span(span, attributes) if found else None


def _log(log: Mapping[str, Any]) -> dict[str, Any] | None:
    attributes = {**attributes_of(_body(log)), **attributes_of(log.get("attributes"))}
    is_event = _EVENT in (log.get("eventName"), attributes.get("event.name"))
    return _of_log(log, attributes) if is_event else None


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
    if openinference.KIND in attributes:
        _complete(facts, openinference.openinference_facts(attributes))
    start, end = _nanoseconds(span, "startTimeUnixNano"), _nanoseconds(span, "endTimeUnixNano")
    facts.update(_ids(span, facts))
    if start:
        facts["at"] = start / _SECOND
        facts["latency_s"] = (end - start) / _SECOND if end >= start else None
    if not facts.get("error") and _failed(span.get("status")):
        facts["error"] = "error"
    return facts


def _of_log(log: Mapping[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    facts = request_facts(attributes)
    time = _nanoseconds(log, "timeUnixNano") or _nanoseconds(log, "observedTimeUnixNano")
    facts.update(_ids(log, facts), at=time / _SECOND if time else None)
    return facts


def _nanoseconds(record: Mapping[str, Any], name: str) -> int:
    """A time, which JSON writes as a string; 0 if it is not recorded or not usable."""
    found = integer(record.get(name))
    return found if found is not None and 0 < found < _LAST else 0


_SECOND = 1_000_000_000
_LAST = 253_402_300_799 * _SECOND
"""The end of the year 9999, which is the last that Python's dates have."""


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
