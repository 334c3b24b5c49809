"""`promptops new`."""

from __future__ import annotations

from typing import Any

import click

from promptops.terminal.complete import complete_id
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("identity", metavar="ID", shell_complete=complete_id)
@common("text", "json")
def command(output: OutputOptions, identity: str) -> int:
    """Create a prompt file from a template, for you to edit.

    The id is its path below the prompt root, without the extension. Existing files are never
    overwritten.

    \b
    Example:
      promptops new support/triage
    """
    from promptops.commands.init.new import create_prompt
    from promptops.report.data_text import write_json

    created = create_prompt(output.directory, identity)
    output.write_each(lambda name, _: _text(created) if name == "text" else write_json(created))
    return 0


def _text(created: Any) -> str:
    from promptops.report.visible import visible

    lines = [f"wrote {path}" for path in (created.schema_copy, created.path) if path]
    lines += [f"to add: {visible(name)}" for name in created.missing]
    return "\n".join([*lines, f"next: promptops render {created.id}", ""])
