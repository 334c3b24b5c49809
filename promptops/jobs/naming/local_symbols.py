"""The names that templates define, also where other templates import them."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.local_names import LocalName, local_names
from promptops.analysis.spans import Offsets
from promptops.catalog.catalog import Catalog
from promptops.jobs.naming.symbol import Symbol
from promptops.jobs.naming.template_texts import texts_of
from promptops.jobs.naming.words import Words, contains
from promptops.model.place import Place, Text
from promptops.records import record


@record(frozen=True, slots=True)
class _Local:
    """A name with the template that defines it."""

    text: Text
    name: LocalName

    def places(self) -> Iterator[Place]:
        return (self.text.place(*site) for site in self.name.sites)

    @property
    def definition(self) -> Place:
        return self.text.place(*self.name.definitions[0])


def local_symbol(catalog: Catalog, word: Place, name: str) -> Symbol | None:
    """The name that a template defines, at the place of a word; None for another name."""
    for local in _locals_of(catalog, word.path):
        found = _exported_at(catalog, local, word, name)
        if found is None and local.name.name == name and _has(local.places(), word):
            found = _followed(catalog, local)
        if found is not None:
            return Symbol(
                kind="local",
                name=found.name.name,
                place=word,
                homes=(found.text.path,),
                definition=found.definition,
            )
    return None


def local_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Every place of a local name, of an exported one in other templates, too."""
    words = Words(catalog.files)
    for place in _all_places(catalog, symbol):
        if words.at(place) == symbol.name:
            yield place


def _all_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    home = symbol.homes[0]
    for local in _locals_of(catalog, home):
        if local.definition == symbol.definition:
            yield from local.places()
            if local.name.top and home not in catalog.ids:
                yield from _imports(catalog, home, symbol.name)


def _imports(catalog: Catalog, home: str, name: str) -> Iterator[Place]:
    """The places in other templates that read an exported name of the template `home`."""
    catalog.graph.parse_all()
    for path in catalog.graph.files_naming(home):
        for local in _locals_of(catalog, path):
            if _imported_path(catalog, local) == home:
                yield from (local.text.place(*site) for site in _sites_of(local.name, name))


def _sites_of(local: LocalName, name: str) -> Iterator[Offsets]:
    """Where an import has the exported name itself, not another name for it."""
    imported = local.imported
    if imported is None:
        return
    if imported.name is None:
        yield from local.attributes.get(name, ())
    elif imported.name == name and imported.site is not None:
        yield imported.site
        if local.name == name:
            yield from local.reads


def _exported_at(catalog: Catalog, local: _Local, word: Place, name: str) -> _Local | None:
    """The exported name of another template, if a word is its name in an import."""
    imported = local.name.imported
    if imported is None or not _has(
        (local.text.place(*site) for site in _sites_of(local.name, name)), word
    ):
        return None
    home = _imported_path(catalog, local)
    return None if home is None else _exported(catalog, home, name)


def _followed(catalog: Catalog, local: _Local) -> _Local:
    """The imported name itself, if it is imported under its own name."""
    imported = local.name.imported
    if imported is None or imported.name != local.name.name:
        return local
    home = _imported_path(catalog, local)
    return (None if home is None else _exported(catalog, home, local.name.name)) or local


def _exported(catalog: Catalog, path: str, name: str) -> _Local | None:
    found = (each for each in _locals_of(catalog, path) if each.name.top)
    return next((each for each in found if each.name.name == name), None)


def _imported_path(catalog: Catalog, local: _Local) -> str | None:
    imported = local.name.imported
    if imported is None or imported.template is None:
        return None
    text = catalog.load(local.text.path, imported.template)
    return None if text is None else text.path


def _locals_of(catalog: Catalog, path: str) -> Iterator[_Local]:
    for text in texts_of(catalog, path):
        yield from (_Local(text, name) for name in local_names(text.value))


def _has(places: Iterator[Place], word: Place) -> bool:
    return any(contains(place, word.line, word.column) for place in places)
