"""`promptops rollback`."""

from __future__ import annotations

import click

from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions


@click.command(cls=Command)
@click.argument("channel", metavar="CHANNEL")
@click.option(
    "--release",
    "to",
    metavar="TAG",
    help="The release to go back to; the previous one by default.",
)
@click.option(
    "--commit", "committed", is_flag=True, help="Commit channels.yaml, and no other file."
)
@click.option(
    "--allow-unsigned",
    is_flag=True,
    help="Accept a release without a signature, from before signing began; recorded in the commit.",
)
@common("text", "json", acts=True)
def command(
    output: OutputOptions, channel: str, to: str | None, committed: bool, allow_unsigned: bool
) -> int:
    """Point a channel back at its previous release (edits channels.yaml).

    The previous release is taken from the history of channels.yaml. The serial still goes up:
    readers reject a lower one, so reverting the commit of a promotion would have no effect for
    them. A second rollback goes back one more release.

    \b
    Example:
      promptops rollback production
      promptops rollback production --release v1.6.2 --commit
    """
    from promptops.commands.promote.promote import rollback, saving_options, write_move

    move = rollback(
        output.directory,
        channel,
        to,
        saving_options(committed=committed),
        output.overrides,
        allow_unsigned=allow_unsigned,
    )
    return write_move(output, move)
