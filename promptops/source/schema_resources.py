"""The resources of a schema file, each with its `$id` and its own anchors (JSON Schema 2020-12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped
from promptops.records import field, record

DATA = frozenset(("const", "default", "enum", "examples"))
"""Keywords whose value is data, even if it looks like a schema."""

NAMED = frozenset(("$defs", "definitions", "dependentSchemas", "patternProperties", "properties"))
"""Keywords whose value has a schema for each name."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The draft of JSON Schema, by its metaschema."""

UNSUPPORTED = ("$dynamicRef", "$dynamicAnchor")
"""Keywords that depend on the file where validation began; a bundle has only one file."""


@record(slots=True)
class Resources:
    """The parts of one schema file that have an address.

    Attributes:
        ids: From each `$id`, without its fragment, to its pointer in the bundle.
        anchors: By the pointer of a resource: from each of its anchors to the anchor's pointer.
        wrong: Pointers of keywords that can't be used, each with what is wrong and a hint.
    """

    ids: dict[str, str] = field(default_factory=dict)
    anchors: dict[str, dict[str, str]] = field(default_factory=dict)
    wrong: list[tuple[str, str, str]] = field(default_factory=list)


def resources_of(schema: Any, pointer: str) -> Resources:
    """The resources of a file at a pointer in the bundle."""
    found = Resources(anchors={pointer: {}})
    for below, part in subschemas(schema, pointer):
        _add_id(found, part.get("$id"), below)
        _add_anchor(found, part.get("$anchor"), below)
        for key in UNSUPPORTED:
            if isinstance(part.get(key), str):
                hint = "use `$ref`, and `$anchor` or `$defs`"
                found.wrong.append((f"{below}/{key}", f"`{key}` is not supported", hint))
    return found


def _add_id(found: Resources, written: Any, below: str) -> None:
    if not isinstance(written, str):
        return
    address = written.partition("#")[0]
    if found.ids.setdefault(address, below) != below:
        message = f"two schemas of one file have the `$id` `{written}`"
        found.wrong.append((f"{below}/$id", message, "give each a unique `$id`"))
    found.anchors.setdefault(below, {})


def _add_anchor(found: Resources, name: Any, below: str) -> None:
    if not isinstance(name, str):
        return
    anchors = found.anchors[_resource_of(below, found)]
    if anchors.setdefault(name, below) != below:
        message = f"two schemas have the `$anchor` `{name}`"
        found.wrong.append((f"{below}/$anchor", message, "give each a unique anchor"))


def _resource_of(pointer: str, found: Resources) -> str:
    """The nearest resource around a schema, or the schema itself."""
    while pointer not in found.anchors:
        pointer = pointer.rpartition("/")[0]
    return pointer


def subschemas(schema: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each schema within a schema, itself first, with its pointer; data is left out."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from subschemas(item, f"{pointer}/{index}")
    if isinstance(schema, Mapping):
        yield pointer, schema
        for key, value in schema.items():
            below = f"{pointer}/{escaped(key)}"
            if key in NAMED and isinstance(value, Mapping):
                for name, item in value.items():
                    yield from subschemas(item, f"{below}/{escaped(name)}")
            elif key not in DATA:
                yield from subschemas(value, below)
