"""Highlight the places of a name in the file where the cursor is."""

from __future__ import annotations

from lsprotocol import types

from promptops.jobs.naming.symbols import nearby_places_of
from promptops.lsp.names import names_in
from promptops.lsp.open_file import OpenFile


def document_highlights(
    file: OpenFile, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight]:
    """All places in this file that name what the name at a position refers to."""
    with names_in(file) as names:
        symbol = names.symbol(params.position)
        found = () if symbol is None else nearby_places_of(names.catalog, symbol)
        current = (names.current(place) for place in found)
        return [
            types.DocumentHighlight(range=file.range_of(place))
            for place in current
            if place is not None
        ]
