"""`format` in a JSON Schema, which does not restrict a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.records import record
from promptops.source.schema_resources import subschemas

_RESTRICTING = ("const", "enum", "pattern")
_PATTERNS = {
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "date-time": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}",
    "time": "^[0-9]{2}:[0-9]{2}",
    "email": "^[^@ ]+@[^@ ]+$",
    "uri": "^https?://",
    "uuid": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
}


@record(frozen=True, slots=True, kw_only=True)
class UncheckedFormat:
    """A `format` without a keyword beside it that restricts the string.

    Attributes:
        pointer: Of the keyword, in the schema.
        hint: What to write beside it.
    """

    name: str
    pointer: str
    hint: str


def unchecked_formats(schema: Any) -> Iterator[UncheckedFormat]:
    """Each `format` of a schema that nothing beside it checks, in order."""
    for pointer, part in subschemas(schema, ""):
        name = part.get("format")
        if isinstance(name, str) and not any(key in part for key in _RESTRICTING):
            pattern = _PATTERNS.get(name)
            hint = f"add `pattern: '{pattern}'`" if pattern else "add a `pattern`, or an `enum`"
            yield UncheckedFormat(name=name, pointer=f"{pointer}/format", hint=hint)
