"""Splits schemas into alternatives, and finds those that no value matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from promptops.analysis.schemas.alternative import CONCERNED, TYPES, Alternative, Layers, kind
from promptops.analysis.schemas.document import SchemaPair
from promptops.analysis.schemas.numbers import range_of
from promptops.analysis.schemas.parts import item, member, names, others, patterns, required, width
from promptops.analysis.schemas.reader import Bare
from promptops.model.prompt import Schema
from promptops.records import replace

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
