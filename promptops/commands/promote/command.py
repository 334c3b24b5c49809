"""`promptops promote`."""

from __future__ import annotations

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("release", metavar="RELEASE")
@click.argument("channel", metavar="CHANNEL")
@click.option(
    "--commit", "committed", is_flag=True, help="Commit channels.yaml, and no other file."
)
@click.option(
    "--allow-breaking",
    is_flag=True,
    help="Promote even if it breaks callers of the release that the channel serves now.",
)
@click.option("--create", is_flag=True, help="Create the channel if other channels exist already.")
@common("text", "json", acts=True)
def command(
    output: OutputOptions,
    *,
    release: str,
    channel: str,
    committed: bool,
    allow_breaking: bool,
    create: bool,
) -> int:
    """Point a channel at a release (edits channels.yaml).

    Applications that load the channel get the release once the edit is on the default branch. Exits
    1 and edits nothing if the release does not match its tag, or breaks callers of the release that
    the channel serves now.

    \b
    Example:
      promptops promote v1.8.0 production
      promptops promote v1.8.0 production --commit
    """
    from promptops.commands.promote.promote import (
        PromoteOptions,
        promote,
        saving_options,
        write_move,
    )

    wanted = PromoteOptions(
        release=release, channel=channel, allow_breaking=allow_breaking, create=create
    )
    move = promote(output.directory, wanted, saving_options(committed=committed), output.overrides)
    return write_move(output, move)
