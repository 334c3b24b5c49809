"""`promptops log`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from promptops.cli.complete import complete_prompt
from promptops.cli.options import common
from promptops.cli.output import OutputOptions
from promptops.errors import UsageError


@click.command()
@click.argument("prompt", required=False, metavar="ID|PATH", shell_complete=complete_prompt)
@click.option(
    "--at",
    metavar="REV|TIME",
    help="Go back from a commit, tag or branch, not from HEAD; with --channel, a time.",
)
@click.option("--channel", metavar="NAME", help="Go back from the release it served then, or now.")
@click.option(
    "-n", "number", type=click.IntRange(min=1), metavar="N", help="The newest N, no more."
)
@click.option("--all", is_flag=True, help="Also commits that changed nothing of its meaning.")
@common("text", "json")
def command(output: OutputOptions, **options: Any) -> int:
    """The history of a prompt by meaning: what changed for the model and for callers, and when.

    Also through partials, schemas and the configuration, and under the names that it had before.
    Of a merge, what it brought onto the branch. Without ID, --channel only says which release it
    served at that time.

    \b
    Example:
      promptops log support/triage
      promptops log support/triage --at v1.4.0 -n 5
      promptops log support/triage --at 2026-01-31T03:00Z --channel production
    """
    from promptops.jobs.history.log import LogOptions, log
    from promptops.model.report import plain
    from promptops.repo.revisions import FETCH_ALL
    from promptops.report.parts.visible import visible

    wanted = LogOptions(**options)
    if wanted.prompt is None and wanted.channel is None:
        raise UsageError("which prompt?", hint="`promptops list` shows them")
    history = log(output.directory, wanted, output.overrides)
    for note in history.notes:
        output.note(visible(note))
    if history.shallow:
        output.note(f"what is older is not here: {FETCH_ALL}")
    for name, file in output.formats:
        write = import_module(f"promptops.report.log.{name}").write
        output.write(write(history, style=output.style if file == "-" else plain), file)
    return 0
