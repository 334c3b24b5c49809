"""The files that names in other files refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.jobs.moving.mentions import Mention
from promptops.jobs.moving.references import References
from promptops.jobs.naming.symbol import Symbol
from promptops.jobs.naming.words import Words, contains
from promptops.json_pointer import tokens
from promptops.model.place import Place
from promptops.source.document import Document
from promptops.source.json_document import read_json

_FRAGMENT = "#"


def file_symbol(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    """The file that a name at a position refers to: a path, an id, or an earlier id."""
    return (
        _by_reference(catalog, path, line, column)
        or _by_name(catalog, path, line, column)
        or _by_alias(catalog, path, line, column)
    )


def file_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Every name of a file in other files, and the earlier ids in the file itself."""
    references = References(catalog)
    names = (symbol.name, *_ids(catalog, symbol.name))
    for path in references.mentioning({name.rpartition("/")[2] for name in names}):
        yield from _places_in(references, symbol, path)
    yield from (place for place, _ in _aliases(catalog, symbol.name))


def nearby_file_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Those of `file_places` in the file in which the symbol was found; reads no other file."""
    path = symbol.place.path
    yield from _places_in(References(catalog), symbol, path)
    yield from (place for place, _ in _aliases(catalog, path) if path == symbol.name)


def _places_in(references: References, symbol: Symbol, path: str) -> Iterator[Place]:
    for mention in references.names(path).mentions:
        if _target(references, path, mention) == symbol.name:
            yield mention.place


def _by_name(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    references = References(catalog)
    for mention in references.names(path).mentions:
        if contains(mention.place, line, column):
            target = _target(references, path, mention)
            if target is not None:
                return _symbol(target, mention.place, Place(target))
    return None


def _target(references: References, path: str, mention: Mention) -> str | None:
    if mention.kind != "id":
        return references.target(path, mention)
    catalog = references.catalog
    former = catalog.graph.aliases.get(mention.name, ())
    return catalog.paths.get(mention.name) or next(iter(former), None)


def _by_alias(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    for place, _ in _aliases(catalog, path):
        if contains(place, line, column):
            return _symbol(path, place, Place(path))
    return None


def _aliases(catalog: Catalog, path: str) -> Iterator[tuple[Place, str]]:
    document = catalog.document(path) if path in catalog.ids else None
    value = document.value if document is not None else None
    aliases = value.get("aliases") if isinstance(value, Mapping) else None
    for index, alias in enumerate(aliases if isinstance(aliases, list) else ()):
        if document is not None and isinstance(alias, str):
            yield document.place(f"/aliases/{index}"), alias


def _ids(catalog: Catalog, path: str) -> Iterator[str]:
    identity = catalog.id_of(path)
    if identity is not None:
        yield identity
        yield from (alias for _, alias in _aliases(catalog, path))


def _symbol(target: str, place: Place, definition: Place) -> Symbol:
    return Symbol(kind="file", name=target, place=place, homes=(target,), definition=definition)


def _by_reference(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    """A `$ref` with a pointer after `#`: the definition is that part of the schema."""
    if _FRAGMENT not in Words(catalog.files).line(path, line):
        return None
    document = _schema_document(catalog, path)
    if document is None:
        return None
    for pointer, where, value in document.scalars():
        if where == "value" and pointer.endswith("/$ref") and _FRAGMENT in value:
            place = document.place(pointer)
            if contains(place, line, column):
                return _referenced(catalog, path, place, pointer, value)
    return None


def _referenced(
    catalog: Catalog, path: str, place: Place, pointer: str, value: str
) -> Symbol | None:
    name, _, fragment = value.partition(_FRAGMENT)
    target, root = path, _root_of(catalog, path, pointer)
    if name:
        found = catalog.resolver.follow("schema", name, place, path)
        target, root = getattr(found, "target", ""), ""
    document = _schema_document(catalog, target)
    if document is None or not catalog.files.is_file(target):
        return None
    return _symbol(target, place, document.place(f"{root}{fragment}", True))


def _root_of(catalog: Catalog, path: str, pointer: str) -> str:
    """The pointer of the schema that contains a `$ref`; "" in a schema file."""
    if path not in catalog.ids:
        return ""
    first, *rest = tokens(pointer)
    depth = {"inputs": 0, "output": 1, "tools": 2}.get(first, 0)
    return "".join(f"/{step}" for step in (first, *rest[:depth]))


def _schema_document(catalog: Catalog, path: str) -> Document | None:
    data = catalog.files.data(path)
    if data is None:
        return None
    if path in catalog.ids:
        return catalog.document(path)
    return read_json(path, data) if path.endswith(".json") else None
