"""Rewrites an input schema to one that accepts the same inputs without filling in defaults.

The renderer fills in defaults before it validates, so a property with a default is never missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.diff.rewriting import COMBINING, rewritten
from promptops.model.prompt import Schema
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.request.schema_refs import followed, target
from promptops.runtime.template.data import NotJson

Part = Mapping[str, Any]

_SPOILED_BY_FILLING = COMBINING - {"$ref"} | frozenset(
    (
        *("minProperties", "maxProperties", "dependentRequired", "dependencies", "enum", "const"),
        *("contains", "minContains", "maxContains", "uniqueItems", "prefixItems"),
    )
)
"""Keywords whose result for a value may change when its defaults are filled in."""
_SAYING = frozenset(("properties", "items", "required", "type", "additionalProperties"))


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
        if not known or _SAYING.intersection(schema):
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


def properties_of(schema: Part) -> Mapping[str, Any]:
    """The properties of a schema; empty if they are missing or not a mapping."""
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def list_of(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
