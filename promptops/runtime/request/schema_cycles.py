"""References of a schema that lead back to themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.json_pointer import value_at
from promptops.runtime.request.schema_refs import local_pointer

Below = Callable[[Mapping[str, Any]], Iterator[tuple[str, Any]]]
"""The schemas in a schema, with their pointers; those under `$defs` are among them."""


def closing_references(root: Any, below: Below, on_the_way: Below) -> Iterator[str]:
    """The pointers of the `$ref`s that close a circle of references.

    Only circles through the schemas of `on_the_way` count, a part of those of `below`.
    """
    done: set[str] = set()
    for start in dict.fromkeys(("", *_targets(root, below))):
        yield from _closing(root, on_the_way, start, (start,), done)


def _targets(schema: Any, below: Below) -> Iterator[str]:
    if isinstance(schema, Mapping):
        pointer = local_pointer(schema.get("$ref"))
        if pointer is not None:
            yield pointer
        for _, part in below(schema):
            yield from _targets(part, below)


def _closing(
    root: Any, on_the_way: Below, pointer: str, above: tuple[str, ...], done: set[str]
) -> Iterator[str]:
    if pointer in done:
        return
    for at, leads_to in _references(value_at(root, pointer), pointer, on_the_way):
        if leads_to in above:
            yield f"{at}/$ref"
        else:
            yield from _closing(root, on_the_way, leads_to, (*above, leads_to), done)
    done.add(pointer)


def _references(schema: Any, pointer: str, on_the_way: Below) -> Iterator[tuple[str, str]]:
    """The references in a schema, with what they lead to; definitions are not part of it."""
    if not isinstance(schema, Mapping):
        return
    leads_to = local_pointer(schema.get("$ref"))
    if leads_to is not None:
        yield pointer, leads_to
    for step, part in on_the_way(schema):
        if not step.startswith(("/$defs/", "/definitions/")):
            yield from _references(part, f"{pointer}{step}", on_the_way)
