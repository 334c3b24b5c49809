"""Rename what a name refers to, in all files."""

from __future__ import annotations

from lsprotocol import types

from promptops.errors import InputError, UsageError
from promptops.jobs.naming.rename import refuse_file
from promptops.jobs.naming.rename import rename as renamed
from promptops.jobs.naming.symbol import Symbol
from promptops.jobs.naming.symbols import symbol_at
from promptops.lsp.open_file import OpenFile
from promptops.lsp.workspace_edit import workspace_edit

RENAME_OPTIONS = types.RenameOptions(prepare_provider=True)


def prepare_rename(file: OpenFile, params: types.PrepareRenameParams) -> types.Range | None:
    """The range of the name at a position; None where there is nothing to rename.

    Raises UsageError for a name that can't be changed here.
    """
    symbol = _symbol(file, params.position)
    if symbol is None:
        return None
    refuse_file(symbol)
    return file.range_of(symbol.place)


def rename(file: OpenFile, params: types.RenameParams) -> types.WorkspaceEdit | None:
    """The edits that give the name at a position a new name; nothing is written.

    Raises UsageError and InputError with the reason for a refusal.
    """
    _refuse_unreadable(file)
    symbol = _symbol(file, params.position)
    if symbol is None:
        raise UsageError("there is nothing to rename here", hint="place the cursor on an input")
    return workspace_edit(file, renamed(file.live.workspace, symbol, params.new_name))


def _symbol(file: OpenFile, position: types.Position) -> Symbol | None:
    return symbol_at(file.live.catalog, file.path, *file.cursor(position))


def _refuse_unreadable(file: OpenFile) -> None:
    catalog = file.live.catalog
    if file.path in catalog.ids and catalog.loaded(file.path).prompt is None:
        problem = next(iter(catalog.loaded(file.path).problems), None)
        reason = f": {problem.message}" if problem is not None else ""
        raise InputError(f"the prompt can't be read{reason}", hint="fix it first")
