"""A schema with fewer values, for searches that need only some of its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from promptops.analysis.schemas.alternatives import MAX_VALUES
from promptops.analysis.schemas.document import DATA, MAPS_ANYWHERE

_SAMPLES: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    **dict.fromkeys(("email", "idn-email"), "a@example.com"),
    **dict.fromkeys(("hostname", "idn-hostname"), "example.com"),
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    **dict.fromkeys(("uri", "iri", "uri-template"), "https://example.com/a"),
    **dict.fromkeys(("uri-reference", "iri-reference"), "/a"),
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
}
"""A string of each format of JSON Schema; any other format gets `a`."""

_ENCODED: Final = ("", "AAAA")
"""Strings that every `contentEncoding` of JSON Schema can decode."""


def narrowed(schema: Any) -> Any:
    """The schema with short enums, and with sample strings instead of formats and encodings.

    The validator of inputs does not check formats. Strings that were generated from the length
    alone would be values that no caller passes.
    """
    if isinstance(schema, list):
        return [narrowed(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: _narrowed(key, value) for key, value in schema.items()}
    if "enum" in kept or "const" in kept:
        return kept
    if "contentEncoding" in kept:
        return {**kept, "enum": _with_null(_ENCODED, kept)}
    if "format" in kept:
        return {**kept, "enum": _with_null((_SAMPLES.get(str(kept["format"]), "a"),), kept)}
    return kept


def _narrowed(key: str, value: Any) -> Any:
    if key in MAPS_ANYWHERE and isinstance(value, Mapping):
        return {name: narrowed(item) for name, item in value.items()}
    if key == "enum" and isinstance(value, list) and len(value) > MAX_VALUES:
        return [*value[: MAX_VALUES - 1], value[-1]]
    return value if key in DATA else narrowed(value)


def _with_null(strings: Iterable[str], schema: Mapping[str, Any]) -> list[str | None]:
    nullable = "null" in (schema.get("type") or ())
    return [*strings, None] if nullable else [*strings]
