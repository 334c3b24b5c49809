"""Objects of a JSON Schema that require a property they do not allow: no value is valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.nearest import did_you_mean
from promptops.records import record
from promptops.source.schema_resources import subschemas


@record(frozen=True, slots=True)
class Impossible:
    """A name in `required` that the object's own `additionalProperties: false` excludes.

    Attributes:
        pointer: Of the name, in the schema.
    """

    message: str
    pointer: str
    hint: str


def impossible_properties(schema: Any) -> Iterator[Impossible]:
    """Each required property that a closed object does not define, at any depth."""
    for pointer, part in subschemas(schema, ""):
        if part.get("additionalProperties") is False and "patternProperties" not in part:
            yield from _missing(part, pointer)


def _missing(part: Mapping[str, Any], pointer: str) -> Iterator[Impossible]:
    properties, required = part.get("properties", {}), part.get("required", ())
    for index, name in enumerate(required):
        if name not in properties:
            free = [each for each in properties if each not in required]
            yield Impossible(
                f"no value is valid: `{name}` is required, but this closed object lacks it",
                f"{pointer}/required/{index}",
                did_you_mean(name, free) or "add it to `properties`, or remove it from `required`",
            )
