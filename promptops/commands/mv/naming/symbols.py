"""What the name at a position refers to, where that is defined, and where else it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from promptops.analysis.local_names import LocalName, local_names
from promptops.analysis.spans import Offsets
from promptops.catalog.catalog import Catalog
from promptops.commands.mv.mentions import Mention
from promptops.commands.mv.naming.input_symbols import (
    all_places,
    declarations,
    input_symbol,
    nearby_input_places,
)
from promptops.commands.mv.naming.prompt_facts import facts_of
from promptops.commands.mv.naming.symbol import Symbol
from promptops.commands.mv.naming.template_texts import prompts_using, texts_of
from promptops.commands.mv.naming.words import Words, contains
from promptops.commands.mv.references import References
from promptops.json_pointer import tokens
from promptops.model.place import Place, Text
from promptops.model.prompt import ForEach
from promptops.records import record
from promptops.source.document import Document
from promptops.source.json_document import read_json


def symbol_at(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    """What the name that a position is in or after refers to; line and column are 1-based."""
    if not catalog.files.is_file(path):
        return None
    found = file_symbol(catalog, path, line, column)
    if found is not None:
        return found
    words = Words(catalog.files)
    word = words.word_at(path, line, column)
    return None if word is None else _symbol_of_word(catalog, word, words.at(word))


def _symbol_of_word(catalog: Catalog, word: Place, name: str) -> Symbol | None:
    local = local_symbol(catalog, word, name)
    if local is not None:
        return local
    items = (item_symbol(catalog, home, word, name) for home in prompts_using(catalog, word.path))
    item = next((each for each in items if each is not None), None)
    return item or input_symbol(catalog, word, name)


def definitions_of(catalog: Catalog, symbol: Symbol) -> tuple[Place, ...]:
    """Where a symbol is defined: an input in each prompt that may have been meant."""
    if symbol.kind == "input":
        return tuple(sorted({*declarations(catalog, symbol)}))
    return () if symbol.definition is None else (symbol.definition,)


def places_of(catalog: Catalog, symbol: Symbol) -> tuple[Place, ...]:
    """Every place that names a symbol, sorted; the definition of an input or a local is one."""
    return tuple(sorted({*_PLACES_BY_KIND[symbol.kind](catalog, symbol)}))


def nearby_places_of(catalog: Catalog, symbol: Symbol) -> tuple[Place, ...]:
    """Those of `places_of` in the file in which the symbol was found."""
    found = _NEARBY_PLACES_BY_KIND.get(symbol.kind, _PLACES_BY_KIND[symbol.kind])(catalog, symbol)
    return tuple(sorted({place for place in found if place.path == symbol.place.path}))


# The names that a `for_each` gives the items of an input.


def item_symbol(catalog: Catalog, home: str, word: Place, name: str) -> Symbol | None:
    """The item that a word in a prompt or in one of its partials refers to."""
    for turn in _for_each_turns(catalog, home, name):
        if word in _places_of_item(catalog, home, turn):
            place = _item_definition(catalog, home, turn)
            return Symbol(kind="item", name=name, place=word, homes=(home,), definition=place)
    return None


def item_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Every place of the name of an item."""
    home = symbol.homes[0]
    for turn in _for_each_turns(catalog, home, symbol.name):
        if _item_definition(catalog, home, turn) == symbol.definition:
            yield from _places_of_item(catalog, home, turn)


def _for_each_turns(catalog: Catalog, home: str, name: str) -> Iterator[ForEach]:
    prompt = catalog.loaded(home).prompt
    for turn in prompt.messages if prompt is not None else ():
        if isinstance(turn, ForEach) and turn.name == name:
            yield turn


def _item_definition(catalog: Catalog, home: str, turn: ForEach) -> Place | None:
    prompt = catalog.loaded(home).prompt
    assert prompt is not None, "it has the turn"
    return Words(catalog.files).name_in(prompt.locate(f"{turn.at}/as", False), turn.name)


def _places_of_item(catalog: Catalog, home: str, turn: ForEach) -> set[Place]:
    found = {_item_definition(catalog, home, turn)}
    subject = facts_of(catalog, catalog.loaded(home))
    for scope in subject.scopes:
        if not scope.at.startswith(f"{turn.at}/"):
            continue
        for use in scope.scope.uses:
            is_item = use.name == turn.source and not use.aliases
            if is_item and use.site.source == turn.name:
                found.add(use.site.place)
    return {place for place in found if place is not None}


# The names that templates define, also where other templates import them.


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
        found = _exported_local_at(catalog, local, word, name)
        if found is None and local.name.name == name and _any_contains(local.places(), word):
            found = _imported_local(catalog, local)
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
    for place in _places_of_local(catalog, symbol):
        if words.at(place) == symbol.name:
            yield place


def _places_of_local(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    home = symbol.homes[0]
    for local in _locals_of(catalog, home):
        if local.definition == symbol.definition:
            yield from local.places()
            if local.name.top and home not in catalog.ids:
                yield from _imported_places(catalog, home, symbol.name)


def _imported_places(catalog: Catalog, home: str, name: str) -> Iterator[Place]:
    """The places in other templates that read an exported name of the template `home`."""
    catalog.graph.parse_all()
    for path in catalog.graph.files_naming(home):
        for local in _locals_of(catalog, path):
            if _imported_path(catalog, local) == home:
                yield from (local.text.place(*site) for site in _sites_in_import(local.name, name))


def _sites_in_import(local: LocalName, name: str) -> Iterator[Offsets]:
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


def _exported_local_at(catalog: Catalog, local: _Local, word: Place, name: str) -> _Local | None:
    """The exported name of another template, if a word is its name in an import."""
    imported = local.name.imported
    if imported is None or not _any_contains(
        (local.text.place(*site) for site in _sites_in_import(local.name, name)), word
    ):
        return None
    home = _imported_path(catalog, local)
    return None if home is None else _exported_local(catalog, home, name)


def _imported_local(catalog: Catalog, local: _Local) -> _Local:
    """The imported name itself, if it is imported under its own name."""
    imported = local.name.imported
    if imported is None or imported.name != local.name.name:
        return local
    home = _imported_path(catalog, local)
    return (None if home is None else _exported_local(catalog, home, local.name.name)) or local


def _exported_local(catalog: Catalog, path: str, name: str) -> _Local | None:
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


def _any_contains(places: Iterator[Place], word: Place) -> bool:
    return any(contains(place, word.line, word.column) for place in places)


# The files that names in other files refer to.

_FRAGMENT = "#"


def file_symbol(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    """The file that a name at a position refers to: a path, an id, or an earlier id."""
    return (
        _file_by_schema_reference(catalog, path, line, column)
        or _file_by_mention(catalog, path, line, column)
        or _file_by_alias(catalog, path, line, column)
    )


def file_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Every name of a file in other files, and the earlier ids in the file itself."""
    references = References(catalog)
    names = (symbol.name, *_ids_of_file(catalog, symbol.name))
    for path in references.mentioning({name.rpartition("/")[2] for name in names}):
        yield from _mentions_of_file(references, symbol, path)
    yield from (place for place, _ in _alias_places(catalog, symbol.name))


def nearby_file_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Those of `file_places` in the file in which the symbol was found; reads no other file."""
    path = symbol.place.path
    yield from _mentions_of_file(References(catalog), symbol, path)
    yield from (place for place, _ in _alias_places(catalog, path) if path == symbol.name)


def _mentions_of_file(references: References, symbol: Symbol, path: str) -> Iterator[Place]:
    for mention in references.names(path).mentions:
        if _mentioned_file(references, path, mention) == symbol.name:
            yield mention.place


def _file_by_mention(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    references = References(catalog)
    for mention in references.names(path).mentions:
        if contains(mention.place, line, column):
            target = _mentioned_file(references, path, mention)
            if target is not None:
                return _file_symbol_at(target, mention.place, Place(target))
    return None


def _mentioned_file(references: References, path: str, mention: Mention) -> str | None:
    if mention.kind != "id":
        return references.target(path, mention)
    catalog = references.catalog
    former = catalog.graph.aliases.get(mention.name, ())
    return catalog.paths.get(mention.name) or next(iter(former), None)


def _file_by_alias(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    for place, _ in _alias_places(catalog, path):
        if contains(place, line, column):
            return _file_symbol_at(path, place, Place(path))
    return None


def _alias_places(catalog: Catalog, path: str) -> Iterator[tuple[Place, str]]:
    document = catalog.document(path) if path in catalog.ids else None
    value = document.value if document is not None else None
    aliases = value.get("aliases") if isinstance(value, Mapping) else None
    for index, alias in enumerate(aliases if isinstance(aliases, list) else ()):
        if document is not None and isinstance(alias, str):
            yield document.place(f"/aliases/{index}"), alias


def _ids_of_file(catalog: Catalog, path: str) -> Iterator[str]:
    identity = catalog.id_of(path)
    if identity is not None:
        yield identity
        yield from (alias for _, alias in _alias_places(catalog, path))


def _file_symbol_at(target: str, place: Place, definition: Place) -> Symbol:
    return Symbol(kind="file", name=target, place=place, homes=(target,), definition=definition)


def _file_by_schema_reference(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
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
                return _referenced_schema(catalog, path, place, pointer, value)
    return None


def _referenced_schema(
    catalog: Catalog, path: str, place: Place, pointer: str, value: str
) -> Symbol | None:
    name, _, fragment = value.partition(_FRAGMENT)
    target, root = path, _schema_root(catalog, path, pointer)
    if name:
        found = catalog.resolver.follow("schema", name, place, path)
        target, root = getattr(found, "target", ""), ""
    document = _schema_document(catalog, target)
    if document is None or not catalog.files.is_file(target):
        return None
    return _file_symbol_at(target, place, document.place(f"{root}{fragment}", True))


def _schema_root(catalog: Catalog, path: str, pointer: str) -> str:
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


# Which function finds the places of each kind of symbol.

_PLACES_BY_KIND: Mapping[str, Callable[[Catalog, Symbol], Iterator[Place]]] = {
    "file": file_places,
    "input": all_places,
    "item": item_places,
    "local": local_places,
}

_NEARBY_PLACES_BY_KIND: Mapping[str, Callable[[Catalog, Symbol], Iterator[Place]]] = {
    "file": nearby_file_places,
    "input": nearby_input_places,
}
"""Faster than `_PLACES_BY_KIND`: only places in the file in which the symbol was found."""
