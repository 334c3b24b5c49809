"""What `promote` and `rollback` share."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from promptops.cli.output import OutputOptions
from promptops.model.report import plain

if TYPE_CHECKING:
    from promptops.jobs.channels.move import Saving
    from promptops.model.channel import Move


def saving_options(*, committed: bool) -> Saving:
    """How the change is saved; git may ask for a passphrase only on a terminal."""
    from promptops.jobs.channels.move import Saving

    return Saving(committed=committed, interactive=sys.stdin.isatty() and sys.stderr.isatty())


def write_move(output: OutputOptions, move: Move) -> int:
    """Write the reports about a channel; returns the exit code."""
    for name, file in output.formats:
        style = output.style if file == "-" else plain
        written: str = import_module(f"promptops.report.channel.{name}").write(move, style=style)
        output.write(written, file)
    return int(bool(move.refusals))
