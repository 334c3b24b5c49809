"""Go to the definition of a name."""

from __future__ import annotations

from lsprotocol import types

from promptops.jobs.naming.symbols import definitions_of
from promptops.lsp.names import names_in
from promptops.lsp.open_file import OpenFile


def definition(file: OpenFile, params: types.DefinitionParams) -> list[types.Location]:
    """Where the name at a position is defined: inputs, names of templates, files."""
    with names_in(file) as names:
        symbol = names.symbol(params.position)
        if symbol is None:
            return []
        return names.locations(definitions_of(names.catalog, symbol))
