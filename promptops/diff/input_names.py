"""The names of inputs: `x-aliases`, earlier names that are still accepted, and renames."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from promptops.diff.changes import change
from promptops.diff.effective_schema import list_of, properties_of
from promptops.diff.equality import equal
from promptops.diff.input_properties import DESCRIBING
from promptops.diff.properties import PropertyPair
from promptops.json_pointer import escaped
from promptops.model.change import Change
from promptops.model.prompt import Schema


def with_new_names(before: Schema, after: Schema) -> tuple[Schema, dict[str, str]]:
    """The older schema with inputs renamed as in the newer one's `x-aliases`; newer to older names.

    An open older schema stays as it is: its callers could also pass the newer name, so the two
    names do not mean the same input.
    """
    if before.get("additionalProperties") is not False:
        return before, {}
    old, new = properties_of(before), properties_of(after)
    names = {
        alias: name
        for alias, name in aliases(after).items()
        if alias in old
        and alias not in new
        and name not in (*old, *list_of(before.get("required")))
    }
    if not names:
        return before, {}
    renamed = dict(before)
    renamed["properties"] = {names.get(name, name): property_ for name, property_ in old.items()}
    renamed["required"] = [names.get(name, name) for name in list_of(before.get("required"))]
    return renamed, {name: alias for alias, name in names.items()}


def aliases(schema: Schema) -> dict[str, str]:
    """The current name of each input by its earlier names."""
    return {
        str(alias): name
        for name, property_ in properties_of(schema).items()
        if isinstance(property_, Mapping)
        for alias in list_of(property_.get("x-aliases"))
    }


def renames(
    pairs: Sequence[PropertyPair], names_before: Collection[str], names_after: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Inputs renamed without an alias: the same schema, used in the same places.

    Args:
        names_before: The names that the templates of the older side use.
        names_after: Those of the newer side.
    """
    top = [pair for pair in pairs if pair.owner == ""]
    added = [
        pair
        for pair in top
        if pair.before is None and pair.name in names_after and pair.name not in names_before
    ]
    for pair in top:
        if pair.after is None and pair.name in names_before and pair.name not in names_after:
            fits = [candidate for candidate in added if _have_equal_schemas(pair, candidate)]
            if len(fits) == 1:
                yield pair.name, fits[0].name


def _have_equal_schemas(removed: PropertyPair, added: PropertyPair) -> bool:
    ignored = (*DESCRIBING, "x-aliases")
    old, new = (
        {key: value for key, value in (schema or {}).items() if key not in ignored}
        for schema in (removed.before, added.after)
    )
    return equal(old, new) and removed.was_required == added.is_required


def alias_changes(was: Schema, old: Schema, new: Schema) -> Iterator[Change]:
    """Changes for removed names, then for added ones.

    Args:
        was: The older side under its own names; `old` has the newer ones.
    """
    after, before = aliases(new), aliases(old)
    for alias, name in before.items():
        if alias != name and after.get(alias) != name:
            yield _lost(alias, name, new)
    for alias, name in after.items():
        if alias not in before and alias not in (was.get("properties") or {}):
            path = _path(name)
            yield change("CHG104", path, f"`{name}` may be passed as `{alias}`, too")
            if old.get("additionalProperties") is not False:
                message = f"any `{alias}` was accepted and ignored; now it means `{name}`"
                yield change("CHG108", path, message, before=alias)


def _lost(alias: str, name: str, new: Schema) -> Change:
    path, was = _path(name), f"`{alias}`, an earlier name of `{name}`,"
    if alias in (new.get("properties") or {}):
        return change("CHG105", path, f"{was} is now another input", before=alias)
    restricted = {"patternProperties", "propertyNames"}.intersection(new)
    if new.get("additionalProperties", True) in (True, {}) and not restricted:
        return change("CHG106", path, f"{was} is now ignored", before=alias)
    return change("CHG105", path, f"{was} is now refused or has another meaning", before=alias)


def _path(name: str) -> str:
    return f"/inputs/properties/{escaped(name)}/x-aliases"
