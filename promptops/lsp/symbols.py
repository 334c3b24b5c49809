"""The overview of a file."""

from __future__ import annotations

from lsprotocol import types

from promptops.jobs.naming.structure import FilePart, parts_of
from promptops.lsp.names import NameLookup, names_in
from promptops.lsp.open_file import OpenFile

_KINDS = {
    "section": types.SymbolKind.Namespace,
    "message": types.SymbolKind.String,
    "input": types.SymbolKind.Variable,
    "case": types.SymbolKind.Event,
    "tool": types.SymbolKind.Function,
    "output": types.SymbolKind.Struct,
    "model": types.SymbolKind.Object,
    "macro": types.SymbolKind.Function,
    "name": types.SymbolKind.Variable,
}


def document_symbols(
    file: OpenFile, _params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol]:
    """The parts of a file; of a half-typed prompt those outside of the changed lines."""
    with names_in(file) as names:
        return _symbols(names, parts_of(names.catalog, file.path))


def _symbols(names: NameLookup, parts: tuple[FilePart, ...]) -> list[types.DocumentSymbol]:
    found = (_symbol(names, part) for part in parts)
    return [symbol for symbol in found if symbol is not None]


def _symbol(names: NameLookup, part: FilePart) -> types.DocumentSymbol | None:
    whole, name = names.current(part.whole), names.current(part.name_place)
    if name is None:
        return None
    return types.DocumentSymbol(
        name=part.name,
        detail=part.detail or None,
        kind=_KINDS[part.kind],
        range=names.file.range_of(whole or name),
        selection_range=names.file.range_of(name),
        children=_symbols(names, part.parts),
    )
