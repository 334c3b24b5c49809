"""Find all places of a name."""

from __future__ import annotations

from lsprotocol import types

from promptops.jobs.naming.symbols import definitions_of, places_of
from promptops.lsp.names import names_in
from promptops.lsp.open_file import OpenFile


def references(file: OpenFile, params: types.ReferenceParams) -> list[types.Location]:
    """All places that name what the name at a position refers to, in all files."""
    with names_in(file) as names:
        symbol = names.symbol(params.position)
        if symbol is None:
            return []
        found = places_of(names.catalog, symbol)
        if not params.context.include_declaration:
            defined = definitions_of(names.catalog, symbol)
            found = tuple(place for place in found if place not in defined)
        return names.locations(found)
