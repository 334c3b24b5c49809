"""The prompts that share an input, because they extend the prompt that declares it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.model.prompt import Prompt

Family = tuple[str, ...]
"""The path of the prompt that declares an input, then those of all prompts that extend it."""


def family_of(catalog: Catalog, path: str, name: str) -> Family:
    """The prompts whose input `name` is the same as that of the prompt file `path`.

    Prompts that can't be read but name a prompt of the family belong to it, too.
    """
    found = [_first(catalog, path, name)]
    catalog.graph.parse_all()
    for each in found:
        found.extend(other for other in _variants(catalog, each) if other not in found)
    return tuple(found)


def _first(catalog: Catalog, path: str, name: str) -> str:
    """The prompt farthest up the chain of `extends` that has the input."""
    first = path
    for parent in parents(catalog, path):
        if name in declared(catalog, parent):
            first = parent
    return first


def parents(catalog: Catalog, path: str) -> Iterator[str]:
    """The prompt files that a prompt file extends, the nearest first."""
    seen = {path}
    prompt = catalog.loaded(path).prompt
    while prompt is not None and prompt.extends is not None and prompt.extends not in seen:
        seen.add(prompt.extends)
        yield prompt.extends
        prompt = catalog.loaded(prompt.extends).prompt


def declared(catalog: Catalog, path: str) -> Mapping[str, Any]:
    """The inputs that a prompt file declares, also in the files that it extends, by name."""
    loaded = catalog.loaded(path)
    prompt = loaded.prompt or loaded.templates
    return inputs_of(prompt) if prompt is not None else {}


def inputs_of(prompt: Prompt) -> Mapping[str, Any]:
    """The schemas of the inputs of a prompt, as written, by name."""
    properties = prompt.inputs.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _variants(catalog: Catalog, path: str) -> Iterator[str]:
    for other in catalog.graph.files_naming(path):
        if other not in catalog.ids or other == path:
            continue
        loaded = catalog.loaded(other)
        extends = (each.target for each in loaded.references if each.kind == "extends")
        if path in extends or catalog.document(other).value is None:
            yield other
