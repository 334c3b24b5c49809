"""Attributes in OTLP/JSON: `{"key", "value": {"stringValue": …}}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def attributes_of(listed: Any) -> dict[str, Any]:
    """From the name of each attribute to its value as JSON data; see `plain`."""
    try:
        found = {
            each["key"]: value["stringValue"]
            if "stringValue" in (value := each["value"])
            else plain(value)
            for each in listed or ()
        }
    except (KeyError, TypeError):
        found = {None: None}
    return found if set(map(type, found)) <= _STRINGS else dict(_usable(listed))


def plain(value: Any) -> Any:
    """A value as JSON data; None for bytes and for anything that is not a value."""
    if isinstance(value, dict):
        for kind, inner in value.items():
            read = _KINDS.get(kind)
            if read is not None:
                return read(inner)
    return None


_STRINGS = {str}


def _usable(listed: Any) -> list[tuple[str, Any]]:
    """What can be read of a list with mistakes."""
    if not isinstance(listed, list):
        return []
    found = [(each.get("key"), each.get("value")) for each in listed if isinstance(each, dict)]
    return [(key, plain(value)) for key, value in found if isinstance(key, str)]


def _string(value: Any) -> Any:
    return value if isinstance(value, str) else None


def integer(value: Any) -> int | None:
    """64 bits, which JSON writes as a string; None for anything else."""
    try:
        return int(value) if len(str(value)) <= _LONGEST else None
    except (TypeError, ValueError):
        return None


_LONGEST = 20


def _double(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _array(value: Any) -> list[Any]:
    listed = value.get("values") if isinstance(value, dict) else None
    return [plain(each) for each in listed] if isinstance(listed, list) else []


def _kvlist(value: Any) -> dict[str, Any]:
    listed = value.get("values") if isinstance(value, dict) else None
    return attributes_of(listed)


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "stringValue": _string,
    "intValue": integer,
    "doubleValue": _double,
    "boolValue": _bool,
    "arrayValue": _array,
    "kvlistValue": _kvlist,
}
