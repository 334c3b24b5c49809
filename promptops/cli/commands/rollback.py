"""`promptops rollback`."""

from __future__ import annotations

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions


@click.command()
@click.argument("channel", metavar="CHANNEL")
@click.option("--to", metavar="RELEASE", help="Which release, where it is not the one before.")
@click.option("--commit", "committed", is_flag=True, help="Commit channels.yaml, and only it.")
@click.option(
    "--allow-unsigned",
    is_flag=True,
    help="Also to a release without a signature, from before signing began; the commit records it.",
)
@common("text", "json")
def command(
    output: OutputOptions, channel: str, to: str | None, committed: bool, allow_unsigned: bool
) -> int:
    """Have a channel serve the release before again.

    Which one that was, the history of channels.yaml tells. The serial goes up all the same: readers
    refuse a lower one, so reverting the commit of a promotion would change nothing for them. Rolled
    back a second time, a channel goes back one more.

    \b
    Example:
      promptops rollback production
      promptops rollback production --to v1.6.2 --commit
    """
    from promptops.cli.channel_output import saving, shown
    from promptops.jobs.channels.rollback import rollback

    move = rollback(
        output.directory,
        channel,
        to,
        saving(committed=committed),
        output.overrides,
        allow_unsigned=allow_unsigned,
    )
    return shown(output, move)
