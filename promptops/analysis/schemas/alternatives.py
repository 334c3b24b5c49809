"""Splits schemas into alternatives, and finds those that no value matches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import isinf
from typing import Any, Final

from promptops.analysis.schemas.document import Bare, SchemaPair
from promptops.analysis.schemas.numbers import exact, range_of
from promptops.json_pointer import escaped
from promptops.model.prompt import Schema
from promptops.records import record, replace

MAX_ALTERNATIVES: Final = 64
MAX_NESTING: Final = 16
MAX_VALUES: Final = 64
MANY_LAYERS: Final = 16
"""Schemas that apply to one value together; each choice among more of them costs further steps."""

LOOKUPS_PER_STEP: Final = 4
"""Look-ups of known alternatives that take about as long as one step."""

SPLIT_STEPS: Final = 2
"""Steps for each combination of branches that is looked at."""

Key = tuple[frozenset[int], frozenset[str], int | None]
"""Key of an alternative: the numbers of its layers, its types, and the number of its values."""


class Alternatives:
    """Splits schemas into alternatives, and finds those that no value matches."""

    def __init__(self, document: SchemaPair) -> None:
        self._document = document
        self._known: dict[tuple[Any, ...], tuple[Alternative, ...]] = {}
        self._open: set[tuple[Any, ...]] = set()
        self._lookups = 0

    def key(self, alternative: Alternative) -> Key:
        """A key that is equal for alternatives with equal text."""
        numbers = frozenset(map(self._document.number, alternative.layers))
        values = None
        if alternative.values is not None:
            values = self._document.number({"enum": list(alternative.values)})
        return numbers, alternative.types, values

    def of(self, layers: Layers) -> tuple[Alternative, ...]:
        """The values that match all of some schemas; alternatives without values are omitted."""
        return self.within(Alternative(), layers)

    def within(self, base: Alternative, layers: Layers) -> tuple[Alternative, ...]:
        """The same, only values of an alternative."""
        key = (self.key(base), frozenset(map(self._document.number, layers)))
        self._lookups += 1
        if self._lookups % LOOKUPS_PER_STEP == 0:
            self._document.spend()
        if key not in self._known:
            self._document.spend()
            if key in self._open or len(self._open) > MAX_NESTING:
                return (base,)  # more than there may be, which is never wrong
            self._open.add(key)
            try:
                self._known[key] = tuple(self._split(base, layers))
            finally:
                self._open.discard(key)
        return self._known[key]

    def empty(self, layers: Layers) -> bool:
        """Whether it is known that no value matches all of some schemas."""
        return not self.of(layers)

    def closed(self, alternative: Alternative) -> bool:
        """Whether objects have no properties except `names`."""
        unknown = [others(alternative, pattern) for pattern in (None, *patterns(alternative))]
        return all(map(self.empty, unknown))

    def possible(self, alternative: Alternative) -> tuple[str, ...]:
        """Those of `names` that objects can have."""
        document = self._document
        return tuple(
            name
            for name in names(alternative)
            if not self.empty(member(document, alternative, name))
        )

    def longest(self, alternative: Alternative) -> float:
        """The maximum number of items of an array; infinite without a bound."""
        for index in range(width(alternative) + 1):
            if self.empty(item(alternative, index)):
                return index
        return alternative.most("maxItems")

    def _split(self, base: Alternative, layers: Layers) -> Iterator[Alternative]:
        """Choose each branch of each `anyOf` of new layers in turn; drop what is impossible."""
        flat = self._flat(base.layers, layers)
        waiting = [(flat, 0)] if flat is not None else []
        done, cut, seen = 0, base.cut, set()
        while waiting:
            chosen, at = waiting.pop(0)
            self._document.spend(SPLIT_STEPS + len(chosen) // MANY_LAYERS)
            options = _options(chosen[len(base.layers) :], at)
            if options is not None and len(waiting) + done + len(options) > MAX_ALTERNATIVES:
                options, cut = [{}], True
            if options is None:
                found = self._finished(replace(base, layers=chosen, cut=cut), len(base.layers))
                if found is not None and (key := self.key(found)) not in seen:
                    seen.add(key)
                    done += 1
                    yield found
                continue
            for option in options:
                further = self._flat(chosen, (option,))
                if further is not None and _types(further, base.types):
                    waiting.append((further, at + 1))

    def _flat(self, known: tuple[Schema, ...], layers: Layers) -> tuple[Schema, ...] | None:
        """The known layers, then the new ones, with targets of references and parts of `allOf`.

        None if no value can match.
        """
        flat = list(known)
        seen = set(map(self._document.number, flat))
        waiting = list(layers)
        while waiting:
            layer = waiting.pop(0)
            if layer is False:
                return None
            if self._document.number(layer) in seen or not layer:
                continue
            seen.add(self._document.number(layer))
            target = self._document.target(layer) if "$ref" in layer else None
            parts = [*([] if target is None else [target]), *layer.get("allOf", [])]
            if layer.keys() - {"$ref", "allOf"} or not parts:
                flat.append(layer)
            waiting += parts
        refused = (layer["not"] for layer in flat if "not" in layer)
        return None if any(self._document.number(one) in seen for one in refused) else tuple(flat)

    def _finished(self, rough: Alternative, known: int) -> Alternative | None:
        """With the remaining types and values, or None."""
        types = _types(rough.layers, rough.types)
        found = replace(rough, types=types)
        if found.values is None:
            types -= {name for name in types & {"object", "array"} if self._hollow(found, name)}
            found = replace(found, types=types)
        found = self._without_idle(found)
        candidates = found.values if found.values is not None else self._few(found)
        if candidates is not None:
            layers = rough.layers if rough.values is None else rough.layers[known:]
            found = found.with_values(
                [v for v in candidates if kind(v) in types and self._document.admits(layers, v)]
            )
        return found if found.types else None

    def _without_idle(self, alternative: Alternative) -> Alternative:
        """Without each `not` that rejects only values that are not accepted anyway."""
        for layer in alternative.layers:
            if layer.keys() == {"not"}:
                layers = tuple(one for one in alternative.layers if one is not layer)
                rest = replace(alternative, layers=layers)
                if not self.within(rest, (layer["not"],)):
                    alternative = rest
        return alternative

    def _hollow(self, alternative: Alternative, name: str) -> bool:
        """Whether no object or no array matches, because of the schemas of its parts."""
        if name == "array":
            least = alternative.least("minItems")
            return (least > 0 and least > self.longest(alternative)) or any(
                layer.get("minContains", 1) > 0 and self.empty((layer["contains"],))
                for layer in alternative.layers
                if "contains" in layer
            )
        document = self._document
        if any(self.empty(member(document, alternative, n)) for n in required(alternative)):
            return True
        least = alternative.least("minProperties")
        return (
            least > len(required(alternative))
            and self.closed(alternative)
            and least > len(self.possible(alternative))
        )

    def _few(self, alternative: Alternative) -> list[Any] | None:
        """A superset of all values if they are few; else None."""
        listed: list[list[Any]] = [[v] for v in alternative.keyword_values("const")]
        listed += alternative.keyword_values("enum")
        if listed:
            return min(listed, key=len)
        found: list[Any] = []
        for name in TYPES:
            if name in alternative.types:
                few = self._few_of(alternative, name)
                if few is None or len(found) + len(few) > MAX_VALUES:
                    return None
                found += few
        return found

    def _few_of(self, alternative: Alternative, name: str) -> list[Any] | None:
        if name in ("integer", "number"):
            return range_of(alternative.layers, name == "integer").values(MAX_VALUES)
        if name == "string":
            return [""] if alternative.most("maxLength") == 0 else None
        if name == "array":
            return [[]] if self.longest(alternative) == 0 else None
        if name == "object":
            none = self.closed(alternative) and not self.possible(alternative)
            return [{}] if none else None
        return [None] if name == "null" else [False, True]


def _options(layers: Sequence[Schema], at: int) -> list[Bare] | None:
    """The branches of the choice at a position; None after the last one."""
    choices = (choice for layer in layers for choice in _choices(layer))
    return next(islice(choices, at, None), None)


def _choices(layer: Schema) -> Iterator[list[Bare]]:
    if "anyOf" in layer:
        yield layer["anyOf"]
    if "oneOf" in layer:
        branches = layer["oneOf"]
        yield [
            {"allOf": [one, *({"not": other} for other in branches if other is not one)]}
            for one in branches
        ]
    if "if" in layer and ("then" in layer or "else" in layer):
        test = layer["if"]
        yield [
            {"allOf": [test, layer.get("then", {})]},
            {"allOf": [{"not": test}, layer.get("else", {})]},
        ]
    for name, schema in layer.get("dependentSchemas", {}).items():
        yield [
            {"properties": {name: False}},
            {"type": "object", "required": [name], "allOf": [schema]},
        ]


def _types(layers: Sequence[Schema], types: frozenset[str]) -> frozenset[str]:
    """The types that layers accept, by the keywords for a value without its parts."""
    for layer in layers:
        if "type" in layer:
            types &= types_of(layer["type"])
        if "const" in layer or "enum" in layer:
            types &= {kind(v) for v in ([layer["const"]] if "const" in layer else layer["enum"])}
        if "not" in layer:
            types -= _all_of(layer["not"])
    return frozenset(name for name in types if not _contradicted(layers, name))


def _all_of(schema: Bare) -> frozenset[str]:
    """Types of which a schema accepts every value, because no keyword concerns them."""
    if schema is False:
        return frozenset()
    admitted = types_of(schema["type"]) if "type" in schema else frozenset(TYPES)
    for keyword in schema.keys() - {"type"}:
        admitted -= CONCERNED.get(keyword, frozenset(TYPES))
    return admitted


def types_of(written: Any) -> frozenset[str]:
    """The types that a `type` accepts."""
    found = {written} if isinstance(written, str) else set(written)
    return frozenset(found | {"integer"} if "number" in found else found)


def _contradicted(layers: Sequence[Schema], name: str) -> bool:
    counted = {
        "string": ("minLength", "maxLength"),
        "array": ("minItems", "maxItems"),
        "object": ("minProperties", "maxProperties"),
    }
    if name in ("integer", "number"):
        return range_of(layers, name == "integer").empty
    if name not in counted:
        return False
    low, high = counted[name]
    some = Alternative(layers=tuple(layers))
    least = some.least(low)
    if name == "object":
        least = max(least, len(required(some)))
    return least > some.most(high)


# The left side of a comparison: a set of values, described by schemas that all of them match.

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


# The schemas of an alternative for the properties of objects and the items of arrays.

NOTHING: Layers = (False,)


def required(alternative: Alternative, also: Iterable[str] = ()) -> tuple[str, ...]:
    """Names that each object has; with `also`, each object that has those names, too."""
    if alternative.values is not None:
        objects = [value for value in alternative.values if isinstance(value, dict)]
        return tuple(n for n in objects[0] if all(n in o for o in objects)) if objects else ()
    found = dict.fromkeys(
        [*also, *(n for names in alternative.keyword_values("required") for n in names)]
    )
    size = -1
    while size < len(found):
        size = len(found)
        for needs in alternative.keyword_values("dependentRequired"):
            found |= dict.fromkeys(n for name in needs if name in found for n in needs[name])
    return tuple(found)


def names(alternative: Alternative) -> tuple[str, ...]:
    """Names for which it has a schema."""
    if alternative.values is not None:
        return tuple(dict.fromkeys(n for v in alternative.values if isinstance(v, dict) for n in v))
    listed = [n for known in alternative.keyword_values("properties") for n in known]
    for of_names in alternative.keyword_values("propertyNames"):
        listed += [n for n in _values(of_names) or () if isinstance(n, str)]
    return tuple(dict.fromkeys([*listed, *required(alternative)]))


def patterns(alternative: Alternative) -> tuple[str, ...]:
    """Patterns of names for which it has a schema."""
    return tuple(
        dict.fromkeys(p for known in alternative.keyword_values("patternProperties") for p in known)
    )


def member(document: SchemaPair, alternative: Alternative, name: str) -> Layers:
    """The schemas that the value of a property matches."""
    if alternative.values is not None:
        return _enumerated(v[name] for v in alternative.values if isinstance(v, dict) and name in v)
    most = alternative.most("maxProperties")
    # Counting them for each of many properties would take quadratic time.
    if not isinf(most) and len(required(alternative, (name,))) > most:
        return NOTHING
    return tuple(s for layer in alternative.layers for s in _member(document, layer, name))


def others(alternative: Alternative, pattern: str | None = None) -> Layers:
    """The schemas that the value of a property matches, if its name is not one of `names`.

    The name matches the pattern; without one, it matches none of `patterns`.
    """
    if alternative.values is not None:
        return NOTHING
    if len(required(alternative)) >= alternative.most("maxProperties"):
        return NOTHING
    if any(
        _values(of_names) is not None for of_names in alternative.keyword_values("propertyNames")
    ):
        return NOTHING
    return tuple(s for layer in alternative.layers for s in _other(layer, pattern))


def item(alternative: Alternative, index: int) -> Layers:
    """The schemas that the item at a position matches."""
    if alternative.values is not None:
        arrays = (v for v in alternative.values if isinstance(v, list))
        return _enumerated(array[index] for array in arrays if len(array) > index)
    if index >= alternative.most("maxItems"):
        return NOTHING
    return tuple(s for layer in alternative.layers for s in _item(layer, index))


def width(alternative: Alternative) -> int:
    """The position from which all items have the same schemas."""
    if alternative.values is not None:
        return max((len(v) for v in alternative.values if isinstance(v, list)), default=0)
    return max(map(len, alternative.keyword_values("prefixItems")), default=0)


def applied(document: SchemaPair, schema: Schema, name: str) -> list[tuple[Bare, str]]:
    """The schemas that a schema applies to a property, each with its relative pointer."""
    found: list[tuple[Bare, str]] = []
    if name in schema.get("properties", {}):
        found.append((schema["properties"][name], f"/properties/{escaped(name)}"))
    for pattern, below in schema.get("patternProperties", {}).items():
        if document.matches(pattern, name):
            found.append((below, f"/patternProperties/{escaped(pattern)}"))
    if not found and "additionalProperties" in schema:
        found.append((schema["additionalProperties"], "/additionalProperties"))
    return found


def _member(document: SchemaPair, layer: Schema, name: str) -> Layers:
    if "propertyNames" in layer and not document.admits((layer["propertyNames"],), name):
        return NOTHING
    return tuple(schema for schema, _ in applied(document, layer, name))


def _other(layer: Schema, pattern: str | None) -> Layers:
    known = layer.get("patternProperties", {})
    if layer.get("propertyNames") is False:
        return NOTHING
    if pattern in known:
        return (known[pattern],)
    # A name that matches one pattern may match another one of this layer, too.
    alone = pattern is None or not known
    return (layer["additionalProperties"],) if alone and "additionalProperties" in layer else ()


def _item(layer: Schema, index: int) -> Layers:
    first = layer.get("prefixItems", ())
    if index < len(first):
        return (first[index],)
    return (layer["items"],) if "items" in layer else ()


def _values(schema: Any) -> list[Any] | None:
    """The values that a schema lists; None if it lists none."""
    if schema is False:
        return []
    if "const" in schema:
        return [schema["const"]]
    listed: list[Any] | None = schema.get("enum")
    return listed


def _enumerated(values: Iterable[Any]) -> Layers:
    listed = list(values)
    return ({"enum": listed},) if listed else NOTHING
