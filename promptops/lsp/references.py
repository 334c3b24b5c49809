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


def highlights(
    file: OpenFile, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight]:
    """The places of the same name in this file."""
    with names_in(file) as names:
        symbol = names.symbol(params.position)
        found = () if symbol is None else places_of(names.catalog, symbol)
        own = tuple(place for place in found if place.path == file.path)
        locations = names.locations(own)
    return [types.DocumentHighlight(range=location.range) for location in locations]
