"""Where a name is defined and used, its rename, and the parts of a file that can be folded."""

from __future__ import annotations

from collections.abc import Iterator
from re import fullmatch

from lsprotocol import types

from promptops.analysis.template_blocks import template_blocks
from promptops.catalog.catalog import toml_places
from promptops.commands.lsp.cursor import PROFILE_POINTER, Here
from promptops.commands.lsp.documents import OpenFile, with_lf
from promptops.commands.lsp.edits import workspace_edit
from promptops.commands.lsp.names import NameLookup, names_in
from promptops.commands.mv.rename import refuse_file
from promptops.commands.mv.rename import rename as rename_edits
from promptops.commands.mv.structure import FilePart, parts_of
from promptops.commands.mv.symbols import (
    Symbol,
    definitions_of,
    nearby_places_of,
    places_of,
    symbol_at,
)
from promptops.errors import InputError, UsageError
from promptops.json_pointer import escaped
from promptops.source.indented_blocks import indented_blocks
from promptops.source.paths import is_yaml, may_be_template


def definition(file: OpenFile, params: types.DefinitionParams) -> list[types.Location]:
    """Where the name at a position is defined: inputs, names of templates, files, profiles."""
    with names_in(file) as names:
        symbol = names.symbol(params.position)
        if symbol is not None:
            return names.locations(definitions_of(names.catalog, symbol))
    return _profile_definition(Here(file, params.position))


def _profile_definition(here: Here) -> list[types.Location]:
    """The table in the configuration of the profile that is named at a position."""
    if here.cursor.part != "value" or not fullmatch(PROFILE_POINTER, here.pointer):
        return []
    name, catalog = here.scalar()[0], here.file.live.catalog
    places = toml_places(catalog)
    if places is None or name not in catalog.config.models:
        return []
    return [here.file.location_of(places.place(f"/models/{escaped(name)}"))]


# Find all places of a name.


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


# Highlight the places of a name in the file where the cursor is.


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


# Rename what a name refers to, in all files.

RENAME_OPTIONS = types.RenameOptions(prepare_provider=True)


def prepare_rename(file: OpenFile, params: types.PrepareRenameParams) -> types.Range | None:
    """The range of the name at a position; None where there is nothing to rename.

    Raises UsageError for a name that can't be changed here.
    """
    symbol = _renamed_symbol(file, params.position)
    if symbol is None:
        return None
    refuse_file(symbol)
    return file.range_of(symbol.place)


def rename(file: OpenFile, params: types.RenameParams) -> types.WorkspaceEdit | None:
    """The edits that give the name at a position a new name; nothing is written.

    Raises UsageError and InputError with the reason for a refusal.
    """
    _refuse_unreadable(file)
    symbol = _renamed_symbol(file, params.position)
    if symbol is None:
        raise UsageError("there is nothing to rename here", hint="place the cursor on an input")
    return workspace_edit(file, rename_edits(file.live.workspace, symbol, params.new_name))


def _renamed_symbol(file: OpenFile, position: types.Position) -> Symbol | None:
    return symbol_at(file.live.catalog, file.path, *file.cursor(position))


def _refuse_unreadable(file: OpenFile) -> None:
    catalog = file.live.catalog
    if file.path in catalog.ids and catalog.loaded(file.path).prompt is None:
        problem = next(iter(catalog.loaded(file.path).problems), None)
        reason = f": {problem.message}" if problem is not None else ""
        raise InputError(f"the prompt can't be read{reason}", hint="fix it first")


# The overview of a file.

_SYMBOL_KINDS = {
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
        return _document_symbols(names, parts_of(names.catalog, file.path))


def _document_symbols(names: NameLookup, parts: tuple[FilePart, ...]) -> list[types.DocumentSymbol]:
    found = (_document_symbol(names, part) for part in parts)
    return [symbol for symbol in found if symbol is not None]


def _document_symbol(names: NameLookup, part: FilePart) -> types.DocumentSymbol | None:
    whole, name = names.current(part.whole), names.current(part.name_place)
    if name is None:
        return None
    return types.DocumentSymbol(
        name=part.name,
        detail=part.detail or None,
        kind=_SYMBOL_KINDS[part.kind],
        range=names.file.range_of(whole or name),
        selection_range=names.file.range_of(name),
        children=_document_symbols(names, part.parts),
    )


# The lines that an editor can hide: blocks of YAML and of templates.


def folding_ranges(file: OpenFile, _params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """The blocks of a file, sorted; a half-typed file has those that can be recognised."""
    lines = {(each.start_line, each.end_line): each for each in _blocks(file.path, file.text)}
    return [lines[key] for key in sorted(lines)]


def _blocks(path: str, text: str) -> Iterator[types.FoldingRange]:
    text = with_lf(text)
    if is_yaml(path):
        for first, last in indented_blocks(text):
            yield types.FoldingRange(start_line=first - 1, end_line=last - 1)
    for block in template_blocks(text) if is_yaml(path) or may_be_template(path) else ():
        kind = types.FoldingRangeKind.Comment if block.comment else None
        yield types.FoldingRange(start_line=block.first - 1, end_line=block.last - 1, kind=kind)
