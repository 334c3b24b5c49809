"""`promptops textconv`."""

from __future__ import annotations

from pathlib import Path

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@common("text")
def command(output: OutputOptions, file: Path) -> int:
    """Print a prompt file as readable text, for `git diff` and `git log -p`.

    Git runs it after `promptops init --git-diff`. The text shows the content without YAML syntax,
    one fact per line; a file that can't be parsed is printed unchanged.

    \b
    Example:
      promptops textconv prompts/support/triage.prompt.yaml
      git diff --word-diff
    """
    from promptops.commands.init.textconv import readable_text

    text = readable_text(output.directory / file)
    output.write_each(lambda _name, _style: text)
    return 0
