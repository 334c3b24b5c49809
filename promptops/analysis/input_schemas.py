"""The schema of a value that a template reads: its types, and whether it can be missing.

If a schema is not certain (no type, circular references, too many alternatives), any value is
possible, so that no rule reports a guess.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from promptops.analysis.uses import Item, Path, Step
from promptops.json_pointer import followed
from promptops.model.prompt import Schema
from promptops.records import record
from promptops.suggestions import nearest_name

if TYPE_CHECKING:
    from promptops.model.score import Sample

MAX_WAYS = 24
MAX_DEPTH = 10
MAX_EXPANSIONS = 300
"""Schemas looked at for one step of a path: alternatives may refer to each other in circles."""

_ALTERNATIVES = ("anyOf", "oneOf")


@record(frozen=True, slots=True)
class InputAlternative:
    """One of the ways a value may be: all parts hold at once; without parts it may be anything.

    Attributes:
        filled: The schema by which the renderer fills in defaults, if this is such a value.
    """

    parts: tuple[Schema, ...] = ()
    filled: Schema | None = None

    @property
    def types(self) -> frozenset[str] | None:
        """Names of JSON Schema types, also `number` for an integer; None if unknown."""
        return _common(map(_types, self.parts))

    @property
    def proven_types(self) -> frozenset[str] | None:
        """The same without what keywords such as `properties` suggest, which other types ignore."""
        return _common(_types(part) for part in self.parts if not _DECIDING.isdisjoint(part))

    def keyword_values(self, key: str) -> Iterator[Any]:
        """The values of a keyword in all parts."""
        return (part[key] for part in self.parts if key in part)

    def requires(self, name: str) -> bool:
        """Whether an object of this kind always has a key."""
        return any(name in required for required in self.keyword_values("required"))

    def defaults(self, name: str, root: Schema) -> bool:
        """Whether the renderer puts a key in where the caller leaves it out."""
        return "default" in followed((self.fills("properties") or {}).get(name), root)

    def fills(self, key: str) -> Mapping[str, Any] | None:
        """The schemas in which the renderer looks for defaults."""
        found = self.filled.get(key) if self.filled is not None else None
        return found if isinstance(found, Mapping) else None


ANYTHING = (InputAlternative(),)


@record(frozen=True, slots=True)
class InputShape:
    """The possible values at one path of the inputs.

    Attributes:
        optional: It can be missing in an existing parent.
        declared: A schema names it; otherwise it is only not forbidden.
    """

    ways: tuple[InputAlternative, ...]
    optional: bool = False
    declared: bool = True

    @property
    def types(self) -> frozenset[str]:
        """The union of all alternatives; empty if one alternative has no limit."""
        types = [way.types for way in self.ways]
        known = [name_set for name_set in types if name_set is not None]
        return frozenset().union(*known) if len(known) == len(types) else frozenset()

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that its schema names."""
        found = (
            name
            for way in self.ways
            for properties in way.keyword_values("properties")
            for name in properties
        )
        return tuple(dict.fromkeys(found))


class InputSchemas:
    """The schema of a prompt's inputs, by path."""

    def __init__(self, root: Schema) -> None:
        """`root` refers to nothing outside itself, as in `model.prompt.Prompt`."""
        self._root = root
        self._left = MAX_EXPANSIONS
        self._whole = InputShape(self._expanded(root, 0))
        self._known: dict[tuple[str, Path], InputShape | None] = {}

    def misspelt(self, name: str, path: Path) -> str | None:
        """The key that the last step of a path was probably to be, where no schema names it."""
        owner, found = self.at(name, path[:-1]), self.at(name, path)
        if owner is None or isinstance(path[-1], Item) or (found is not None and found.declared):
            return None
        return nearest_name(str(path[-1]), owner.keys, 0.75)

    def at(self, name: str, path: Path = ()) -> InputShape | None:
        """The possible values of an input or of a path below it; None if no value is possible."""
        key = (name, path)
        if key not in self._known:
            owner = self.at(name, path[:-1]) if path else self._whole
            step = path[-1] if path else name
            self._known[key] = None if owner is None else self._below(owner, step)
        return self._known[key]

    def always_has(self, name: str, path: Path) -> bool:
        """Whether all inputs that the schema accepts have a value at a path."""
        owner: InputShape | None = self._whole
        for end, step in enumerate((name, *path)):
            ways = owner.ways if owner is not None else ()
            kind = frozenset(("object" if isinstance(step, str) else "array",))
            if not ways or len(ways) >= MAX_WAYS:
                return False
            if end and any(way.proven_types != kind for way in ways):
                return False
            if not all(self._has(way, step) for way in ways):
                return False
            owner = self.at(name, path[:end])
        return True

    def _has(self, way: InputAlternative, step: Step) -> bool:
        if isinstance(step, str):
            return way.requires(step) or way.defaults(step, self._root)
        return isinstance(step, Item)

    def _below(self, owner: InputShape, step: Step) -> InputShape | None:
        self._left = MAX_EXPANSIONS
        found = [self._of_way(way, step) for way in owner.ways]
        possible = [shape for shape in found if shape is not None]
        declared = [shape for shape in possible if shape.declared]
        if not possible:
            return None
        # A key that some alternatives name belongs to them: a template tests which one it has.
        optional = any(s.optional for s in declared) or all(s.optional for s in possible)
        ways = tuple(way for shape in possible for way in shape.ways)
        return InputShape(ways[:MAX_WAYS], optional, bool(declared))

    def _of_way(self, way: InputAlternative, step: Step) -> InputShape | None:
        types = way.types
        if isinstance(step, str):
            if types is not None and "object" not in types:
                return None
            return self._of_key(way, step)
        if types is None or "array" in types:
            return InputShape(self._elements(way))
        if "string" in types:
            return InputShape((InputAlternative(({"type": "string"},)),))
        return InputShape(ANYTHING) if isinstance(step, Item) else None

    def _of_key(self, way: InputAlternative, name: str) -> InputShape | None:
        required = way.requires(name)
        given = [
            properties[name]
            for properties in way.keyword_values("properties")
            if name in properties
        ]
        if given:
            filled = name in (way.fills("properties") or ())
            ways = self._all_of(given, filled=filled)
            return InputShape(ways, not required and not way.defaults(name, self._root))
        if any(True for _ in way.keyword_values("patternProperties")):
            return InputShape(ANYTHING, declared=False)
        others = [
            *way.keyword_values("additionalProperties"),
            *way.keyword_values("unevaluatedProperties"),
        ]
        if False in others:
            return None
        some = any(True for _ in way.keyword_values("properties"))
        schemas = [other for other in others if isinstance(other, Mapping)]
        ways = self._all_of(schemas, filled=False) if schemas else ANYTHING
        return InputShape(ways, some and not required, declared=False)

    def _elements(self, way: InputAlternative) -> tuple[InputAlternative, ...]:
        items = [schema for schema in way.keyword_values("items") if isinstance(schema, Mapping)]
        first = [
            schemas for schemas in way.keyword_values("prefixItems") if isinstance(schemas, list)
        ]
        if first or not items:
            return ANYTHING
        return self._all_of(items, filled=way.fills("items") is not None)

    def _all_of(self, schemas: list[Any], *, filled: bool) -> tuple[InputAlternative, ...]:
        """All schemas together; the first is the one of the renderer, if it uses it."""
        return self._joined(
            self._expanded(schema, 0, filled=index == 0 and filled)
            for index, schema in enumerate(schemas)
        )

    def _expanded(
        self, schema: Any, depth: int, filled: bool = True
    ) -> tuple[InputAlternative, ...]:
        if schema is False:
            return ()
        schema = followed(schema, self._root)
        self._left -= 1
        if not schema or depth > MAX_DEPTH or self._left < 0:
            return ANYTHING
        ways: list[tuple[InputAlternative, ...]] = [
            (InputAlternative((schema,), schema if filled else None),)
        ]
        ways += [
            self._expanded(part, depth + 1, filled=False) for part in schema.get("allOf") or ()
        ]
        for key in _ALTERNATIVES:
            each = [self._expanded(part, depth + 1, filled=False) for part in schema.get(key) or ()]
            if each:
                ways.append(tuple(way for some in each for way in some))
        return self._joined(ways)

    def _joined(
        self, all_ways: Iterable[tuple[InputAlternative, ...]]
    ) -> tuple[InputAlternative, ...]:
        """The ways in which one of each can hold at once."""
        joined: tuple[InputAlternative, ...] = (InputAlternative(),)
        for ways in all_ways:
            if len(joined) * len(ways) > MAX_WAYS:
                return ANYTHING
            joined = tuple(_both(one, other) for one, other in product(joined, ways))
        return tuple(way for way in joined if way.types != frozenset())


def _both(one: InputAlternative, other: InputAlternative) -> InputAlternative:
    return InputAlternative((*one.parts, *other.parts), one.filled or other.filled)


def dotted(name: str, path: Path) -> str:
    """A path as a person would write it: `known_issues[].title`."""
    return name + "".join(map(_written, path))


def _written(step: Step) -> str:
    if isinstance(step, str):
        return f".{step}"
    return "[]" if isinstance(step, Item) else f"[{step}]"


def _types(schema: Schema) -> frozenset[str] | None:
    """The types that one schema lets in, by its own keywords."""
    if "const" in schema:
        return frozenset((_type_of(schema["const"]),))
    given = schema.get("type")
    known = frozenset(map(_plain, (given,) if isinstance(given, str) else given)) if given else None
    if isinstance(schema.get("enum"), list):
        values = frozenset(_type_of(value) for value in schema["enum"])
        return values if known is None else values & known
    if known is None and _OBJECT & schema.keys():
        return frozenset(("object",))
    if known is None and _ARRAY & schema.keys():
        return frozenset(("array",))
    return known


def _common(each: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """The types that all parts let in; None if no part limits them."""
    known = [types for types in each if types is not None]
    return known[0].intersection(*known) if known else None


_DECIDING = frozenset(("type", "enum", "const"))
_OBJECT = frozenset(("properties", "required", "additionalProperties"))
_ARRAY = frozenset(("items", "prefixItems", "maxItems", "minItems"))


def _plain(name: str) -> str:
    return "number" if name == "integer" else name


def _type_of(value: Any) -> str:
    names = {bool: "boolean", str: "string", int: "number", float: "number", list: "array"}
    return names.get(type(value), "null" if value is None else "object")


# Inputs as logs record them.


def sample_inputs(sample: Sample, schemas: InputSchemas) -> Mapping[str, Any] | None:
    """The inputs of a sample as JSON data; None if they are not recorded.

    What is recorded as text is JSON if its schema does not accept a string.
    """
    if sample.inputs is None or not sample.inputs_are_text:
        return sample.inputs
    return {name: _of_text(name, text, schemas) for name, text in sample.inputs.items()}


def _of_text(name: str, text: Any, schemas: InputSchemas) -> Any:
    shape = schemas.at(name)
    if shape is None or not shape.types or "string" in shape.types:
        return text
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return text
