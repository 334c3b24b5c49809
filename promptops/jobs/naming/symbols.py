"""What the name at a position refers to, where that is defined, and where else it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.jobs.naming.file_symbols import file_places, file_symbol, nearby_file_places
from promptops.jobs.naming.input_symbols import (
    all_places,
    declarations,
    input_symbol,
    nearby_input_places,
)
from promptops.jobs.naming.item_symbols import item_places, item_symbol
from promptops.jobs.naming.local_symbols import local_places, local_symbol
from promptops.jobs.naming.symbol import Symbol
from promptops.jobs.naming.template_texts import prompts_using
from promptops.jobs.naming.words import Words
from promptops.model.place import Place


def symbol_at(catalog: Catalog, path: str, line: int, column: int) -> Symbol | None:
    """What the name that a position is in or after refers to; line and column are 1-based."""
    if not catalog.files.is_file(path):
        return None
    found = file_symbol(catalog, path, line, column)
    if found is not None:
        return found
    words = Words(catalog.files)
    word = words.word_at(path, line, column)
    return None if word is None else _named(catalog, word, words.at(word))


def _named(catalog: Catalog, word: Place, name: str) -> Symbol | None:
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
    return tuple(sorted({*_PLACES[symbol.kind](catalog, symbol)}))


def nearby_places_of(catalog: Catalog, symbol: Symbol) -> tuple[Place, ...]:
    """Those of `places_of` in the file in which the symbol was found."""
    found = _NEARBY_PLACES.get(symbol.kind, _PLACES[symbol.kind])(catalog, symbol)
    return tuple(sorted({place for place in found if place.path == symbol.place.path}))


_PLACES: Mapping[str, Callable[[Catalog, Symbol], Iterator[Place]]] = {
    "file": file_places,
    "input": all_places,
    "item": item_places,
    "local": local_places,
}

_NEARBY_PLACES: Mapping[str, Callable[[Catalog, Symbol], Iterator[Place]]] = {
    "file": nearby_file_places,
    "input": nearby_input_places,
}
"""Where that takes less than `_PLACES`: only places in the file in which the symbol was found."""
