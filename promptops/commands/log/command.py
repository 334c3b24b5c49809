"""`promptops log`."""

from __future__ import annotations

from typing import Any

import click

from promptops.errors import UsageError
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import Command, common, select_option
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("prompt", required=False, metavar="ID|PATH", shell_complete=complete_prompt)
@select_option(
    "--at",
    metavar="REV|TIME",
    help="Start at this commit, tag or branch instead of HEAD; with --channel, at a time.",
)
@select_option(
    "--channel",
    metavar="NAME",
    help="Start at the release that the channel served at that time, or serves now.",
)
@select_option(
    "-n",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="Show at most N entries, the newest ones.",
)
@select_option("--all", is_flag=True, help="Also show commits without a semantic change.")
@common("text", "json")
def command(output: OutputOptions, **options: Any) -> int:
    """Show the semantic history of a prompt: what changed for the model and for callers, and when.

    Includes changes through partials, schemas and the configuration, and under the prompt's earlier
    names. A merge shows what it brought into the branch. Without ID, --channel only prints which
    release the channel served at that time.

    \b
    Example:
      promptops log support/triage
      promptops log support/triage --at v1.4.0 -n 5
      promptops log support/triage --at 2026-01-31T03:00Z --channel production
    """
    from promptops.commands.log.log import LogOptions, log
    from promptops.repo.revisions import FETCH_ALL
    from promptops.report.parts.visible import visible

    wanted = LogOptions(**options)
    if wanted.prompt is None and wanted.channel is None:
        raise UsageError("the prompt is missing", hint="`promptops list` shows the prompts")
    history = log(output.directory, wanted, output.overrides)
    for note in history.notes:
        output.note(visible(note))
    if history.shallow:
        output.note(f"older history is missing: {FETCH_ALL}")
    output.write_report("log", history)
    return 0
