"""The name that a `for_each` gives each item of an input."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.jobs.naming.prompt_facts import facts_of
from promptops.jobs.naming.symbol import Symbol
from promptops.jobs.naming.words import Words
from promptops.model.place import Place
from promptops.model.prompt import ForEach


def item_symbol(catalog: Catalog, home: str, word: Place, name: str) -> Symbol | None:
    """The item that a word in a prompt or in one of its partials refers to."""
    for turn in _turns(catalog, home, name):
        if word in _places(catalog, home, turn):
            place = _definition(catalog, home, turn)
            return Symbol(kind="item", name=name, place=word, homes=(home,), definition=place)
    return None


def item_places(catalog: Catalog, symbol: Symbol) -> Iterator[Place]:
    """Every place of the name of an item."""
    home = symbol.homes[0]
    for turn in _turns(catalog, home, symbol.name):
        if _definition(catalog, home, turn) == symbol.definition:
            yield from _places(catalog, home, turn)


def _turns(catalog: Catalog, home: str, name: str) -> Iterator[ForEach]:
    prompt = catalog.loaded(home).prompt
    for turn in prompt.messages if prompt is not None else ():
        if isinstance(turn, ForEach) and turn.name == name:
            yield turn


def _definition(catalog: Catalog, home: str, turn: ForEach) -> Place | None:
    prompt = catalog.loaded(home).prompt
    assert prompt is not None, "it has the turn"
    return Words(catalog.files).name_in(prompt.locate(f"{turn.at}/as", False), turn.name)


def _places(catalog: Catalog, home: str, turn: ForEach) -> set[Place]:
    found = {_definition(catalog, home, turn)}
    subject = facts_of(catalog, catalog.loaded(home))
    for scope in subject.scopes:
        if not scope.at.startswith(f"{turn.at}/"):
            continue
        for use in scope.scope.uses:
            is_item = use.name == turn.source and not use.aliases
            if is_item and use.site.source == turn.name:
                found.add(use.site.place)
    return {place for place in found if place is not None}
