"""Changes of the earlier names of inputs that are still accepted: `x-aliases`."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.diff.changes import change
from promptops.diff.effective_schema import aliases
from promptops.json_pointer import escaped
from promptops.model.change import Change
from promptops.model.prompt import Schema


def alias_changes(was: Schema, old: Schema, new: Schema) -> Iterator[Change]:
    """Names that were removed, then those that were added.

    Args:
        was: The older side under its own names; `old` has the newer ones.
    """
    known, had = aliases(new), aliases(old)
    for alias, name in had.items():
        if alias != name and known.get(alias) != name:
            yield _lost(alias, name, new)
    for alias, name in known.items():
        if alias not in had and alias not in (was.get("properties") or {}):
            path = _path(name)
            yield change("CHG104", path, f"`{name}` may be passed as `{alias}`, too")
            if old.get("additionalProperties") is not False:
                message = f"any `{alias}` was accepted and ignored; now it means `{name}`"
                yield change("CHG108", path, message, before=alias)


def _lost(alias: str, name: str, new: Schema) -> Change:
    path, was = _path(name), f"`{alias}`, an earlier name of `{name}`,"
    if alias in (new.get("properties") or {}):
        return change("CHG105", path, f"{was} is now another input", before=alias)
    said = {"patternProperties", "propertyNames"}.intersection(new)
    if new.get("additionalProperties", True) in (True, {}) and not said:
        return change("CHG106", path, f"{was} is now ignored", before=alias)
    return change("CHG105", path, f"{was} is now refused or has another meaning", before=alias)


def _path(name: str) -> str:
    return f"/inputs/properties/{escaped(name)}/x-aliases"
