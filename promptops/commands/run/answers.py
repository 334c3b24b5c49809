"""Prints answers of models while they arrive: text on stdout, everything else on stderr."""

from __future__ import annotations

import sys

import click

from promptops.commands.run.report import (
    heading_line,
    problem_lines,
    saved_line,
    tool_lines,
    usage_line,
)
from promptops.evals.engine.ask import Answered, Failed
from promptops.evals.engine.budget import Estimate
from promptops.model.prompt_run import ModelAnswer
from promptops.report.answer_text import VisibleStream
from promptops.terminal.output import OutputOptions
from promptops.terminal.progress import ShownProgress, estimate_line

_WAITING = "waiting for the first text …"


class ShownAnswers(ShownProgress):
    """The first answer is printed while it arrives, each later one as soon as it is its turn."""

    def __init__(self, output: OutputOptions, profiles: tuple[str, ...]) -> None:
        """`profiles` are the names of several models; empty for one."""
        super().__init__(output)
        self._headings = profiles
        self._shows_text = output.format == "text"
        self._number = 0
        self._begun = False
        self._stream = VisibleStream()
        self._waiting: dict[int, list[str]] = {}
        self._complete: dict[int, ModelAnswer] = {}
        self._notes_wait = False
        self._asked = False

    def begins(self, estimate: Estimate) -> None:
        if self._asked:  # judges
            super().begins(estimate)
            return
        self._asked = True
        self._output.note(estimate_line(estimate))
        if sys.stderr.isatty() and not self._output.quiet:
            click.echo(_WAITING, err=True, nl=False)
            self._notes_wait = True

    def ends(self) -> None:
        self._end_waiting()
        super().ends()

    def saved(self, path: str) -> None:
        """The inputs are now a test case in this file."""
        self._output.note(saved_line(path))

    def came(self, outcome: Answered | Failed) -> None:
        if self._bar is not None:
            super().came(outcome)

    def text(self, number: int, piece: str) -> None:
        """Print a piece of the answer whose turn it is; keep one of another answer."""
        if number == self._number:
            self._print(piece)
        else:
            self._waiting.setdefault(number, []).append(piece)

    def answered(self, number: int, answer: ModelAnswer) -> None:
        """An answer has ended; print it, or its rest, as soon as it is its turn."""
        self._complete[number] = answer
        while (done := self._complete.pop(self._number, None)) is not None:
            self._finish(done)
            self._number += 1
            self._begun, self._stream = False, VisibleStream()
            for piece in self._waiting.pop(self._number, ()):
                self._print(piece)

    def _finish(self, answer: ModelAnswer) -> None:
        self._begin()
        self._write(self._stream.end())
        if not self._stream.at_line_start:
            self._write("\n")
        for line in tool_lines(answer):
            self._write(f"{line}\n")
        who = answer.profile if self._headings else ""
        for line in problem_lines(answer, self._output.style, who):
            click.echo(line, err=True)
        self._output.note(usage_line(answer, self._output.style))

    def _print(self, piece: str) -> None:
        self._begin()
        self._write(self._stream.add(piece))

    def _begin(self) -> None:
        self._end_waiting()
        if self._headings and not self._begun:
            self._write(f"{heading_line(self._headings[self._number], self._output.style)}\n")
        self._begun = True

    def _end_waiting(self) -> None:
        if self._notes_wait:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._notes_wait = False

    def _write(self, text: str) -> None:
        if self._shows_text and text:
            self._output.write(text)
