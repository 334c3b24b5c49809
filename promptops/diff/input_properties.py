"""CHG103, CHG104, CHG106, CHG116 to CHG121: changes that do not narrow or widen inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.diff.changes import change
from promptops.diff.equality import equal
from promptops.diff.properties import PropertyPair
from promptops.diff.wording import compact, readable_name
from promptops.json_pointer import escaped
from promptops.model.change import ABSENT, Change
from promptops.model.prompt import Schema
from promptops.model.version import Bump
from promptops.records import replace

DESCRIBING = ("description", "title", "examples", "$comment")
"""Keywords that are only for human readers."""


def property_changes(pair: PropertyPair, earlier_name: str | None) -> Iterator[Change]:
    """Changes of one property; `had` is its earlier name, which is now an alias."""
    path, name = f"/inputs{pair.pointer}", readable_name(pair.pointer, "the inputs")
    if earlier_name is not None:
        message = f"`{earlier_name}` was renamed to {name}, and the old name is still accepted"
        yield change("CHG104", path, message)
    if pair.before is None:
        yield _added(pair, path, name)
    elif pair.after is not None:
        yield from _kept(pair, path, name)
    elif pair.after_owner.get("additionalProperties") is not False:
        yield change("CHG106", path, f"{name} was removed, and passing it has no effect")


def described(old: Schema, new: Schema, pairs: Iterable[PropertyPair]) -> Iterator[Change]:
    """One change for all differences in descriptions."""
    both = (pair for pair in pairs if pair.before is not None and pair.after is not None)
    names = [
        readable_name(pair.pointer, "")
        for pair in both
        if any(not equal(*pair.values(key)) for key in DESCRIBING)
    ]
    if any(not equal(old.get(key), new.get(key)) for key in DESCRIBING):
        names.append("the inputs")
    if names:
        shown = ", ".join(dict.fromkeys(names))
        yield change("CHG120", "/inputs", f"{shown}: the description changed")


def trust_changes(old: Schema, new: Schema) -> Iterator[Change]:
    """Changes for parts, at any depth and below any keyword, that are no longer untrusted."""
    labels_now = dict(_labels(new, ""))
    for pointer, marked in _labels(old, ""):
        if marked and labels_now.get(pointer) is False:
            message = f"{readable_name(pointer, 'the inputs')} is no longer marked as untrusted"
            yield change("CHG121", f"/inputs{pointer}/x-untrusted", message)


def _labels(schema: Any, pointer: str) -> Iterator[tuple[str, bool]]:
    """By JSON pointer, whether each schema is marked as untrusted."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _labels(item, f"{pointer}/{index}")
    elif isinstance(schema, Mapping):
        yield pointer, schema.get("x-untrusted") is True
        for key, value in schema.items():
            if key not in _DATA:
                yield from _labels(value, f"{pointer}/{escaped(key)}")


_DATA = frozenset(("const", "default", "enum", "examples", "required"))


def _added(pair: PropertyPair, path: str, name: str) -> Change:
    if pair.is_required:
        shown = compact((pair.after or {}).get("default"))
        return change("CHG103", path, f"{name} was added with the default `{shown}`")
    return change("CHG104", path, f"{name} was added as an optional input")


def _kept(pair: PropertyPair, path: str, name: str) -> Iterator[Change]:
    before, after = pair.before or {}, pair.after or {}
    was, now = before.get("default", ABSENT), after.get("default", ABSENT)
    if not equal(was, now) and not (now is ABSENT and pair.is_required):
        message = f"{name} {_default(was, now)}"
        yield change("CHG116", f"{path}/default", message, before=was, after=now)
    if after.get("deprecated") is True and before.get("deprecated") is not True:
        yield change("CHG118", f"{path}/deprecated", f"{name} is deprecated")
    yield from _format(pair, path, name)


def _default(was: Any, now: Any) -> str:
    if now is ABSENT:
        return "no longer has a default"
    return "now has a default" if was is ABSENT else "has a different default"


def _format(pair: PropertyPair, path: str, name: str) -> Iterator[Change]:
    was, now = pair.values("format")
    if was == now:
        return
    if now is None:
        yield change("CHG113", f"{path}/format", f"{name} no longer has a `format`", before=was)
        return
    message = f"{name} now has the format `{now}`, which is not validated"
    found = change("CHG112", f"{path}/format", message, after=now)
    yield replace(found, level="BEHAVIOR", bump=Bump.MINOR, warning=True)
