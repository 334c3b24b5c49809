"""For a person at a terminal: failing cases and reasons, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.place import Place
from promptops.model.report import Style, plain
from promptops.model.test_run import CaseRun, CoverageRow, Decided, TestRun
from promptops.report.parts.answer_text import answer_lines
from promptops.report.parts.visible import visible, visible_line, visible_path
from promptops.report.test import facts, scores
from promptops.report.test.facts import Differences
from promptops.report.test.troubles import Trouble, notes, outages, stale, troubles

_VERDICTS = {"pass": "info", "fail": "error", "inconclusive": "warning"}


def write(run: TestRun, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """Failures, scores, coverage if requested, and the summary; nothing about passed cases.

    Args:
        figures: Show the statistics of scores and judges instead of a plain sentence, and the
            answers of failing cases.
    """
    lines = [*report_lines(run, style, figures=figures), style("summary", facts.verdict(run))]
    return "".join(f"{line}\n" for line in lines)


def report_lines(run: TestRun, style: Style, *, figures: bool = False) -> Iterator[str]:
    """The lines before the summary."""
    return _RunWriter(run, style, figures=figures).lines()


class _RunWriter:
    def __init__(self, run: TestRun, style: Style, *, figures: bool) -> None:
        self._run = run
        self._style = style
        self._figures = figures
        self._repeated = facts.repeated(run)
        self._differences = Differences(style)
        self._shown_answers: set[tuple[str, str, int]] = set()

    def lines(self) -> Iterator[str]:
        for trouble in troubles(self._run.cases):
            yield from self._trouble(trouble)
        yield from self._outages()
        yield from self._stale()
        yield from self._notes()
        for decided in self._run.decided:
            yield from self._decided(decided)
        for judge in self._run.judges:
            who = f"{self._style('note', 'judge')}: {facts.short(judge.judge)}"
            agreement = scores.agreement if self._figures else scores.plain_agreement
            yield f"{who}: {agreement(judge)}"
        if self._run.coverage:
            yield from self._coverage()
        if facts.advice(self._run) and not self._run.count.stale:
            yield f"{self._style('hint', 'hint')}: {facts.advice(self._run)}"

    def _trouble(self, trouble: Trouble) -> Iterator[str]:
        where, status = self._place(trouble.place), self._style("error", trouble.status)
        who = self._style("code", facts.affected_runs(trouble, self._repeated))
        yield f"{where}: {status}: {facts.problem(trouble)}  [{who}]"
        if facts.reason(trouble):
            yield f"  {visible_line(facts.reason(trouble))}"
        if trouble.compared is not None:
            yield from self._difference(*trouble.compared)
        if self._figures and trouble.status == "failed":
            for run in trouble.runs:
                yield from self._answer(run)

    def _answer(self, run: CaseRun) -> Iterator[str]:
        """The whole answer of a failing case, once for all its failures."""
        key = run.prompt, run.name, run.repeat
        if run.answer is None or key in self._shown_answers:
            return
        self._shown_answers.add(key)
        number = f" #{run.repeat}" if (run.prompt, run.name) in self._repeated else ""
        yield f"  answer{number}:"
        yield from (f"    {line}".rstrip() for line in answer_lines(run.answer))

    def _difference(self, expected: str, got: str) -> Iterator[str]:
        lines = list(self._differences.lines(expected, got))
        if lines:
            yield f"  {self._differences.legend('expected', 'actual')}:"
        yield from (f"    {line}".rstrip() for line in lines)

    def _outages(self) -> Iterator[str]:
        for reason, cases in outages(self._run).items():
            unanswered = facts.unanswered(cases)
            yield f"{self._style('error', 'error')}: {unanswered}: {visible(reason)}"
            yield from self._names(cases)

    def _stale(self) -> Iterator[str]:
        missing = facts.missing(self._run)
        if missing:
            hint = self._style("hint", facts.advice(self._run))
            yield f"{self._style('warning', 'stale')}: {missing}, run {hint}"
        for prompt, cases in stale(self._run).items():
            yield f"  {self._prompt(prompt)}: {facts.names(cases)}"

    def _notes(self) -> Iterator[str]:
        for reason, cases in notes(self._run).items():
            yield f"{self._style('note', 'note')}: {visible(reason)}"
            yield from self._names(cases)

    def _names(self, cases: list[CaseRun]) -> Iterator[str]:
        for prompt, found in facts.by_prompt(cases).items():
            yield f"  {self._prompt(prompt)}: {facts.names(found)}"

    def _decided(self, decided: Decided) -> Iterator[str]:
        if not decided.compared:
            where, line = self._prompt(decided.prompt), visible(decided.line)
            yield f"{self._style('note', 'score')}: {where}: {facts.short(decided.score)} {line}"
            return
        kind = _VERDICTS[decided.verdict] if decided.gates else "note"
        verdict = self._style(kind, scores.verdict(decided))
        what = f"{facts.short(decided.prompt)} {facts.short(decided.score)}"
        line = decided.line if self._figures else decided.plain
        yield f"{self._style('note', 'score')}: {what}: {verdict}: {visible(line)}"
        yield from (f"  {line}".rstrip() for line in scores.lines(decided, self._differences))

    def _coverage(self) -> Iterator[str]:
        rows = self._run.coverage
        yield f"{self._style('note', 'coverage')}: {facts.covered(self._run.branches)}"
        names = [visible_path(facts.short(row.prompt)) for row in rows]
        width = max(map(len, names))
        figures = max(len(_figures(row)) for row in rows)
        for row, name in zip(rows, names, strict=True):
            percent = facts.share(row.covered, row.total)
            shown = self._style("path", name.ljust(width))
            yield f"  {shown}  {_figures(row):>{figures}}  {percent:>4}"
            for branch in row.uncovered:
                yield f"    {self._place(branch.place)}: {visible(branch.message)}"

    def _prompt(self, prompt: str) -> str:
        return self._style("path", visible_path(facts.short(prompt)))

    def _place(self, place: Place) -> str:
        where = f"{visible_path(place.path)}:{place.line}:{place.column}"
        return self._style("path", where)


def _figures(row: CoverageRow) -> str:
    return f"{row.covered}/{row.total}"
