"""What `promote` and `rollback` share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.promote.move import Saving
    from promptops.model.channel import Move


def saving_options(*, committed: bool) -> Saving:
    """How the change is saved; git may ask for a passphrase only on a terminal."""
    from promptops.commands.promote.move import Saving

    return Saving(committed=committed, interactive=sys.stdin.isatty() and sys.stderr.isatty())


def write_move(output: OutputOptions, move: Move) -> int:
    """Write the reports about a channel; returns the exit code."""
    output.write_report("channel", move)
    return int(bool(move.refusals))
