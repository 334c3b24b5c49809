"""`format` in a JSON Schema, which does not restrict a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.references import subschemas

_RESTRICTING = ("const", "enum", "pattern")
_PATTERNS = {
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "date-time": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}",
    "time": "^[0-9]{2}:[0-9]{2}",
    "email": "^[^@ ]+@[^@ ]+$",
    "uri": "^https?://",
    "uuid": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
}
_OF_STRINGS = frozenset(
    (
        *_PATTERNS,
        *("duration", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri"),
        *("iri-reference", "json-pointer", "regex", "relative-json-pointer", "uri-reference"),
        "uri-template",
    )
)
"""The formats of JSON Schema; without a `type`, another one may be that of a number."""
_OF_ALL_OF = lazy_pattern(r"(?:/allOf/\d+)+$")


@record(frozen=True, slots=True, kw_only=True)
class UncheckedFormat:
    """A `format` of a string without a keyword beside it that restricts the string.

    Attributes:
        pointer: Of the keyword, in the schema.
        hint: What to write beside it.
    """

    name: str
    pointer: str
    hint: str


def unchecked_formats(schema: Any) -> Iterator[UncheckedFormat]:
    """Each `format` of a string that nothing beside it checks, in order.

    Parts of an `allOf` are beside each other and beside the schema that has it.
    """
    parts = [(_joined(pointer), pointer, part) for pointer, part in subschemas(schema, "")]
    checked = {at for at, _, part in parts if any(key in part for key in _RESTRICTING)}
    checked |= {at for at, _, part in parts if _admits_strings(part) is False}
    of_strings = {at for at, _, part in parts if _admits_strings(part)}
    for at, pointer, part in parts:
        name = part.get("format")
        if not isinstance(name, str) or at in checked:
            continue
        if at in of_strings or name in _OF_STRINGS:
            pattern = _PATTERNS.get(name)
            hint = f"add `pattern: '{pattern}'`" if pattern else "add a `pattern`, or an `enum`"
            yield UncheckedFormat(name=name, pointer=f"{pointer}/format", hint=hint)


def _joined(pointer: str) -> str:
    """The pointer of the schema whose values a schema restricts, which may be itself."""
    return _OF_ALL_OF.sub("", pointer)


def _admits_strings(part: Mapping[str, Any]) -> bool | None:
    """Whether the type of a schema admits strings; None without a type."""
    types = part.get("type")
    if types is None:
        return None
    return "string" in (types if isinstance(types, list | tuple) else (types,))
