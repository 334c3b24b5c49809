"""Progress of scoring samples, on a terminal."""

from __future__ import annotations

import sys
from time import monotonic

import click

from promptops.plurals import counted
from promptops.terminal.output import OutputOptions

_CLEAR = "\r\x1b[K"


class SampleProgress:
    """Shows on stderr how many samples were read, and how fast; nothing in a pipe."""

    def __init__(self, output: OutputOptions) -> None:
        self._is_shown = sys.stderr.isatty() and not output.quiet
        self._began = monotonic()

    def read(self, samples: int) -> None:
        """So many samples were read since the start."""
        if self._is_shown:
            rate = samples / max(monotonic() - self._began, 0.001)
            click.echo(f"{_CLEAR}{counted(samples, 'sample')}, {rate:,.0f}/s", nl=False, err=True)

    def ends(self) -> None:
        """Remove the line."""
        if self._is_shown:
            click.echo(_CLEAR, nl=False, err=True)
