"""The schemas of an alternative for the properties of objects and the items of arrays."""

from __future__ import annotations

from collections.abc import Iterable
from math import isinf
from typing import Any

from promptops.analysis.schemas.alternative import Alternative, Layers
from promptops.analysis.schemas.document import SchemaPair
from promptops.analysis.schemas.reader import Bare
from promptops.json_pointer import escaped
from promptops.model.prompt import Schema

NOTHING: Layers = (False,)


def required(alternative: Alternative, also: Iterable[str] = ()) -> tuple[str, ...]:
    """Names that each object has; with `also`, each object that has those names, too."""
    if alternative.values is not None:
        objects = [value for value in alternative.values if isinstance(value, dict)]
        return tuple(n for n in objects[0] if all(n in o for o in objects)) if objects else ()
    found = dict.fromkeys(
        [*also, *(n for names in alternative.keyword_values("required") for n in names)]
    )
    size = -1
    while size < len(found):
        size = len(found)
        for needs in alternative.keyword_values("dependentRequired"):
            found |= dict.fromkeys(n for name in needs if name in found for n in needs[name])
    return tuple(found)


def names(alternative: Alternative) -> tuple[str, ...]:
    """Names for which it has a schema."""
    if alternative.values is not None:
        return tuple(dict.fromkeys(n for v in alternative.values if isinstance(v, dict) for n in v))
    listed = [n for known in alternative.keyword_values("properties") for n in known]
    for of_names in alternative.keyword_values("propertyNames"):
        listed += [n for n in _values(of_names) or () if isinstance(n, str)]
    return tuple(dict.fromkeys([*listed, *required(alternative)]))


def patterns(alternative: Alternative) -> tuple[str, ...]:
    """Patterns of names for which it has a schema."""
    return tuple(
        dict.fromkeys(p for known in alternative.keyword_values("patternProperties") for p in known)
    )


def member(document: SchemaPair, alternative: Alternative, name: str) -> Layers:
    """The schemas that the value of a property matches."""
    if alternative.values is not None:
        return _enumerated(v[name] for v in alternative.values if isinstance(v, dict) and name in v)
    most = alternative.most("maxProperties")
    # Counting them for each of many properties would take quadratic time.
    if not isinf(most) and len(required(alternative, (name,))) > most:
        return NOTHING
    return tuple(s for layer in alternative.layers for s in _member(document, layer, name))


def others(alternative: Alternative, pattern: str | None = None) -> Layers:
    """The schemas that the value of a property matches, if its name is not one of `names`.

    The name matches the pattern; without one, it matches none of `patterns`.
    """
    if alternative.values is not None:
        return NOTHING
    if len(required(alternative)) >= alternative.most("maxProperties"):
        return NOTHING
    if any(
        _values(of_names) is not None for of_names in alternative.keyword_values("propertyNames")
    ):
        return NOTHING
    return tuple(s for layer in alternative.layers for s in _other(layer, pattern))


def item(alternative: Alternative, index: int) -> Layers:
    """The schemas that the item at a position matches."""
    if alternative.values is not None:
        arrays = (v for v in alternative.values if isinstance(v, list))
        return _enumerated(array[index] for array in arrays if len(array) > index)
    if index >= alternative.most("maxItems"):
        return NOTHING
    return tuple(s for layer in alternative.layers for s in _item(layer, index))


def width(alternative: Alternative) -> int:
    """The position from which all items have the same schemas."""
    if alternative.values is not None:
        return max((len(v) for v in alternative.values if isinstance(v, list)), default=0)
    return max(map(len, alternative.keyword_values("prefixItems")), default=0)


def applied(document: SchemaPair, schema: Schema, name: str) -> list[tuple[Bare, str]]:
    """The schemas that a schema applies to a property, each with its relative pointer."""
    found: list[tuple[Bare, str]] = []
    if name in schema.get("properties", {}):
        found.append((schema["properties"][name], f"/properties/{escaped(name)}"))
    for pattern, below in schema.get("patternProperties", {}).items():
        if document.matches(pattern, name):
            found.append((below, f"/patternProperties/{escaped(pattern)}"))
    if not found and "additionalProperties" in schema:
        found.append((schema["additionalProperties"], "/additionalProperties"))
    return found


def _member(document: SchemaPair, layer: Schema, name: str) -> Layers:
    if "propertyNames" in layer and not document.admits((layer["propertyNames"],), name):
        return NOTHING
    return tuple(schema for schema, _ in applied(document, layer, name))


def _other(layer: Schema, pattern: str | None) -> Layers:
    known = layer.get("patternProperties", {})
    if layer.get("propertyNames") is False:
        return NOTHING
    if pattern in known:
        return (known[pattern],)
    # A name that matches one pattern may match another one of this layer, too.
    alone = pattern is None or not known
    return (layer["additionalProperties"],) if alone and "additionalProperties" in layer else ()


def _item(layer: Schema, index: int) -> Layers:
    first = layer.get("prefixItems", ())
    if index < len(first):
        return (first[index],)
    return (layer["items"],) if "items" in layer else ()


def _values(schema: Any) -> list[Any] | None:
    """The values that a schema lists; None if it lists none."""
    if schema is False:
        return []
    if "const" in schema:
        return [schema["const"]]
    listed: list[Any] | None = schema.get("enum")
    return listed


def _enumerated(values: Iterable[Any]) -> Layers:
    listed = list(values)
    return ({"enum": listed},) if listed else NOTHING
