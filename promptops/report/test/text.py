"""For a person at a terminal: what does not pass and why, then one line that sums up."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.place import Place
from promptops.model.report import Style, plain
from promptops.model.test_run import CoverageRow, Decided, TestRun
from promptops.report.parts.marked import marked
from promptops.report.parts.shortened import shortened
from promptops.report.parts.shown_lines import by_words
from promptops.report.parts.summary import counted
from promptops.report.parts.visible import visible, visible_line, visible_path
from promptops.report.parts.words import Segment
from promptops.report.test.parts import facts
from promptops.report.test.parts.troubles import Trouble, outages, stale, troubles

_LINES_OF_A_DIFFERENCE = 12
_LONGEST_TO_COMPARE = 100_000
_MOST_TO_COMPARE = 1_000_000  # characters, of all differences; then the reasons must do
_LEGEND = (Segment("removed", "expected"), Segment("same", " "), Segment("added", "got"))
_VERDICTS = {"pass": "info", "fail": "error", "inconclusive": "warning"}


def write(run: TestRun, *, style: Style = plain, **_: object) -> str:
    """Nothing of what passed, but for scores, coverage where it was asked for, and the sum."""
    return "".join(f"{line}\n" for line in _Writer(run, style).lines())


class _Writer:
    def __init__(self, run: TestRun, style: Style) -> None:
        self._run = run
        self._style = style
        self._repeated = facts.repeated(run)
        self._to_compare = _MOST_TO_COMPARE

    def lines(self) -> Iterator[str]:
        for trouble in troubles(self._run.cases):
            yield from self._trouble(trouble)
        yield from self._outages()
        yield from self._stale()
        for decided in self._run.decided:
            yield from self._decided(decided)
        if self._run.coverage:
            yield from self._coverage(self._run.coverage)
        if facts.advice(self._run) and not self._run.count("stale"):
            yield f"{self._style('hint', 'hint')}: {facts.advice(self._run)}"
        yield self._style("summary", facts.verdict(self._run))

    def _trouble(self, trouble: Trouble) -> Iterator[str]:
        where, status = self._place(trouble.place), self._style("error", trouble.status)
        who = self._style("code", facts.who(trouble, self._repeated))
        yield f"{where}: {status}: {facts.said(trouble)}  [{who}]"
        if facts.reason(trouble):
            yield f"  {visible_line(facts.reason(trouble))}"
        if trouble.compared is not None:
            yield from self._difference(*trouble.compared)

    def _difference(self, expected: str, got: str) -> Iterator[str]:
        self._to_compare -= len(expected) + len(got)
        if self._to_compare < 0 or max(len(expected), len(got)) > _LONGEST_TO_COMPARE:
            return
        lines = by_words(expected, got)
        yield f"  {marked(_LEGEND, self._style)}:"
        for line in lines[:_LINES_OF_A_DIFFERENCE]:
            shown = "…" if line is None else marked(shortened(line), self._style)
            yield f"    {shown}".rstrip()
        left_out = len(lines) - _LINES_OF_A_DIFFERENCE
        if left_out > 0:
            yield f"    … {counted(left_out, 'more line')}"

    def _outages(self) -> Iterator[str]:
        for reason, cases in outages(self._run).items():
            yield f"{self._style('error', 'error')}: {visible(reason)}"
            for prompt, found in facts.by_prompt(cases).items():
                yield f"  {self._prompt(prompt)}: {facts.names(found)}"

    def _stale(self) -> Iterator[str]:
        missing = facts.missing(self._run)
        if missing:
            hint = self._style("hint", facts.advice(self._run))
            yield f"{self._style('warning', 'stale')}: {missing}, run {hint}"
        for prompt, cases in stale(self._run).items():
            yield f"  {self._prompt(prompt)}: {facts.names(cases)}"

    def _decided(self, decided: Decided) -> Iterator[str]:
        verdict = self._style(_VERDICTS[decided.verdict], decided.verdict)
        what = f"{facts.short(decided.prompt)} {facts.short(decided.score)}"
        yield f"{self._style('note', 'score')}: {what}: {verdict}: {visible(decided.line)}"
        if decided.worst and decided.verdict != "pass":
            yield f"  worst: {', '.join(map(facts.short, decided.worst))}"

    def _coverage(self, rows: tuple[CoverageRow, ...]) -> Iterator[str]:
        yield f"{self._style('note', 'coverage')}: {facts.covered(rows)}"
        names = [visible_path(facts.short(row.prompt)) for row in rows]
        width = max(map(len, names))
        figures = max(len(_figures(row)) for row in rows)
        for row, name in zip(rows, names, strict=True):
            percent = facts.share(row.covered, row.total)
            shown = self._style("path", name.ljust(width))
            yield f"  {shown}  {_figures(row):>{figures}}  {percent:>4}"
            for branch in row.uncovered:
                yield f"    {self._place(branch.place)}: {visible(branch.said)}"

    def _prompt(self, prompt: str) -> str:
        return self._style("path", visible_path(facts.short(prompt)))

    def _place(self, place: Place) -> str:
        where = f"{visible_path(place.path)}:{place.line}:{place.column}"
        return self._style("path", where)


def _figures(row: CoverageRow) -> str:
    return f"{row.covered}/{row.total}"
