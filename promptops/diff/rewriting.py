"""Rewrites schemas along properties, items and references, the parts that values consist of.

Schemas below `allOf`, `anyOf`, `not` and similar keywords are unchanged: each is one condition
among others, and changing it would change their combination.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from promptops.json_pointer import value_at
from promptops.model.prompt import Schema

Rewrite = Callable[[dict[str, Any], Mapping[str, Any]], dict[str, Any]]
"""From a schema, its parts rewritten, and the schema it was, to another one."""

COMBINING = frozenset(
    (
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$dynamicRef"),
        *("dependentSchemas", "patternProperties", "unevaluatedProperties", "unevaluatedItems"),
    )
)
"""Keywords that apply several schemas to one value."""


def rewritten(schema: Schema, rewrite: Rewrite, stops: Collection[str] = ()) -> Schema:
    """A schema of which each part that values are made of is rewritten, through local references.

    Parts that are referred to are copied, so that who refers to them otherwise sees them unchanged.
    A part with a keyword of `stops` is unchanged, including everything below it.
    """
    walk = _RewriteWalk(schema, rewrite, frozenset(stops))
    made = walk.part(schema)
    if not isinstance(made, dict) or not walk.copies:
        return made if isinstance(made, dict) else schema
    given = made.get("$defs")
    return {**made, "$defs": {**(given if isinstance(given, Mapping) else {}), **walk.copies}}


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
        made = dict(schema)
        if isinstance(made.get("properties"), Mapping):
            made["properties"] = {n: self.part(p) for n, p in made["properties"].items()}
        if isinstance(made.get("items"), Mapping):
            made["items"] = self.part(made["items"])
        if isinstance(made.get("$ref"), str):
            made["$ref"] = self._referred(made["$ref"])
        return self._rewrite(made, schema)

    def _referred(self, reference: str) -> str:
        target = pointed(self._root, reference)
        if target is None:
            return reference
        if reference not in self._names:  # a schema can refer to itself
            name = self._names[reference] = f"rewritten:{len(self._names)}"
            self.copies[name] = self.part(target)
        return f"#/$defs/{self._names[reference]}"


def pointed(root: Any, reference: str) -> Mapping[str, Any] | None:
    """The schema that a local reference means; None if there is none or it is not local."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    if "%" in reference:
        from urllib.parse import unquote

        reference = unquote(reference)
    found = value_at(root, reference[1:])
    return found if isinstance(found, Mapping) else None
