"""`promptops log`."""

from __future__ import annotations

from typing import Any

import click

from promptops.errors import UsageError
from promptops.terminal.complete import complete_prompt
from promptops.terminal.options import Command, common, select_option
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[ID|PATH|RELEASE]...", shell_complete=complete_prompt)
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
@select_option("--releases", is_flag=True, help="Show what each release changed, or those named.")
@common("text", "json", "markdown")
def command(output: OutputOptions, **options: Any) -> int:
    """Show the semantic history of a prompt: what changed for the model and for callers, and when.

    With --releases: what each release changed, highest version first, from the tags alone.

    Includes changes through partials, schemas and the configuration, and under the prompt's earlier
    names. A merge shows what it brought into the branch. Without ID, --channel only prints which
    release the channel served at that time.

    \b
    Example:
      promptops log support/triage
      promptops log support/triage --at v1.4.0 -n 5
      promptops log support/triage --at 2026-01-31T03:00Z --channel production
      promptops log --releases v1.4.0 --format markdown=notes.md
    """
    from promptops.commands.log.log import LogOptions, log
    from promptops.repo.revisions import FETCH_ALL
    from promptops.report.visible import visible

    names, releases = options.pop("names"), options.pop("releases")
    if releases:
        return _releases(output, names, options)
    if names[1:]:
        raise UsageError("log shows one prompt", hint=f"leave out {names[1]!r}")
    if "markdown" in dict(output.formats):
        raise UsageError("the format markdown is for --releases", hint="write text or json")
    wanted = LogOptions(prompt=names[0] if names else None, **options)
    if wanted.prompt is None and wanted.channel is None:
        raise UsageError("the prompt is missing", hint="`promptops list` shows the prompts")
    history = log(output.directory, wanted, output.overrides)
    for note in history.notes:
        output.note(visible(note))
    if history.shallow:
        output.note(f"older history is missing: {FETCH_ALL}")
    output.write_report("log", history)
    return 0


def _releases(output: OutputOptions, names: tuple[str, ...], options: dict[str, Any]) -> int:
    from promptops.commands.log.releases import release_history

    for name in ("at", "channel", "all"):
        if options[name]:
            raise UsageError(f"--releases and --{name} exclude each other")
    history = release_history(output.directory, names, output.overrides, options["number"])
    if not history.releases:
        output.note("there is no release yet (`promptops release` creates one)")
    output.write_report("log", history)
    return 0
