"""Two schemas combined to one document, so that parts of both can check the same value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import unquote

from promptops.json_pointer import escaped, value_at
from promptops.model.prompt import Schema
from promptops.runtime.request.schema_check import validator

BUDGET = 20_000
"""The limit of steps of a comparison: about a second."""

MAX_ROUNDS = 50
"""The limit of rounds in which different targets of references are distinguished."""


class OutOfWork(Exception):
    """The comparison takes too long."""


class SchemaPair:
    """Both schemas, with references renamed so that equal targets have one name.

    Attributes:
        left, right: The roots.
        budget: The remaining steps; callers may set it before they start another part of the work.
        reads: How often a definition was read to find the equal ones; two take about one step.
    """

    def __init__(self, left: Any, right: Any) -> None:
        """Raises Unsupported."""
        self.budget = BUDGET
        self._definitions: dict[str, Bare] = {}
        self._written: Written = {}
        self._numbers: dict[str, int] = {}
        self._numbered: dict[int, tuple[Bare, int]] = {}
        self._validators: dict[tuple[int, ...], Any] = {}
        readers = [Reader(left, "l"), Reader(right, "r")]
        same, self.reads = _classes(readers)
        for reader in readers:
            for name, schema in reader.read(same, self._written):
                self._definitions.setdefault(same[name], schema)
        self.left, self.right = (self._definitions[same[name]] for name in ("l0", "r0"))
        self._refuse_loops()
        try:
            validator({"$defs": self._definitions})
        except ValueError:
            raise Unsupported("$ref") from None

    def spend(self, steps: int = 1) -> None:
        """Count work; raises OutOfWork if the budget is used up."""
        self.budget -= steps
        if self.budget < 0:
            raise OutOfWork

    def target(self, schema: Schema) -> Bare | None:
        """The target of a `$ref`; None for the metaschema."""
        return self._definitions.get(schema["$ref"].rpartition("/")[2])

    def written(self, value: Any) -> Any:
        """A schema, or a list or mapping of schemas, as its author wrote it; data unchanged."""
        if id(value) in self._written:
            return self._written[id(value)][1]
        if isinstance(value, list):
            return [self.written(item) for item in value]
        if isinstance(value, dict):
            return {key: self.written(item) for key, item in value.items()}
        return value

    def number(self, schema: Bare) -> int:
        """The number of a schema; equal for schemas with equal text."""
        known = self._numbered.get(id(schema))
        if known is None:
            text = json.dumps(schema, sort_keys=True)
            known = (schema, self._numbers.setdefault(text, len(self._numbers)))
            self._numbered[id(schema)] = known
        return known[1]

    def admits(self, layers: Sequence[Bare], value: Any) -> bool:
        """Whether a value matches all of some schemas; raises OutOfWork."""
        self.spend()
        key = tuple(map(self.number, layers))
        if key not in self._validators:
            self.spend(5)
            self._validators[key] = self._validator(layers)
        try:
            return bool(self._validators[key].is_valid(value))
        except ValueError:
            raise OutOfWork from None

    def matches(self, pattern: str, text: str) -> bool:
        """Whether a string contains a match of a pattern."""
        return self.admits(({"pattern": pattern},), text)

    def _refuse_loops(self) -> None:
        """Refuse a schema that applies itself to the same value: its meaning is not defined."""
        seen: set[str] = set()

        def follow(name: str, open_: frozenset[str]) -> None:
            if name in open_:
                raise Unsupported("$ref")
            if name not in seen:
                for below in applied_at_once(self._definitions[name]):
                    follow(below, open_ | {name})
                seen.add(name)

        for name in self._definitions:
            follow(name, frozenset())

    def _validator(self, layers: Sequence[Bare]) -> Any:
        schema: dict[str, Any] = {"allOf": list(layers)} if layers else {}
        if '"$ref"' in json.dumps(schema):
            schema["$defs"] = self._definitions
        try:
            return validator(schema)
        except ValueError:
            raise OutOfWork from None


def _classes(readers: Sequence[Reader]) -> tuple[dict[str, str], int]:
    """For each target the first one that is equal, with all references followed; and the work.

    At first all count as equal. They are split until no round finds another difference; if that
    takes too long, each target is a class of its own.
    """
    names = [name for reader in readers for name, _ in reader.read({}, {})]
    same = dict.fromkeys(names, "")
    for rounds in range(1, MAX_ROUNDS + 1):
        first: dict[str, str] = {}
        finer = {
            name: first.setdefault(json.dumps(schema, sort_keys=True), name)
            for reader in readers
            for name, schema in reader.read(same, {})
        }
        if finer == same:
            return same, rounds * len(names)
        same = finer
    return {name: name for name in names}, MAX_ROUNDS * len(names)


# Removes keywords that reject nothing from a schema, and splits it at its references.

Bare = Schema | Literal[False]
"""A schema for this package: `true` is `{}`; annotations and unknown keywords are removed."""

Written = dict[int, tuple[Bare, Any]]
"""By `id()` of a bare schema: the schema itself, so that the id is not reused, and the original."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAPS: Final = frozenset(("properties", "patternProperties", "dependentSchemas"))
_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_SCHEMAS = frozenset(("items", "contains", "unevaluatedItems", "additionalProperties"))
_SCHEMAS |= {"propertyNames", "unevaluatedProperties", "not", "if", "then", "else"}
_VALUES = frozenset(("type", "enum", "const", "minimum", "maximum", "exclusiveMinimum"))
_VALUES |= {"exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "minItems"}
_VALUES |= {"maxItems", "uniqueItems", "minContains", "maxContains", "required", "minProperties"}
_VALUES |= {"maxProperties", "dependentRequired"}
RESTRICTING: Final = _MAPS | _LISTS | _SCHEMAS | _VALUES | {"$ref", "$dynamicRef", "$defs"}
"""The keywords that can make a schema reject a value, and the definitions that they refer to."""
_NOWHERE: Final = "nowhere"
_UNSUPPORTED: Final = ("$dynamicRef", "dependencies")
DATA: Final = frozenset(("const", "default", "enum", "examples"))
MAPS_ANYWHERE: Final = _MAPS | {"$defs", "definitions"}
_ANNOTATIONS = frozenset(("title", "description", "default", "examples", "deprecated"))
_ANNOTATIONS |= {"$comment", "format", "contentEncoding", "contentMediaType", "contentSchema"}
_ANNOTATIONS |= {"readOnly", "writeOnly"}


class Unsupported(Exception):
    """A schema that can't be compared; the argument is the keyword that causes it."""


class Reader:
    """Reads the root of a schema and then each target of a reference, and names them."""

    def __init__(self, root: Any, side: str) -> None:
        """Raises Unsupported."""
        self._root = root
        self._side = side
        self._names = {"": f"{side}0"}
        self._anchors = dict(_anchors(root, ""))
        dialect = root.get("$schema", _DIALECT) if isinstance(root, Mapping) else _DIALECT
        if str(dialect).rstrip("#") != _DIALECT:
            raise Unsupported("$schema")

    def read(self, same: Mapping[str, str], written: Written) -> Iterator[tuple[str, Bare]]:
        """Each target with its name, the root first; references get the names in `same`.

        Raises Unsupported.
        """

        def refer(reference: str) -> str:
            name = self._name(reference)
            return reference if name is None else f"#/$defs/{same.get(name, name)}"

        done = 0
        while done < len(self._names):
            for pointer in list(self._names)[done:]:
                done += 1
                try:
                    bare = self._bare(_at(self._root, pointer), refer, written)
                except (AttributeError, TypeError):
                    # The target may be below an unknown keyword, which was not validated.
                    raise Unsupported("$ref") from None
                yield self._names[pointer], bare

    def _bare(self, raw: Any, refer: Callable[[str], str], written: Written) -> Bare:
        if raw is False:
            return False
        kept: dict[str, Any] = {}
        for key, value in raw.items() if raw is not True else ():
            if key in _UNSUPPORTED or (key == "$id" and raw is not self._root):
                raise Unsupported(key)
            if key == "$ref":
                kept[key] = refer(value)
            elif key in _VALUES:
                kept[key] = value
            elif key in _SCHEMAS:
                kept[key] = self._bare(value, refer, written)
            elif key in _LISTS:
                kept[key] = [self._bare(item, refer, written) for item in value]
            elif key in _MAPS:
                kept[key] = {name: self._bare(item, refer, written) for name, item in value.items()}
        written[id(kept)] = (kept, raw)
        return kept

    def _name(self, reference: str) -> str | None:
        """The name of a target, which will be read, too; None for the metaschema."""
        address, _, fragment = reference.partition("#")
        if address == _DIALECT and not fragment:
            return None
        pointer = unquote(fragment)
        if pointer[:1] not in ("", "/"):
            pointer = self._anchors.get(pointer, _NOWHERE)
        if address or _at(self._root, pointer) is None:
            raise Unsupported("$ref")
        return self._names.setdefault(pointer, f"{self._side}{len(self._names)}")


def applied_at_once(schema: Bare) -> Iterator[str]:
    """The names of the targets that a schema applies to the same value as itself."""
    if schema is False:
        return
    if schema.get("$ref", "").startswith("#"):
        yield schema["$ref"].rpartition("/")[2]
    parts = [schema[key] for key in ("not", "if", "then", "else") if key in schema]
    parts += [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, [])]
    for part in [*parts, *schema.get("dependentSchemas", {}).values()]:
        yield from applied_at_once(part)


def without_annotations(schema: Any) -> Any:
    """A schema of any dialect without annotations, for a comparison of the text."""
    if isinstance(schema, list):
        return [without_annotations(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: _without(key, value) for key, value in schema.items() if not _is_annotation(key)}


def _without(key: str, value: Any) -> Any:
    if key in MAPS_ANYWHERE and isinstance(value, Mapping):
        return {name: without_annotations(item) for name, item in value.items()}
    return value if key in DATA else without_annotations(value)


def _is_annotation(key: Any) -> bool:
    return key in _ANNOTATIONS or str(key).startswith("x-")


def _anchors(schema: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Each anchor with the pointer to its schema; a pointer to nothing if it occurs twice."""
    seen: set[str] = set()
    for name, at in _all_anchors(schema, pointer):
        yield name, _NOWHERE if name in seen else at
        seen.add(name)


def _all_anchors(schema: Any, pointer: str, named: bool = False) -> Iterator[tuple[str, str]]:
    """Anchors of a schema, a list of schemas, or a mapping of names to schemas."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            below = f"{pointer}/{escaped(key)}"
            if named or key in MAPS_ANYWHERE:
                yield from _all_anchors(value, below, not named)
            elif key in ("$anchor", "$dynamicAnchor") and isinstance(value, str):
                yield value, pointer
            elif key not in DATA:
                yield from _all_anchors(value, below)
    elif isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _all_anchors(item, f"{pointer}/{index}")


def _at(root: Any, pointer: str) -> Any:
    """The schema at a JSON pointer, or None."""
    found = None if pointer == _NOWHERE else value_at(root, pointer)
    return found if isinstance(found, (bool, Mapping)) else None
