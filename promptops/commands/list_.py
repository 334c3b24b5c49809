"""`promptops list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from promptops.plurals import counted
from promptops.terminal.options import Command, at_option, common, note_hidden, selection
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.workspace.selection import SelectionOptions


@click.command("list", cls=Command)
@selection
@at_option
@common("text", "json")
def command(output: OutputOptions, wanted: SelectionOptions, revision: str) -> int:
    """List the prompts of the catalog.

    Warns about files below the prompt roots that look like prompts but are not read as prompts:
    YAML files with another extension, and prompt files of other tools. Notes prompts that git
    ignores. A prompt that can't be read is shown as `unreadable`.

    \b
    Example:
      promptops list
      promptops list 'support/*' --select status:active
      promptops list --at v1.2.0 --format json
    """
    from promptops.catalog.unread_prompts import UNREAD_MESSAGE
    from promptops.report.parts.json_text import json_text
    from promptops.report.parts.visible import visible, visible_path
    from promptops.workspace.listing import prompt_listing, unread_files
    from promptops.workspace.selection import select
    from promptops.workspace.workspace import workspace

    with workspace(output.directory, revision, output.overrides) as opened:
        value = prompt_listing(opened, select(opened, wanted))
        unread = unread_files(opened) if wanted.everything else ()
        if wanted.everything:
            note_hidden(output, opened)
    output.write_each(lambda name, _: _text(value) if name == "text" else json_text(value))
    for path, hint in unread:
        output.note(f"{visible_path(path)}: warning: {UNREAD_MESSAGE}\n  tip: {visible(hint)}")
    return 0


def _text(value: dict[str, Any]) -> str:
    from promptops.report.parts.visible import visible, visible_line

    rows = [
        (
            visible_line(entry["id"]),
            "unreadable" if entry["digest"] is None else entry["status"],
            visible(entry["model"] or "-"),
            counted(entry["cases"], "case"),
        )
        for entry in value["prompts"]
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]])
        + "\n"
        for row in rows
    )
