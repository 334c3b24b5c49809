"""Answers of `run`, printed while they arrive; their cost, and what is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from promptops.evals.engine.ask import Answered, Failed
from promptops.evals.engine.budget import Estimate
from promptops.model.prompt_run import ModelAnswer, PromptRun
from promptops.model.report import Style, plain
from promptops.model.test_run import AssertionResult
from promptops.plurals import counted, usd
from promptops.report.answer_text import VisibleStream, call_lines, visible_text
from promptops.report.visible import visible, visible_line, visible_path
from promptops.terminal.output import OutputOptions
from promptops.terminal.progress import ShownProgress, estimate_line


def write_text(run: PromptRun, *, style: Style = plain) -> str:
    """The answers as they are printed while they arrive; of several, each below its profile."""
    return "".join(_section(answer, run, style) for answer in run.answers)


def _section(answer: ModelAnswer, run: PromptRun, style: Style) -> str:
    text = visible_text(answer.text)
    heading = f"{heading_line(answer.profile, style)}\n" if run.answers[1:] else ""
    end = "\n" if text and not text.endswith("\n") else ""
    return heading + text + end + "".join(f"{line}\n" for line in tool_lines(answer))


def heading_line(profile: str, style: Style = plain) -> str:
    """The line before the answer of a model, if there are several."""
    return style("path", f"--- {visible(profile)}")


def tool_lines(answer: ModelAnswer) -> Iterator[str]:
    """The tool calls of an answer."""
    return call_lines(answer.answer.tool_calls if answer.answer is not None else ())


def usage_line(answer: ModelAnswer, style: Style = plain) -> str:
    """Model, tokens, cost and latency, such as `fast (m-1): 12 tokens in, 20 out, $0.01, 1.2 s`."""
    model = (answer.answer.model if answer.answer is not None else "") or answer.model
    facts = ", ".join(filter(None, (_tokens(answer), _cost(answer), _times(answer))))
    return f"{style('note', visible(answer.profile))} ({visible(model)}): {facts}"


def _tokens(answer: ModelAnswer) -> str:
    if answer.answer is None:
        return "incomplete" if answer.duration_s is not None else "not sent"
    usage = answer.answer.usage
    if not usage.input and not usage.output:
        return "tokens unknown"
    cached = f" ({usage.cached:,} cached)" if usage.cached else ""
    return f"{counted(usage.input, 'token')} in{cached}, {usage.output:,} out"


def _cost(answer: ModelAnswer) -> str:
    if answer.cost_usd is not None:
        return usd(answer.cost_usd)
    return "cost unknown" if answer.duration_s is not None else ""


def _times(answer: ModelAnswer) -> str:
    if answer.duration_s is None:
        return ""
    first = f", first text after {_seconds(answer.first_text_s)}" if answer.first_text_s else ""
    return f"{_seconds(answer.duration_s)}{first}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def problem_lines(answer: ModelAnswer, style: Style = plain, who: str = "") -> Iterator[str]:
    """Why an answer is incomplete, and what is unusual about a complete one.

    `who` is the name of the profile if there are several.
    """
    warning = (
        f"{visible(who)}: {style('warning', 'warning')}" if who else style("warning", "warning")
    )
    if answer.problem:
        yield f"{style('error', 'error')}: {visible(answer.problem)}"
    elif answer.was_cut:
        yield f"{warning}: {_cut(answer)}"
    elif answer.answer is not None and answer.answer.finish_reason == "content_filter":
        yield f"{warning}: the provider's content filter stopped the answer"
    elif answer.answer is not None and not answer.text and not answer.answer.tool_calls:
        yield f"{warning}: the answer is empty"


def _cut(answer: ModelAnswer) -> str:
    if answer.limit is not None:
        limit = counted(answer.limit, "token")
        return f"the answer is cut at the limit of {limit}; raise `max_output_tokens`"
    sent = counted(answer.answer.usage.output, "token") if answer.answer is not None else ""
    return f"the answer is cut after {sent}, the limit of the model or of the server"


def result_lines(run: PromptRun, style: Style = plain) -> Iterator[str]:
    """The results of a test case, or of the output contract."""
    for answer in run.answers:
        who = f"{visible(answer.profile)}: " if run.answers[1:] else ""
        for result in answer.assertions:
            if result.status in ("failed", "error"):
                yield _result(result, who, style)
        if answer.reason:
            yield f"{who}{style('error', 'error')}: {visible_line(answer.reason)}"
        if run.case is not None and answer.status is not None:
            yield f"{who}{_verdict(run.case, answer, style)}"


def _result(result: AssertionResult, who: str, style: Style) -> str:
    place = result.place
    where = style("path", visible_path(str(place)))
    missed = result.status == "failed" and not result.must
    status = style("error" if result.must else "note", "missed" if missed else result.status)
    measure = "" if result.must else f" (score `{visible(result.score or '')}`)"
    return f"{where}: {who}{status}: {visible(result.type)}{measure}: {visible_line(result.reason)}"


def _verdict(case: str, answer: ModelAnswer, style: Style) -> str:
    contracts = [result for result in answer.assertions if result.must]
    passed = sum(result.status == "passed" for result in contracts)
    status = style("info" if answer.status == "passed" else "error", answer.status or "")
    parts = []
    if contracts:
        hold = "holds" if len(contracts) == 1 else "hold"
        parts.append(f"{passed} of {counted(len(contracts), 'contract')} {hold}")
    missed = sum(not each.must and each.status == "failed" for each in answer.assertions)
    if missed:
        parts.append(f"{counted(missed, 'measure')} missed")
    return f"case {visible(case)!r}: {status}{': ' if parts else ''}{', '.join(parts)}"


# Prints answers of models while they arrive: text on stdout, everything else on stderr.

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
        self._output.note(f"saved as a case in {visible_path(path)}: edit its assertions")

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
