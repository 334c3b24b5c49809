"""`promptops changelog`."""

from __future__ import annotations

from importlib import import_module

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions


@click.command()
@click.argument("releases", nargs=-1, metavar="[RELEASE]...")
@common("text", "markdown", "json")
def command(output: OutputOptions, releases: tuple[str, ...]) -> int:
    """List what each release changed, highest version first, from the tags alone.

    \b
    Example:
      promptops changelog
      promptops changelog v1.4.0 --format markdown=notes.md
    """
    from promptops.jobs.release.changelog import changelog
    from promptops.model.report import plain

    history = changelog(output.directory, releases, output.overrides)
    if not history:
        output.note("there is no release yet (`promptops release` creates one)")
    for name, file in output.formats:
        write = import_module(f"promptops.report.changelog.{name}").write
        output.write(write(history, style=output.style if file == "-" else plain), file)
    return 0
