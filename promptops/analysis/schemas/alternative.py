"""The left side of a comparison: a set of values, described by schemas that all of them match."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from promptops.analysis.schemas.numbers import exact
from promptops.analysis.schemas.reader import Bare
from promptops.model.prompt import Schema
from promptops.records import record, replace

TYPES: Final = ("string", "integer", "number", "boolean", "array", "object", "null")
"""The types do not overlap: `number` means numbers that are not integers."""

_OF_ARRAYS = frozenset(("prefixItems", "items", "minItems", "maxItems", "uniqueItems"))
_OF_ARRAYS |= {"contains", "minContains", "maxContains", "unevaluatedItems"}
_OF_OBJECTS = frozenset(("properties", "patternProperties", "additionalProperties"))
_OF_OBJECTS |= {"propertyNames", "required", "minProperties", "maxProperties"}
_OF_OBJECTS |= {"dependentRequired", "dependentSchemas", "unevaluatedProperties"}

BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
CONCERNED: Final = {
    **dict.fromkeys(BOUNDS, frozenset(("integer", "number"))),
    **dict.fromkeys(("minLength", "maxLength", "pattern"), frozenset(("string",))),
    **dict.fromkeys(_OF_ARRAYS, frozenset(("array",))),
    **dict.fromkeys(_OF_OBJECTS, frozenset(("object",))),
}
"""The types of the values that a keyword may reject; all types for other keywords."""

_NARROWING: Final = {
    "not": TYPES,
    "pattern": ("string",),
    "contains": ("array",),
    "unevaluatedItems": ("array",),
    **dict.fromkeys(
        ("patternProperties", "propertyNames", "dependentRequired", "unevaluatedProperties"),
        ("object",),
    ),
}
"""Keywords that only narrow the values that this module knows, and the types they narrow."""

Layers = tuple[Bare, ...]


@record(frozen=True, slots=True)
class Alternative:
    """Values of certain types that match all of certain schemas.

    Attributes:
        layers: The schemas, with references followed, `allOf` split, and one branch chosen of each
            `anyOf`, `oneOf`, `if` and dependent schema.
        values: All values if they are few and known; else None.
        cut: Whether a choice was left open, because there were too many.
    """

    layers: tuple[Schema, ...] = ()
    types: frozenset[str] = frozenset(TYPES)
    values: tuple[Any, ...] | None = None
    cut: bool = False

    def exact(self, *types: str) -> bool:
        """Whether no unknown keyword narrows the values of some types (default: of all)."""
        seen = self.types.intersection(types or TYPES)
        narrowed = (_NARROWING.get(key, ()) for layer in self.layers for key in layer)
        return self.values is not None or not (
            self.cut
            or any(map(_is_metaschema, self.keyword_values("$ref")))
            or any(seen.intersection(types) for types in narrowed)
        )

    def only(self, types: frozenset[str]) -> Alternative:
        """The same, only values of some types."""
        values = self.values and tuple(v for v in self.values if kind(v) in types)
        return replace(self, types=self.types & types, values=values)

    def with_values(self, values: Sequence[Any]) -> Alternative:
        """The same, only some of its values."""
        return replace(self, types=frozenset(map(kind, values)), values=tuple(values))

    def keyword_values(self, keyword: str) -> list[Any]:
        """The values of a keyword in all layers that have it."""
        return [layer[keyword] for layer in self.layers if keyword in layer]

    def least(self, keyword: str) -> int:
        """The greatest value of a lower bound on a count; 0 without one."""
        return max(map(int, self.keyword_values(keyword)), default=0)

    def most(self, keyword: str) -> float:
        """The least value of an upper bound on a count; infinite without one."""
        return min(map(int, self.keyword_values(keyword)), default=math.inf)


def _is_metaschema(reference: str) -> bool:
    """Whether a reference leads to the metaschema, whose content is not examined."""
    return not reference.startswith("#")


def kind(value: Any) -> str:
    """The type of a value, one of `TYPES`."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if exact(value).denominator == 1 else "number"
    names: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
