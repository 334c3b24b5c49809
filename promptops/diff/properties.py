"""The properties of two schemas side by side, at every depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from promptops.json_pointer import child, escaped, tokens
from promptops.model.change import ABSENT
from promptops.model.prompt import Schema
from promptops.records import record
from promptops.runtime.request.schema_refs import followed

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
        return self.name in _list(self.before_owner.get("required"))

    @property
    def is_required(self) -> bool:
        return self.name in _list(self.after_owner.get("required"))

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
        old, new = _properties(owner.before), _properties(owner.after)
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
        olds, news = _properties(old), _properties(new)
        for name in news:
            if name in olds:
                below = f"{pointer}/properties/{escaped(name)}"
                yield from self.owners(below, olds[name], news[name], depth + 1)
        if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
            yield from self.owners(f"{pointer}/items", old["items"], new["items"], depth + 1)


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
