"""The defaults in an input schema, collected once and filled in for each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.json_pointer import value_at
from promptops.model.prompt import Schema
from promptops.runtime.template.data import TooMuchWork, exact_copy

_NONE = object()
MAX_DEPTH = 100


class Defaults:
    """The defaults of one part of a schema.

    Attributes:
        properties: For each relevant property: its name, its default, and the defaults below it.
        items: The defaults for the items of a list.
    """

    __slots__ = ("items", "properties")

    def __init__(self) -> None:
        self.properties: list[tuple[str, Any, Defaults | None]] = []
        self.items: Defaults | None = None

    def fill(self, value: Any, depth: int = 0) -> None:
        """Set missing properties of an object to their defaults, in place and recursively.

        Raises TooMuchWork for defaults that expand without end, NotJson for one that is not JSON
        data.
        """
        if depth > MAX_DEPTH:
            raise TooMuchWork("the defaults of the inputs expand without end")
        if isinstance(value, dict):
            for name, default, below in self.properties:
                if name not in value and default is not _NONE:
                    value[name] = exact_copy(default)
                if below is not None and name in value:
                    below.fill(value[name], depth + 1)
        elif isinstance(value, list) and self.items is not None:
            for item in value:
                self.items.fill(item, depth + 1)


def defaults_of(schema: Schema) -> Defaults | None:
    """The defaults below a schema, through local references; None if there are none."""
    made: dict[int, Defaults] = {}
    found = _found(schema, schema, made)
    for part in made.values():
        part.properties = [
            (name, default, below if _fills(below, set()) else None)
            for name, default, below in part.properties
            if default is not _NONE or _fills(below, set())
        ]
        part.items = part.items if _fills(part.items, set()) else None
    return found if _fills(found, set()) else None


def _found(schema: Any, root: Schema, made: dict[int, Defaults]) -> Defaults | None:
    if not isinstance(schema, Mapping):
        return None
    # A schema may refer to itself.
    if id(schema) in made:
        return made[id(schema)]
    defaults = made[id(schema)] = Defaults()
    followed = _followed(schema, root)
    for name, property_ in (_mapping(followed).get("properties") or {}).items():
        default = _mapping(_followed(property_, root)).get("default", _NONE)
        defaults.properties.append((name, default, _found(property_, root, made)))
    defaults.items = _found(_mapping(followed).get("items"), root, made)
    return defaults


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _fills(defaults: Defaults | None, seen: set[int]) -> bool:
    if defaults is None or id(defaults) in seen:
        return False
    seen.add(id(defaults))
    return _fills(defaults.items, seen) or any(
        default is not _NONE or _fills(below, seen) for _, default, below in defaults.properties
    )


def _followed(schema: Any, root: Schema) -> Any:
    """The target of a local `$ref`; keywords beside the reference take precedence."""
    for _ in range(20):
        target = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(target, str) or not target.startswith("#/"):
            return schema
        found = value_at(root, target[1:])
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**found, **beside} if isinstance(found, Mapping) else None
    return schema
