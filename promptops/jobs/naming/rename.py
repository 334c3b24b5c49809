"""Rename what a name refers to."""

from __future__ import annotations

from promptops.errors import UsageError
from promptops.jobs.naming.input_rename import rename_input
from promptops.jobs.naming.local_rename import rename_local
from promptops.jobs.naming.symbol import Symbol
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.finding import Edit


def rename(workspace: Workspace, symbol: Symbol, new: str) -> tuple[Edit, ...]:
    """The edits that give a symbol a new name, sorted by place; nothing is written.

    Raises UsageError and InputError with the reason why it can't have that name.
    """
    refuse_file(symbol)
    if symbol.kind == "input":
        return rename_input(workspace, symbol.homes[0], symbol.name, new)
    return rename_local(workspace, symbol, new)


def refuse_file(symbol: Symbol) -> None:
    """Raise UsageError for a file: its name is not changed by editing a reference."""
    if symbol.kind == "file":
        hint = "rename the file: references to it follow, as with `promptops mv`"
        raise UsageError(f"`{symbol.name}` is a file", hint=hint)
