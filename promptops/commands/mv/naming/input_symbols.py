"""The inputs that names in prompts, partials and case files refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from promptops.catalog.catalog import Catalog
from promptops.commands.mv.naming.families import declared, family_of
from promptops.commands.mv.naming.input_places import InputPlace, input_places
from promptops.commands.mv.naming.prompt_facts import facts_of
from promptops.commands.mv.naming.symbol import Symbol
from promptops.commands.mv.naming.template_texts import prompts_using
from promptops.commands.mv.naming.words import Words
from promptops.model.place import Place
from promptops.records import replace


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


def input_by_name(catalog: Catalog, word: Place, name: str) -> Symbol | None:
    """The input of that name, for a file that can't be parsed, whose places are not known."""
    using = prompts_using(catalog, word.path)
    homes = tuple(path for path in using if name in declared(catalog, path))
    return Symbol(kind="input", name=name, place=word, homes=homes) if homes else None


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


def nearby_input_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Those of `all_places` in the prompts in which the input was found."""
    yield from _named_in(catalog, symbol, symbol.homes)


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
