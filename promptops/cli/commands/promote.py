"""`promptops promote`."""

from __future__ import annotations

import click

from promptops.cli.options import common
from promptops.cli.output import OutputOptions


@click.command()
@click.argument("release", metavar="RELEASE")
@click.argument("channel", metavar="CHANNEL")
@click.option("--commit", "committed", is_flag=True, help="Commit channels.yaml, and only it.")
@click.option(
    "--allow-breaking", is_flag=True, help="Also where it breaks who uses the channel now."
)
@click.option("--create", is_flag=True, help="Make a new channel, where there are others.")
@common("text", "json")
def command(
    output: OutputOptions,
    *,
    release: str,
    channel: str,
    committed: bool,
    allow_breaking: bool,
    create: bool,
) -> int:
    """Have a channel serve a release, by an edit of channels.yaml.

    Applications that load the channel get it once the edit is on the default branch. Exit 1, and
    nothing is edited, where the release is not what its tag says, or breaks callers of the release
    that the channel serves now.

    \b
    Example:
      promptops promote v1.8.0 production
      promptops promote v1.8.0 production --commit
    """
    from promptops.cli.channel_output import saving, shown
    from promptops.jobs.channels.promote import PromoteOptions, promote

    wanted = PromoteOptions(
        release=release, channel=channel, allow_breaking=allow_breaking, create=create
    )
    move = promote(output.directory, wanted, saving(committed=committed), output.overrides)
    return shown(output, move)
