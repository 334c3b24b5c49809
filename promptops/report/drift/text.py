"""For a person at a terminal: a row for each prompt, then what happened, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.night import Drift, NightVerdict, PromptDrift
from promptops.model.report import Style, plain
from promptops.report.drift.parts import facts
from promptops.report.drift.parts.changes import changed_tonight
from promptops.report.drift.parts.next_steps import next_steps
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test.parts import scores
from promptops.report.test.parts.difference import Differences
from promptops.report.test.parts.facts import short
from promptops.report.test.parts.problem_lines import problem_lines

ROLES: dict[NightVerdict, str] = {
    "drifted": "error",
    "suspect": "warning",
    "incomplete": "warning",
    "steady": "info",
    "learning": "info",
    "accepted": "info",
}
_HEAD = ("prompt", "verdict", "tonight", "baseline", "ewma", "nights", "contracts", "same", "sees")


def write(drift: Drift, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """The whole text.

    Args:
        figures: Also show the figures of each prompt in one line.
    """
    lines = _DriftWriter(drift, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _DriftWriter:
    def __init__(self, drift: Drift, style: Style, *, figures: bool) -> None:
        self._drift = drift
        self._style = style
        self._figures = figures
        self._differences = Differences(style)

    def lines(self) -> Iterator[str]:
        if self._drift.prompts:
            yield from self._table()
            yield from self._details()
        yield from self._after()
        yield self._style("summary", facts.summary(self._drift))

    def _table(self) -> Iterator[str]:
        prompts = facts.in_order(self._drift)
        rows = [_HEAD, *map(_row, prompts)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield self._style("note", _aligned(rows[0], widths))
        for prompt, row in zip(prompts, rows[1:], strict=True):
            yield self._colored(prompt, _aligned(row, widths), widths[0])

    def _colored(self, prompt: PromptDrift, line: str, width: int) -> str:
        """The line with a colour for its verdict."""
        start, end = width + 2, width + 2 + len(prompt.verdict)
        return line[:start] + self._style(ROLES[prompt.verdict], prompt.verdict) + line[end:]

    def _details(self) -> Iterator[str]:
        lines = [line for prompt in facts.in_order(self._drift) for line in self._prompt(prompt)]
        lines += [facts.pooled_line(each) for each in facts.pooled(self._drift)]
        yield from ["", *lines] if lines else []
        yield ""

    def _prompt(self, prompt: PromptDrift) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        if self._figures:
            yield f"{name}: {visible(prompt.line)}"
        if facts.signal(prompt):
            verdict = self._style(ROLES[prompt.verdict], prompt.verdict)
            yield f"{name}: {verdict} {facts.signal(prompt)}"
        for remark in (*facts.remarks(prompt), *changed_tonight(prompt)):
            yield f"{name}: {remark}"
        if prompt.blame:
            yield f"  {self._style('note', 'cause')}: {facts.blame(prompt)}"
        for reason in facts.other_reasons(prompt):
            yield f"  {self._style('note', 'also')}: {reason}"
        yield from self._worst(prompt)

    def _worst(self, prompt: PromptDrift) -> Iterator[str]:
        worst = facts.shows_worst(prompt)
        if worst:
            legend = self._differences.legend(facts.RECORDED, facts.TONIGHT)
            yield f"  worst cases, {legend}:"
        for worse in worst:
            lines = scores.case_lines(worse, self._differences, facts.LONG)
            yield from (f"  {line}".rstrip() for line in lines)
        for purpose, command in (
            next_steps(prompt, self._drift) if prompt.verdict == "drifted" else ()
        ):
            yield f"  {self._style('hint', purpose)}: {command}"

    def _after(self) -> Iterator[str]:
        drift, style = self._drift, self._style
        for broken in drift.broken:
            where = visible_path(str(broken.place))
            yield f"{where}: {style('error', 'error')}: {visible(broken.message)}"
        for problem in problem_lines(drift.problems):
            yield f"{style('error', 'error')}: {problem}"
        for warning in facts.warnings(drift):
            yield f"{style('warning', 'warning')}: {warning}"
        if facts.ended(drift):
            yield f"{style('warning', 'ended early')}: {facts.ended(drift)}"
        if drift.advice:
            yield f"{style('hint', 'hint')}: {facts.advice(drift)}"


def _row(prompt: PromptDrift) -> tuple[str, ...]:
    chart = facts.main_chart(prompt)
    return (
        visible_path(short(prompt.prompt)),
        prompt.verdict,
        facts.measured(prompt),
        facts.baseline(chart),
        facts.ewma(chart),
        facts.nights(prompt),
        facts.contracts(prompt.night),
        facts.same(prompt.night),
        facts.visible_loss(prompt.visible),
    )


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()
