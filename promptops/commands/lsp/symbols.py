"""What a name at a position means, in files that are whole or half typed, and where else it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import chain, islice
from typing import Any, Literal

from lsprotocol import types

from promptops.analysis.local_names import LocalName, local_names
from promptops.analysis.spans import Offsets
from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.catalog.files import Files
from promptops.commands.lsp.documents import OpenFile, split_lines
from promptops.commands.mv.references import Mention, References
from promptops.evals.unknown_names import inputs_in_assertions
from promptops.json_pointer import escaped, tokens
from promptops.lint.subject import PromptFacts
from promptops.lint.undefined import named_by_messages
from promptops.model.line_shift import LineShift, line_shift
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place, Text
from promptops.model.prompt import ForEach, Prompt
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.runtime.template.template import TemplateError, parse
from promptops.source.document import Document
from promptops.source.json_lines import read_json
from promptops.source.lines import Lines
from promptops.source.paths import may_be_template
from promptops.source.references import subschemas


@record(frozen=True, slots=True, kw_only=True)
class Symbol:
    """What the name at a position refers to.

    Attributes:
        kind: `input`: of a prompt; `item`: of a `for_each`; `local`: defined by a template with
            `set`, `for`, `with`, a macro or an import; `file`: a file, or a prompt by its id.
        name: Of a file, its path.
        place: Of the name at the position: of an input or a local without quotes.
        homes: The files that define it: of an input the prompts in which it was found.
        definition: Where it is defined; None for an input, which is searched when needed.
    """

    kind: Literal["input", "item", "local", "file"]
    name: str
    place: Place
    homes: tuple[str, ...]
    definition: Place | None = None


# The inputs that names in prompts, partials and case files refer to.


def input_symbol(catalog: Catalog, word: Place, name: str) -> Symbol | None:
    """The input that a word refers to in each prompt that uses its file; None if none has it."""
    words = Words(catalog.files)
    homes = tuple(
        path
        for path in prompts_using(catalog, word.path)
        if any(
            words.name_in(each.place, name) == word
            for each in _places(catalog, path, name)
            if each.place.path == word.path
        )
    )
    if not homes:
        return None
    return Symbol(kind="input", name=name, place=word, homes=homes)


def declarations(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Where an input is declared, in each prompt in which it was found."""
    words = Words(catalog.files)
    for home in symbol.homes:
        for path in family_of(catalog, home, symbol.name):
            for each in _places(catalog, path, symbol.name):
                place = words.name_in(each.place, symbol.name) if each.declares else None
                if place is not None:
                    yield place


def all_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Every place that names an input, in the prompts that have it."""
    families = (family_of(catalog, home, symbol.name) for home in symbol.homes)
    yield from _named_in(catalog, symbol, dict.fromkeys(chain(*families)))


def _named_in(catalog: Catalog, symbol: Symbol, paths: Iterable[str]) -> Iterator[Place]:
    words = Words(catalog.files)
    for path in paths:
        for each in _places(catalog, path, symbol.name):
            place = words.name_in(each.place, symbol.name)
            if place is not None:
                yield place


def _places(catalog: Catalog, path: str, name: str) -> Iterator[InputPlace]:
    loaded = catalog.loaded(path)
    readable = replace(loaded, prompt=loaded.prompt or loaded.templates)
    return input_places(facts_of(catalog, readable), name)


# What the name at a position refers to, where that is defined, and where else it is named.


def symbol_at(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    """What the name that a position is in or after refers to; line and column are 1-based."""
    if not catalog.files.is_file(path):
        return None
    found = (
        _file_by_schema_reference(catalog, path, line, column)
        or _file_by_mention(catalog, path, line, column)
        or _file_by_alias(catalog, path, line, column)
    )
    words = Words(catalog.files)
    word = words.word_at(path, line, column)
    if found is not None or word is None:
        return found
    name = words.at(word)
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
    home = symbol.homes[0]
    for local in _locals_of(catalog, home):
        if local.definition == symbol.definition:
            is_exported = local.name.top and home not in catalog.ids
            imported = _imported_places(catalog, home, symbol.name) if is_exported else ()
            yield from (
                place for place in (*local.places(), *imported) if words.at(place) == symbol.name
            )


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


def file_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Every name of a file in other files, and the earlier ids in the file itself."""
    references = References(catalog)
    aliases = tuple(_alias_places(catalog, symbol.name))
    names = (symbol.name, catalog.id_of(symbol.name) or symbol.name, *(name for _, name in aliases))
    for path in references.mentioning({name.rpartition("/")[2] for name in names}):
        yield from _mentions_of_file(references, symbol, path)
    yield from (place for place, _ in aliases)


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
    target, root = path, ""
    if path in catalog.ids:  # the schema in a prompt file that contains the `$ref`
        first, *rest = tokens(pointer)
        depth = {"inputs": 0, "output": 1, "tools": 2}.get(first, 0)
        root = "".join(f"/{step}" for step in (first, *rest[:depth]))
    if name:
        found = catalog.resolver.follow("schema", name, place, path)
        target, root = getattr(found, "target", ""), ""
    document = _schema_document(catalog, target)
    if document is None or not catalog.files.is_file(target):
        return None
    return _file_symbol_at(target, place, document.place(f"{root}{fragment}", True))


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
    "input": lambda catalog, symbol: _named_in(catalog, symbol, symbol.homes),
}
"""Faster than `_PLACES_BY_KIND`: only places in the file in which the symbol was found."""


# Where the files of a prompt name an input: its schema, templates, cases and assertions.

_IN_SCHEMA = "#/properties/"
"""How a `$ref` in the schema of the inputs begins that refers to an input."""


@record(frozen=True, slots=True, kw_only=True)
class InputPlace:
    """A place that names an input.

    Attributes:
        place: Of the name in a template, else of the scalar or the column as written.
        declares: It is the key of the input under `properties`.
    """

    place: Place
    declares: bool = False


def input_places(subject: PromptFacts, name: str) -> Iterator[InputPlace]:
    """The places in the files of a prompt that name an input; some may be yielded repeatedly.

    The schema is searched in the prompt file itself and not in the files that it extends.
    """
    yield from _in_schema(subject, name)
    prompt = subject.prompt
    if prompt is None:
        return
    for place in (*_in_prompt(prompt, name), *_in_templates(subject, name)):
        yield InputPlace(place=place)


def _in_schema(subject: PromptFacts, name: str) -> Iterator[InputPlace]:
    document = subject.document
    value = document.value
    inputs = value.get("inputs") if isinstance(value, Mapping) else None
    own = f"/inputs/properties/{escaped(name)}"
    for pointer, key in _schema_pointers(inputs, name, "/inputs"):
        yield InputPlace(place=document.place(pointer, key), declares=pointer == own)
    for pointer, part in subschemas(inputs, "/inputs"):
        if f"{part.get('$ref')}/".startswith(f"{_IN_SCHEMA}{escaped(name)}/"):
            within = len(_IN_SCHEMA), len(_IN_SCHEMA) + len(escaped(name))
            yield InputPlace(place=document.place(f"{pointer}/$ref", within=within))


def _schema_pointers(schema: Any, name: str, at: str) -> Iterator[tuple[str, bool]]:
    """The pointers in a schema of an object that name a property, and whether each is a key."""
    if not isinstance(schema, Mapping):
        return
    for key in ("properties", "dependentRequired", "dependentSchemas", "default"):
        if isinstance(schema.get(key), Mapping) and name in schema[key]:
            yield f"{at}/{key}/{escaped(name)}", True
    yield from _in_list(schema.get("required"), name, f"{at}/required")
    for key, names in _mapping(schema.get("dependentRequired")).items():
        yield from _in_list(names, name, f"{at}/dependentRequired/{escaped(key)}")
    for index, example in enumerate(_list(schema.get("examples"))):
        if isinstance(example, Mapping) and name in example:
            yield f"{at}/examples/{index}/{escaped(name)}", True
    for pointer, part in _parts(schema, at):
        yield from _schema_pointers(part, name, pointer)


def _parts(schema: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    """The schemas inside a schema that apply to the same object."""
    for key in ("not", "if", "then", "else"):
        yield f"{at}/{key}", schema.get(key)
    for key in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(_list(schema.get(key))):
            yield f"{at}/{key}/{index}", part
    for key, part in _mapping(schema.get("dependentSchemas")).items():
        yield f"{at}/dependentSchemas/{escaped(key)}", part


def _in_list(names: Any, name: str, at: str) -> Iterator[tuple[str, bool]]:
    for index, each in enumerate(_list(names)):
        if each == name:
            yield f"{at}/{index}", False


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _in_prompt(prompt: Prompt, name: str) -> Iterator[Place]:
    """In cases, assertions, `evaluation.retrieve`, and in messages outside of templates."""
    for case in prompt.cases:
        if name in case.own_inputs:
            yield case.locate(f"{case.at}/inputs/{escaped(name)}", True)
    for named, place in inputs_in_assertions(prompt):
        if named == name:
            yield place
    if name in (prompt.evaluation.get("retrieve") or {}):
        yield prompt.locate(f"/evaluation/retrieve/{escaped(name)}", True)
    for named, pointer in named_by_messages(prompt):
        if named == name:
            yield prompt.locate(pointer, False)


def _in_templates(subject: PromptFacts, name: str) -> Iterator[Place]:
    """The reads of the input itself, without those through another name."""
    for scope in subject.scopes:
        if name in scope.items:
            continue
        for use in scope.scope.uses:
            is_read = use.name == name and use.origin == "input" and not use.aliases
            if is_read and use.site.source == name:
                yield use.site.place


# Facts about prompts that do not depend on the date.

_ANY_DATE = date(2000, 1, 1)


def facts_of(catalog: Catalog, loaded: LoadedPrompt) -> PromptFacts:
    """Lint's facts about a prompt, for names, places and requests: none of them has a date."""
    return PromptFacts(catalog, loaded, _ANY_DATE)


# The templates that are written in a file, and the prompts that use a file.

MAX_PROMPTS = 20
"""Of the prompts that use a partial, so many are searched for the meaning of its names."""


def texts_of(catalog: Catalog, path: str) -> Iterator[Text]:
    """The templates in a file: the messages of a prompt, or the whole of a partial."""
    if path not in catalog.ids:
        text = catalog.files.text(path) if may_be_template(path) else None
        if text is not None:
            yield text
        return
    loaded = catalog.loaded(path)
    prompt = loaded.prompt or loaded.templates
    for text in texts(prompt) if prompt is not None else ():
        if text.path == path:
            yield text


def prompts_using(catalog: Catalog, path: str) -> tuple[str, ...]:
    """A prompt file itself; else the first prompt files that need a file."""
    if path in catalog.ids:
        return (path,)
    found = sorted(catalog.dependent_prompts(path))
    return tuple(islice((each for each in found if catalog.reaches(each, path)), MAX_PROMPTS))


# The characters of names in files: between quotes, in a column of a table, under a cursor.

_IDENTIFIER = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_INPUT_COLUMN = "inputs."
_BOM = "\ufeff"


class Words:
    """Reads places of files; each file is split into lines once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._lines: dict[str, Lines] = {}

    def at(self, place: Place) -> str:
        """The characters of a place; "" in a file that can't be read."""
        start, end = self._offsets(place)
        return self._lines_of(place.path).text[start:end]

    def name_in(self, place: Place, name: str) -> Place | None:
        """The place of a name alone, in the place of a scalar or of a table's column as written.

        None if the name is written with escapes, or if the file has another text there.
        """
        written = self.at(place)
        begin = len(written) - len(written.lstrip("\"'"))
        if written.startswith(_INPUT_COLUMN, begin):
            begin += len(_INPUT_COLUMN)
        found = _IDENTIFIER.match(written, begin)
        if found is None or found[0] != name:
            return None
        start = self._offsets(place)[0] + begin
        return self._lines_of(place.path).place(start, start + len(name))

    def word_at(self, path: str, line: int, column: int) -> Place | None:
        """The identifier that a position is in or after; line and column are 1-based."""
        lines = self._lines_of(path)
        if line > len(lines.starts):
            return None
        start, end = lines.row(line)
        for found in _IDENTIFIER.finditer(lines.text[start:end]):
            if found.start() <= column - 1 <= found.end():
                return lines.place(start + found.start(), start + found.end())
        return None

    def line(self, path: str, number: int) -> str:
        """A line of a file, 1-based, without its newline; the last one for a larger number."""
        lines = self._lines_of(path)
        start, end = lines.row(number)
        return lines.text[start:end]

    def _offsets(self, place: Place) -> tuple[int, int]:
        lines = self._lines_of(place.path)
        start = lines.row(place.line)[0] + place.column - 1
        return start, lines.row(place.end_line)[0] + place.end_column - 1

    def _lines_of(self, path: str) -> Lines:
        if path not in self._lines:
            text = self._files.text(path)
            value = text.value.removeprefix(_BOM) if text is not None else ""
            self._lines[path] = Lines(path, value)
        return self._lines[path]


def contains(place: Place, line: int, column: int) -> bool:
    """Whether a position is in a place or directly after it."""
    first, last = (place.line, place.column), (place.end_line, place.end_column)
    return first <= (line, column) <= last


# The input that a word in a half-typed template refers to.

_HALF_TYPED_WORD = lazy_pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_OPEN_TAG = lazy_pattern(r"\{[{%](?:(?![}%]\}).)*$")


def symbol_by_name(
    catalog: Catalog, path: str, written: str, line: int, column: int
) -> Symbol | None:
    """The input with the name at a position, in a tag whose template can't be parsed.

    Args:
        written: The line, which may differ from that in the catalog.
        line: Its number, 1-based.
        column: 1-based.
    """
    for word in _HALF_TYPED_WORD.finditer(written):
        if word.start() <= column - 1 <= word.end() and _is_read(written, word.start()):
            text = catalog.files.text(path)
            lines = text.value.split("\n") if text is not None else []
            changed = line > len(lines) or lines[line - 1] != written
            if changed or not _parses(catalog, path):
                place = Place(path, line, word.start() + 1, line, word.end() + 1)
                using = prompts_using(catalog, path)
                homes = tuple(each for each in using if word[0] in declared(catalog, each))
                found = Symbol(kind="input", name=word[0], place=place, homes=homes)
                return found if homes else None
    return None


def _is_read(line: str, start: int) -> bool:
    """Whether a word is in a tag, outside of strings and not an attribute."""
    tag = _OPEN_TAG.search(line, 0, start)
    if tag is None or line[:start].rstrip().endswith((".", "|")):
        return False
    return all(tag[0].count(quote) % 2 == 0 for quote in "\"'")


def _parses(catalog: Catalog, path: str) -> bool:
    for text in texts_of(catalog, path):
        try:
            parse(text.value)
        except TemplateError:
            return False
    return True


# The prompts that share an input, because they extend the prompt that declares it.

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


# What names in an open file refer to, also while the file is half typed.


@record(frozen=True, slots=True, kw_only=True)
class NameLookup:
    """The catalog in which a name is looked up.

    Attributes:
        file: As it is in the editor.
        shift: From the file as it could last be read; None if it can be read now.
    """

    file: OpenFile
    catalog: Catalog
    shift: LineShift | None = None

    def symbol(self, position: types.Position) -> Symbol | None:
        """What the name at a position refers to."""
        line, column = self.file.cursor(position)
        seen = line if self.shift is None else self.shift.to_old(line)
        catalog, path = self.catalog, self.file.path
        found = symbol_at(catalog, path, seen, column) if seen is not None else None
        written = split_lines(self.file.text)[line - 1]
        return found or symbol_by_name(catalog, path, written, line, column)

    def locations(self, places: tuple[Place, ...]) -> list[types.Location]:
        """The editor's locations; without those in lines that changed since."""
        current = (self.current(place) for place in places)
        return [self.file.location_of(place) for place in current if place is not None]

    def current(self, place: Place) -> Place | None:
        """The place in the file as it is now; None in a line that changed since."""
        if self.shift is None or place.path != self.file.path:
            return place
        return self.shift.to_new(place)


@contextmanager
def name_lookup(file: OpenFile) -> Iterator[NameLookup]:
    """The names of a file; for a prompt that can't be read, those that it had last."""
    shift = _shift(file)
    if shift is None:
        yield NameLookup(file=file, catalog=file.live.catalog)
        return
    with file.live.trying({file.path: file.live.readable_text(file.path) or ""}) as catalog:
        yield NameLookup(file=file, catalog=catalog, shift=shift)


def readable_places(file: OpenFile) -> Callable[[Place], Place | None]:
    """From a place of the prompt that `Live.readable` returns to the place in the text as it is.

    None in a line that changed since the prompt could last be read.
    """
    return NameLookup(file=file, catalog=file.live.catalog, shift=_shift(file)).current


def _shift(file: OpenFile) -> LineShift | None:
    """From the text that could last be read; None if that is the current text."""
    before = file.live.readable_text(file.path)
    now = file.live.catalog.files.text(file.path)
    if before is None or now is None or now.value == before:
        return None
    return line_shift(before, now.value)
