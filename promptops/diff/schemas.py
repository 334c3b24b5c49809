"""Schemas as `diff` compares them: side by side, rewritten, and their differences in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from promptops.json_pointer import child, escaped, followed, target, tokens
from promptops.model.change import ABSENT
from promptops.model.prompt import Schema
from promptops.plurals import some
from promptops.records import record
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.template.data import NotJson

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference


MAX_DEPTH = 12


@record(frozen=True, slots=True, kw_only=True)
class PropertyPair:
    """A property, before and after.

    Attributes:
        owner: JSON pointer of the schema it is a property of.
        before, after: Its schemas, references followed; None on a side that lacks it.
        before_owner, after_owner: The schemas it is a property of.
    """

    owner: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    before_owner: Mapping[str, Any]
    after_owner: Mapping[str, Any]

    @property
    def pointer(self) -> str:
        """A JSON pointer from the root of the schema to the property."""
        return f"{self.owner}/properties/{escaped(self.name)}"

    @property
    def was_required(self) -> bool:
        return self.name in list_of(self.before_owner.get("required"))

    @property
    def is_required(self) -> bool:
        return self.name in list_of(self.after_owner.get("required"))

    def values(self, key: str) -> tuple[Any, Any]:
        """The values of a keyword on each side; None if a side does not have it."""
        return (self.before or {}).get(key), (self.after or {}).get(key)


@record(frozen=True, slots=True)
class Owner:
    """The schemas of one place, before and after."""

    pointer: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def owners(before: Schema, after: Schema) -> Iterator[Owner]:
    """The schemas that both sides have in the same place: the root first, then depth first."""
    yield from _PropertyWalk(before, after).owners("", before, after, 0)


def pairs(before: Schema, after: Schema) -> Iterator[PropertyPair]:
    """Each property of either side, in the order of the newer side, then of the older one."""
    for owner in owners(before, after):
        old, new = properties_of(owner.before), properties_of(owner.after)
        for name in dict.fromkeys((*new, *old)):
            yield PropertyPair(
                owner=owner.pointer,
                name=name,
                before=followed(old[name], before) if name in old else None,
                after=followed(new[name], after) if name in new else None,
                before_owner=owner.before,
                after_owner=owner.after,
            )


def at(root: Schema, pointer: str) -> Mapping[str, Any]:
    """The schema at a pointer of `schemas.inclusion`; references are followed."""
    found: Any = followed(root, root)
    for step in tokens(pointer):
        found = child(found, step)
        found = followed(found, root) if isinstance(found, Mapping) and "$ref" in found else found
    return found if isinstance(found, Mapping) else {}


def values_of(found: SchemaDifference, before: Schema, after: Schema) -> dict[str, Any]:
    """The values of a difference's keyword on both sides, as fields of a change.

    Empty if the message already contains them.
    """
    if found.keyword in ("false", "work", "required", "additionalProperties"):
        return {}
    was, now = (at(side, found.pointer).get(found.keyword, ABSENT) for side in (before, after))
    return {"before": was, "after": now}


class _PropertyWalk:
    def __init__(self, before: Schema, after: Schema) -> None:
        self._roots = before, after
        self._seen: set[tuple[int, int]] = set()

    def owners(self, pointer: str, before: Any, after: Any, depth: int) -> Iterator[Owner]:
        if (id(before), id(after)) in self._seen or depth > MAX_DEPTH:
            return
        self._seen.add((id(before), id(after)))
        old, new = followed(before, self._roots[0]), followed(after, self._roots[1])
        yield Owner(pointer, old, new)
        olds, news = properties_of(old), properties_of(new)
        for name in news:
            if name in olds:
                below = f"{pointer}/properties/{escaped(name)}"
                yield from self.owners(below, olds[name], news[name], depth + 1)
        if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
            yield from self.owners(f"{pointer}/items", old["items"], new["items"], depth + 1)


# Rewrites the parts of a schema that describe parts of a value: properties and items.
#
# Schemas below `allOf`, `anyOf`, `not` and similar keywords are unchanged: each is one condition
# among others, and changing it would change their combination.

Rewrite = Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]
"""Returns a new schema for one with rewritten parts and the original."""

COMBINING = frozenset(
    (
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$dynamicRef"),
        *("dependentSchemas", "patternProperties", "unevaluatedProperties", "unevaluatedItems"),
    )
)
"""Keywords that apply several schemas to one value."""


def rewritten(schema: Schema, rewrite: Rewrite, stops: Collection[str] = ()) -> Schema:
    """Rewrite a schema and all its properties and items, through local references.

    Referenced parts are copied, because other keywords may refer to the originals.
    A part with a keyword of `stops` is unchanged, including everything below it.
    """
    walk = _RewriteWalk(schema, rewrite, frozenset(stops))
    result = walk.part(schema)
    if not isinstance(result, dict) or not walk.copies:
        return result if isinstance(result, dict) else schema
    given = result.get("$defs")
    return {**result, "$defs": {**(given if isinstance(given, Mapping) else {}), **walk.copies}}


class _RewriteWalk:
    def __init__(self, root: Schema, rewrite: Rewrite, stops: frozenset[str]) -> None:
        self._root = root
        self._rewrite = rewrite
        self._stops = stops
        self._names: dict[str, str] = {}
        self.copies: dict[str, Any] = {}

    def part(self, schema: Any) -> Any:
        if not isinstance(schema, Mapping) or self._stops.intersection(schema):
            return schema
        result = dict(schema)
        if isinstance(result.get("properties"), Mapping):
            result["properties"] = {n: self.part(p) for n, p in result["properties"].items()}
        if isinstance(result.get("items"), Mapping):
            result["items"] = self.part(result["items"])
        if isinstance(result.get("$ref"), str):
            result["$ref"] = self._referred(result["$ref"])
        return self._rewrite(result, schema)

    def _referred(self, reference: str) -> str:
        found = target(reference, self._root)
        if found is None:
            return reference
        if reference not in self._names:  # a schema can refer to itself
            name = self._names[reference] = f"rewritten:{len(self._names)}"
            self.copies[name] = self.part(found)
        return f"#/$defs/{self._names[reference]}"


Part = Mapping[str, Any]

_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


def without_extra_properties(schema: Schema) -> Schema:
    """Forbid properties that the schema neither describes nor requires: consumers ignore those."""
    return rewritten(schema, _closed, COMBINING - {"$ref"})


def with_extra_properties(schema: Schema) -> Schema:
    """Allow properties that the schema does not name, and any value of an extensible enum.

    Consumers use what they know and ignore the rest.
    """
    return rewritten(schema, _opened, COMBINING - {"$ref"})


def _closed(part: dict[str, Any], _was: Part) -> dict[str, Any]:
    if part.get("additionalProperties", True) is True and _is_plain(part):
        required = part.get("required")
        named = dict.fromkeys(required if isinstance(required, list) else (), True)
        part["properties"] = {**named, **part["properties"]}
        part["additionalProperties"] = False
    return part


def _opened(part: dict[str, Any], _was: Part) -> dict[str, Any]:
    if part.get("additionalProperties") is False and _is_plain(part):
        del part["additionalProperties"]
    if part.get("x-extensible-enum") and isinstance(part.get("enum"), list):
        kinds = [_type(value) for value in part.pop("enum")]
        part.setdefault("type", list(dict.fromkeys(kinds)))
    return part


def _type(value: Any) -> str:
    return "null" if value is None else _JSON_TYPES.get(type(value), "object")


def _is_plain(part: Part) -> bool:
    """Whether it alone defines the allowed properties."""
    return isinstance(part.get("properties"), Mapping) and "$ref" not in part


# Rewrites an input schema to one that accepts the same inputs without filling in defaults.
#
# The renderer fills in defaults before it validates, so a property with a default is never missing.

_SPOILED_BY_FILLING = COMBINING - {"$ref"} | frozenset(
    (
        *("minProperties", "maxProperties", "dependentRequired", "dependencies", "enum", "const"),
        *("contains", "minContains", "maxContains", "uniqueItems", "prefixItems"),
    )
)
"""Keywords whose result for a value may change when its defaults are filled in."""
_STATING_KEYWORDS = frozenset(("properties", "items", "required", "type", "additionalProperties"))


def accepted(schema: Schema) -> Schema:
    """A schema that accepts, without defaults, the same inputs; exact if `is_plain(schema)`."""

    def rewrite(rewritten_part: dict[str, Any], was: Part) -> dict[str, Any]:
        filled = dict(_filled(was, schema))
        if filled:
            required = list_of(rewritten_part.get("required"))
            never = [name for name, fits in filled.items() if not fits and name not in required]
            remaining = [name for name in required if not filled.get(name)]
            rewritten_part["required"] = [*remaining, *never]
        return rewritten_part

    return rewritten(schema, rewrite)


def is_plain(schema: Schema) -> bool:
    """Whether the effect of defaults is decidable: no other keyword applies to a filled value, and
    each `$ref` points to a definition and has no keywords beside it."""
    return _Plain(schema).holds(schema, frozenset())


class _Plain:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._fills: dict[int, bool] = {}

    def holds(self, schema: Any, above: frozenset[int]) -> bool:
        """Whether a part, and everything below it that the renderer fills in, is plain."""
        if not isinstance(schema, Mapping) or id(schema) in above or not self.fills(schema):
            return True
        above |= {id(schema)}
        if _SPOILED_BY_FILLING.intersection(schema):
            return False
        if "$ref" in schema:
            target = self._target(schema)
            return target is not None and self.holds(target, above)
        return all(self.holds(part, above) for part in _parts(schema))

    def fills(self, schema: Any, above: frozenset[int] = frozenset()) -> bool:
        """Whether there is a default below, or a reference that can't be followed."""
        if not isinstance(schema, Mapping) or id(schema) in above:
            return False
        if id(schema) not in self._fills:
            self._fills[id(schema)] = self._has_default(schema, above | {id(schema)})
        return self._fills[id(schema)]

    def _has_default(self, schema: Part, above: frozenset[int]) -> bool:
        if "$ref" in schema:
            target = self._target(schema)
            return target is None or self.fills(target, above)
        owned = properties_of(schema).values()
        if any("default" in followed(declared, self._root) for declared in owned):
            return True
        return any(self.fills(part, above) for part in _parts(schema))

    def _target(self, schema: Part) -> Part | None:
        """The target of a reference; None if renderer and validator may resolve it differently."""
        reference = schema["$ref"]
        known = isinstance(reference, str) and reference.startswith(("#/$defs/", "#/definitions/"))
        if not known or _STATING_KEYWORDS.intersection(schema):
            return None
        return target(reference, self._root)


def _parts(schema: Part) -> Iterator[Any]:
    yield from properties_of(schema).values()
    yield schema.get("items")


def _filled(owner: Part, root: Schema) -> Iterator[tuple[str, bool]]:
    """Each property with a default, and whether the default itself is valid."""
    for name, declared in properties_of(owner).items():
        property_ = followed(declared, root)
        if "default" in property_:
            yield name, _accepts(property_, root)


def _accepts(property_: Part, root: Schema) -> bool:
    known = {key: root[key] for key in ("$defs", "definitions") if key in root}
    try:
        _, problems = Inputs({**known, "properties": {"value": dict(property_)}}).accept({})
    except (ValueError, NotJson):
        return False
    return not problems


def properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of a schema; empty if they are missing or not a mapping."""
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


# The wording of differences between schemas.

_TYPE_WORDS = {
    "string": "a string",
    "object": "an object",
    "array": "a list",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "null": "null",
}
_MAX_SHOWN_VALUES = 5


@record(frozen=True, slots=True, kw_only=True)
class Wording:
    """Sentence patterns for one direction; `{who}` is the part, `{what}` its types or values.

    Attributes:
        root: The name of the whole: the inputs.
        type: For a type or a listed value.
        bound: For any other keyword, `{keyword}`.
        nothing: If one side allows no value.
    """

    root: str
    type: str
    bound: str
    nothing: str


INPUTS_NARROWED = Wording(
    root="the inputs",
    type="{who} no longer accepts {what}",
    bound="{keyword} of {who} is stricter",
    nothing="{who} no longer accepts any value",
)

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference
INPUTS_WIDENED = Wording(
    root="the inputs",
    type="{who} also accepts {what}",
    bound="{keyword} of {who} is less strict",
    nothing="{who} now accepts values; before, none was valid",
)
OUTPUT_WIDENED = Wording(
    root="the output",
    type="{who} may now be {what}",
    bound="{keyword} of {who} allows more",
    nothing="{who} may now have a value; before, none was valid",
)
OUTPUT_NARROWED = Wording(
    root="the output",
    type="{who} can no longer be {what}",
    bound="{keyword} of {who} allows less",
    nothing="{who} can no longer have a value",
)


def describe(difference: SchemaDifference, wording: Wording) -> str:
    """Describe a difference in one line."""
    who = readable_name(difference.pointer, wording.root)
    if difference.keyword == "type":
        return wording.type.format(who=who, what=_types(difference.left, difference.right))
    if difference.keyword in ("enum", "const"):
        return wording.type.format(who=who, what=_listed(difference))
    if difference.keyword == "false":
        return wording.nothing.format(who=who)
    if difference.keyword == "work":
        return f"{wording.root} can't be compared: the schemas are too large"
    return wording.bound.format(who=who, keyword=f"`{difference.keyword}`")


def readable_name(pointer: str, root: str) -> str:
    """A JSON pointer as a readable name: `known_issues[].title`; `root` for the whole."""
    words, named = "", False
    for step in tokens(pointer):
        if named:
            words += f".{step}" if words else step
            named = False
        elif step == "properties":
            named = True
        elif step == "items":
            words += "[]"
        elif step == "additionalProperties":
            words += ".*" if words else "*"
    return f"`{words}`" if words else root


def _types(left: Any, right: Any) -> str:
    """Names of the types that only the first list has."""
    mine, others = _names(left), _names(right)
    only = [name for name in mine if name not in others] or mine
    return " or ".join(_TYPE_WORDS.get(name, name) for name in only) or "a value"


def _names(types: Any) -> list[str]:
    if isinstance(types, str):
        return [types]
    return [str(name) for name in types] if isinstance(types, list | tuple) else []


def _listed(difference: SchemaDifference) -> str:
    values = difference.left if isinstance(difference.left, list | tuple) else ()
    if difference.keyword == "const" or not values:
        return f"values other than `{compact(difference.right)}`" if not values else _some(values)
    return _some(values)


def _some(values: Iterable[Any]) -> str:
    known = [f"`{value if isinstance(value, str) else compact(value)}`" for value in values]
    return some(known, _MAX_SHOWN_VALUES)


def compact(value: Any) -> str:
    """A value as JSON on one line."""
    if isinstance(value, Mapping):
        value = dict(value)
    return json.dumps(value, ensure_ascii=False, default=str)
