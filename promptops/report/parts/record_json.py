"""Writes any record as JSON: an object with its fields, under their names.

| value | JSON |
|---|---|
| a record, such as a place | an object |
| `str` with the default "" | null when empty |
| enum | its value |
| `float` | 9 digits; null if it is not finite |
| date, time | ISO 8601 |
| mapping; sequence; set | object; array; sorted array |
| a field whose type contains `Any` or `object` | data of the user |
| `ABSENT` | no key |

`promptops.records.outputs` has the declarations that change this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import date
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any

from promptops.model.change import ABSENT
from promptops.patterns import lazy_pattern
from promptops.records.outputs import may_be_absent, shown_fields, shown_properties
from promptops.report.parts.json_text import json_data, json_text

_DIGITS = 9
_OF_THE_USER = lazy_pattern(r"\b(Any|object)\b")
Writer = Callable[[Any], Any]
"""From a value that is not a record to JSON."""


def write(result: Any, **_: object) -> str:
    """The result of a command as one JSON object, indented."""
    return json_text(record_json(result))


def record_json(value: Any) -> Any:
    """A value as JSON data; a record as an object."""
    kind: Any = type(value)
    if kind is str or kind is bool or kind is int or value is None:
        return value
    if hasattr(kind, "__as_text__"):
        return str(value)
    return _object(value) if hasattr(kind, "__record_fields__") else _writer(kind)(value)


def _object(record: Any) -> dict[str, Any]:
    kind: Any = type(record)
    if hasattr(kind, "__private__"):
        raise TypeError(f"{kind.__name__} is private")
    version = getattr(kind, "__output__", None)
    found: dict[str, Any] = {} if version is None else {"schema": version}
    for name, write_value in _keys(kind):
        value = getattr(record, name)
        if value is not ABSENT:
            found[name] = write_value(value)
    return found


@cache
def _keys(kind: Any) -> tuple[tuple[str, Writer], ...]:
    """The keys of the object of a record, with how the value of each is written."""
    fields = ((each.name, _field_writer(each)) for each in shown_fields(kind))
    return (*fields, *((name, record_json) for name, _ in shown_properties(kind)))


def _field_writer(each: Any) -> Writer:
    if _OF_THE_USER.search(str(each.type)):
        return json_data
    return _text_or_none if may_be_absent(each) else record_json


def _text_or_none(text: str) -> str | None:
    return text or None


@cache
def _writer(kind: Any) -> Writer:
    for parent, writer in _WRITERS:
        if issubclass(kind, parent):
            return writer
    raise TypeError(f"{kind.__name__} has no form in JSON")


def _number(value: float) -> float | None:
    return round(value, _DIGITS) if isfinite(value) else None


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(record_json(key)): record_json(item) for key, item in value.items()}


_WRITERS: tuple[tuple[Any, Writer], ...] = (
    (Enum, lambda value: value.value),
    (float, _number),
    (str, str),
    (int, int),
    (date, date.isoformat),
    (Mapping, _mapping),
    (Set, lambda value: sorted(map(record_json, value))),
    ((tuple, list), lambda value: [record_json(item) for item in value]),
)
"""The first kind that a value is decides; of records and JSON's own types `record_json` does."""
