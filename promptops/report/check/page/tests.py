"""What the tests of each prompt notice, in one place.

Each measure is one column; a column without a value for any prompt is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from promptops.model.check import BOUNDARIES, CheckReport
from promptops.model.mutant import MutationCount
from promptops.model.probe import PromptProbes
from promptops.plurals import counted
from promptops.records import record
from promptops.report.check.page.overview import PromptRow, findings_by_prompt
from promptops.report.mutate.parts import facts as mutants
from promptops.report.probe.parts import facts as probes
from promptops.report.test.parts import facts

ATTACKS = "probes-of"
"""The prefix of the anchors of the prompts that were attacked; their number follows, 1-based."""

Tone = Literal["good", "bad", "neutral"]


@record(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure of the tests of a prompt.

    Attributes:
        percent: For a bar, 0 to 100; None without a bar.
        anchor: The part of the page with the details, or "".
    """

    text: str
    tone: Tone = "neutral"
    percent: int | None = None
    anchor: str = ""


@record(frozen=True, slots=True, kw_only=True)
class TestsRow:
    """How much the tests of a prompt are worth; `measures` in the order of the columns."""

    row: PromptRow
    measures: tuple[Measure | None, ...]

    @property
    def quiet(self) -> bool:
        """Whether no measure is bad."""
        return all(each is None or each.tone != "bad" for each in self.measures)


@record(frozen=True, slots=True)
class TestsTable:
    """The table of the page; without rows if nothing was measured."""

    columns: tuple[str, ...]
    rows: tuple[TestsRow, ...]


Column = Callable[[CheckReport, Sequence[PromptRow]], Mapping[str, Measure]]
"""From a report and its prompts to the measures by the name of the prompt."""


def tests_table(report: CheckReport, rows: Iterable[PromptRow]) -> TestsTable:
    """The prompts of which anything was measured, in the order of the page."""
    prompts = tuple(rows)
    columns = {title: column(report, prompts) for title, column in _COLUMNS.items()}
    found = {title: measures for title, measures in columns.items() if measures}
    views = [
        TestsRow(row=row, measures=tuple(each.get(row.name) for each in found.values()))
        for row in prompts
    ]
    return TestsTable(tuple(found), tuple(view for view in views if any(view.measures)))


def _branches(_: CheckReport, rows: Sequence[PromptRow]) -> dict[str, Measure]:
    found: dict[str, Measure] = {}
    for row in rows:
        if row.covered is not None:
            taken, total = row.covered.row.covered, row.covered.row.total
            found[row.name] = Measure(
                text=facts.share(taken, total),
                tone="good" if taken == total else "bad",
                percent=100 * taken // total if total else 100,
                anchor=row.covered.anchor,
            )
    return found


def _boundaries(report: CheckReport, rows: Sequence[PromptRow]) -> dict[str, Measure]:
    """Whether inputs at the boundaries of the schema break a prompt."""
    ids = report.shown.ids if report.shown else {}
    users = report.shown.users if report.shown else {}
    breaking = (each for each in report.lint.findings if each.code == BOUNDARIES)
    found = findings_by_prompt(breaking, users)
    checked = {ids.get(path, path) for path in report.lint.opt_in.get(BOUNDARIES, ())}
    return {
        row.name: _broken(row, [each.place.path for each in found.get(row.name, ())])
        for row in rows
        if row.name in checked or row.name in found
    }


def _broken(row: PromptRow, paths: Sequence[str]) -> Measure:
    if not paths:
        return Measure(text="none breaks it", tone="good")
    anchors = {file.path: file.anchor for file in row.files}
    verb = "breaks" if len(paths) == 1 else "break"
    text = f"{counted(len(paths), 'place')} {verb}"
    return Measure(text=text, tone="bad", anchor=anchors.get(paths[0], ""))


def _mutants(_: CheckReport, rows: Sequence[PromptRow]) -> dict[str, Measure]:
    """How many prompts with one thing broken on purpose the cases notice."""
    found: dict[str, Measure] = {}
    for row in rows:
        count = row.mutated.row.count if row.mutated is not None else MutationCount()
        share = count.behaviour_score
        if row.mutated is not None and share is not None:
            found[row.name] = Measure(
                text=mutants.percent(count),
                tone="bad" if count.survived else "good",
                percent=int(100 * share),
                anchor=row.mutated.anchor,
            )
    return found


def _attacks(report: CheckReport, _: Sequence[PromptRow]) -> dict[str, Measure]:
    """How many attacks succeed, with the 95% interval, and the family that succeeds most."""
    prompts = report.probes.prompts if report.probes is not None else ()
    return {
        each.prompt: Measure(
            text=_attacked(each),
            tone="bad" if each.failures else "neutral" if each.rate.succeeded else "good",
            anchor=f"{ATTACKS}-{number}",
        )
        for number, each in enumerate(prompts, 1)
        if each.rate.n
    }


def _attacked(prompt: PromptProbes) -> str:
    """Such as `3 of 40 · 7.5% [2.6, 19.9] · most in fake-turn 2 of 3`."""
    worst = probes.worst(prompt)
    parts = [probes.share(prompt.rate), probes.interval(prompt.rate)]
    return " · ".join([*parts, f"most in {worst}"] if worst else parts)


_COLUMNS: Mapping[str, Column] = {
    "Branches covered": _branches,
    "Boundary inputs": _boundaries,
    "Mutants killed": _mutants,
    "Attacks that succeed": _attacks,
}
