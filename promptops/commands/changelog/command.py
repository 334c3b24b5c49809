"""`promptops changelog`."""

from __future__ import annotations

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("releases", nargs=-1, metavar="[RELEASE]...")
@common("text", "markdown", "json")
def command(output: OutputOptions, releases: tuple[str, ...]) -> int:
    """List what each release changed, highest version first, from the tags alone.

    \b
    Example:
      promptops changelog
      promptops changelog v1.4.0 --format markdown=notes.md
    """
    from promptops.commands.release.changelog import changelog

    history = changelog(output.directory, releases, output.overrides)
    if not history:
        output.note("there is no release yet (`promptops release` creates one)")
    output.write_report("changelog", history)
    return 0
