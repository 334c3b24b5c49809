"""One HTML page of the gate: the verdict with its reasons, costs, and the table of test cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from markupsafe import Markup

from promptops.commands.check.facts import (
    alike_risks,
    counted_risks,
    counts,
    failing_cases,
    headline,
    noticed,
    reason,
    required,
    rows,
    without_lint_errors,
)
from promptops.commands.check.views import (
    Parts,
    PromptRow,
    coverage_views,
    file_views,
    findings_by_prompt,
    prompt_rows,
    quiet,
)
from promptops.commands.diff import page as diff
from promptops.commands.diff.page import Pair, PromptChangesView, means, prompt_views
from promptops.commands.mutate import report as mutants
from promptops.commands.mutate.page import PARTS as MUTANTS
from promptops.commands.mutate.page import row_views
from promptops.commands.probe import report as probes
from promptops.commands.probe.page import PromptProbesView
from promptops.commands.probe.page import prompt_views as probe_views
from promptops.model.change import PromptDiff
from promptops.model.check import BOUNDARIES, CheckReport, SourceLinks
from promptops.model.finding import Severity
from promptops.model.mutant import MutationCount
from promptops.model.probe import PromptProbes
from promptops.model.test_run import CaseRun
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.report.finding_text import advice
from promptops.report.findings.full import by_severity
from promptops.report.page.document import Room, document
from promptops.report.page.source import PARTS as SOURCE
from promptops.report.test import facts
from promptops.report.test import page as test

# A diff and a run share the page, so each has less room than alone.
_CHARACTERS_OF_CHANGES = 4_000_000
_CHARACTERS_OF_CASES = 4_000_000
_CHARACTERS_OF_ATTACKS = 4_000_000
_MOST_CASES = 1_000
_PROBES = "commands/probe/page"
_MOST_OPEN = 6
_MOST_TOLD = 100
_MOST_REASONS = 20


def write_html(report: CheckReport, **_: object) -> str:
    """The whole page, with the coverage that `report.shown` has besides."""
    if report.shown is not None and report.shown.coverage:
        report = replace(report, test=replace(report.test, coverage=report.shown.coverage))
    changes: tuple[PromptChangesView, ...] = ()
    if report.diff is not None:
        changes = prompt_views(report.diff, "changes-of", _CHARACTERS_OF_CHANGES)
    run = _run(report)
    covered, templates = coverage_views(report)
    files = file_views(report)
    costs = cost_rows(changes, report.test.cases)
    mutated = row_views(report.mutation, "mutants-of") if report.mutation is not None else ()
    parts = Parts(
        changes=changes, files=files, cases=run["prompts"], covered=covered, mutated=mutated
    )
    prompts = prompt_rows(report, parts)
    worth = tests_table(report, prompts)
    return document(
        "commands/check",
        {**_FILTERS, **_linking(report.shown.links if report.shown else None)},
        parts=(diff.PARTS, test.PARTS, SOURCE, MUTANTS, _PROBES),
        top=3,
        **_verdict(report),
        **run,
        report=report,
        rows=prompts,
        worth=worth,
        changes=changes,
        reasons=reasons(report, parts),
        parts_of_gate=PARTS,
        most_reasons=_MOST_REASONS,
        gate_risks=alike_risks(report.risks),
        risks=diff.risk_views(report.diff, changes) if report.diff else [],
        open=diff.differences(changes) <= _MOST_OPEN,
        files=files,
        covered=covered,
        mutated=mutated,
        mutants=mutants,
        mutation=noticed(report),
        templates=templates,
        attacks=_attacks(report),
        probe_facts=probes,
        costs=costs,
        total=total(report.diff.prompts if report.diff else (), costs),
        most_tokens=max((max(row.tokens) for row in costs if row.tokens), default=0),
        most_told=_MOST_TOLD,
        contents=_contents(report, has_costs=bool(costs), has_tests=bool(worth.rows)),
    )


def _linking(links: SourceLinks | None) -> dict[str, Callable[..., Any]]:
    """Filters for places and paths: links where CI knows the address of the files."""

    def linked(shown: str, path: str, line: int | None = None) -> Markup:
        if links is None:
            return Markup("%s") % shown
        return Markup('<a href="%s">%s</a>') % (links.of(path, line), shown)

    return {
        "place": lambda place: linked(test.FILTERS["place"](place), place.path, place.line),
        "linked": linked,
    }


def _run(report: CheckReport) -> dict[str, Any]:
    """Order prompts: those with failing cases first."""
    room = Room(_CHARACTERS_OF_CASES, cases=_MOST_CASES)
    run = test.values(report.test, room, without_lint_errors(report), "cases-of")
    return {**run, "prompts": sorted(run["prompts"], key=lambda view: view.quiet)}


def _attacks(report: CheckReport) -> tuple[PromptProbesView, ...]:
    if report.probes is None:
        return ()
    return probe_views(report.probes, Room(_CHARACTERS_OF_ATTACKS, cases=_MOST_CASES), ATTACKS)


def _verdict(report: CheckReport) -> dict[str, Any]:
    """The head of the page: the verdict and what it is based on."""
    gate_rows = rows(report)
    return {
        "headline": headline(report),
        "has_risks": bool(counted_risks(report)),
        "counts": counts(report),
        "gate": gate_rows,
        "cases_result": next((row.result for row in gate_rows if row.name == "cases"), ""),
        "looked": report.looked,
    }


@record(frozen=True, slots=True)
class _Section:
    """An entry of the navigation: anchor, title and number of items of a section."""

    name: str
    count: str = ""


def _contents(report: CheckReport, *, has_costs: bool, has_tests: bool) -> list[_Section]:
    """The navigation entries: the changes, then what fails the gate, then the rest."""
    failing = {PARTS[name] for name in report.failing_checks}
    found = _sections(report, has_costs=has_costs, has_tests=has_tests)
    return sorted(found, key=lambda part: (part.name != "changes", part.name not in failing))


def _sections(report: CheckReport, *, has_costs: bool, has_tests: bool) -> Iterator[_Section]:
    """All sections that are not empty."""
    if report.diff is not None:
        yield _Section("changes", f"{len(report.diff.prompts):,}")
    yield _Section("findings", f"{len(report.lint.findings):,}")
    yield _Section("cases", f"{len(report.test.cases):,}")
    if has_tests:
        yield _Section("tests")
    if report.test.coverage:
        branches = report.test.branches
        yield _Section("coverage", facts.share(branches.covered, branches.total))
    if report.mutation is not None:
        yield _Section("mutation", mutants.percent(report.mutation.count))
    if report.probes is not None:
        yield _Section("probes", probes.share(report.probes.rate))
    if has_costs:
        yield _Section("cost")


_SIGNS = {Severity.ERROR: "✕", Severity.WARNING: "!", Severity.INFO: "i"}
_FILTERS: dict[str, Callable[..., Any]] = {
    **diff.FILTERS,
    **test.FILTERS,
    "advice": advice,
    "by_severity": by_severity,
    "required": required,
    "quiet": quiet,
    "severity_sign": _SIGNS.__getitem__,
}


# Why the gate fails, each reason with the part of the page that shows it.

PARTS = {
    "lint": "findings",
    "cases": "cases",
    "coverage": "coverage",
    "mutation": "mutation",
    "probes": "probes",
    "budgets": "findings",
    "release": "changes",
}
"""The section of the page for each check of the gate."""


@record(frozen=True, slots=True)
class ReasonView:
    """One reason why the gate fails.

    Attributes:
        anchor: The anchor of the part of the page that shows it.
        name: The prompt, the file or the part that the reason is about.
        text: Unescaped, with code in backticks.
    """

    anchor: str
    name: str
    text: str


def reasons(report: CheckReport, parts: Parts) -> tuple[ReasonView, ...]:
    """Refused risks and changes, then findings, then cases; empty if the gate passes."""
    return (
        *_refused(report, parts),
        *_findings(report, parts),
        *_cases(report, parts),
        *_probes(report),
    )


def _refused(report: CheckReport, parts: Parts) -> Iterator[ReasonView]:
    for risk in report.refused_risks:
        yield ReasonView("risks", "risk", str(risk))
    anchors = {prompt.id: view.anchor for view in parts.changes for prompt in view.every}
    for prompt, change in report.refused_changes:
        yield ReasonView(anchors[prompt.id], prompt.id, reason(change))


def _findings(report: CheckReport, parts: Parts) -> Iterator[ReasonView]:
    anchors = {view.path: view.anchor for view in parts.files}
    for finding in report.failing_findings:
        path, line = finding.place.path, finding.place.line
        yield ReasonView(anchors[path], f"{path}:{line}", f"{finding.message} ({finding.code})")


def _cases(report: CheckReport, parts: Parts) -> Iterator[ReasonView]:
    anchors = {view.prompt: view.anchor for view in parts.cases}
    for each in failing_cases(report):
        text = each.message.removeprefix(f"{each.prompt}: ")
        anchor = "coverage" if each.code == "coverage" else anchors.get(each.prompt, "cases")
        name = each.code if each.code == "coverage" else each.prompt
        yield ReasonView(anchor, name, text)


def _probes(report: CheckReport) -> Iterator[ReasonView]:
    if "probes" in report.failing_checks and report.probes is not None:
        found = (*probes.reasons(report.probes), probes.missing(report.probes))
        yield from (ReasonView("probes", "probes", text) for text in found if text)


# The cost of requests before and after, and of recorded answers.


@record(frozen=True, slots=True, kw_only=True)
class CostRow:
    """The costs of one prompt, or of all.

    Attributes:
        tokens, usd: Of a request before and after, the mean of the cases that differ; None if
            no case differs, or if a price is unknown.
        answers: The number of recorded answers.
        read, written: All tokens of requests and of answers, as counted by the provider.
    """

    prompt: str
    tokens: Pair | None
    usd: Pair | None
    answers: int
    read: int
    written: int

    @property
    def rises(self) -> bool:
        return self.tokens is not None and round(self.tokens[1]) > round(self.tokens[0])


def cost_rows(
    prompts: Sequence[PromptChangesView], cases: Iterable[CaseRun]
) -> tuple[CostRow, ...]:
    """The costs of each prompt with known costs; changed prompts first."""
    changed = {view.prompt.id: view for view in prompts}
    answered: dict[str, list[CaseRun]] = {}
    for case in cases:
        if case.answer is not None:
            answered.setdefault(case.prompt, []).append(case)
    names = dict.fromkeys((*changed, *answered))
    rows = (_row(name, changed.get(name), answered.get(name, ())) for name in names)
    return tuple(row for row in rows if row.tokens or row.answers)


def total(prompts: Iterable[PromptDiff], rows: Iterable[CostRow]) -> CostRow:
    """The total of all prompts: means for requests, sums for answers."""
    tokens, usd = means([case for prompt in prompts for case in prompt.cases])
    every = list(rows)
    return CostRow(
        prompt="",
        tokens=tokens,
        usd=usd,
        answers=sum(row.answers for row in every),
        read=sum(row.read for row in every),
        written=sum(row.written for row in every),
    )


def _row(name: str, view: PromptChangesView | None, cases: Sequence[CaseRun]) -> CostRow:
    usage = [case.answer.usage for case in cases if case.answer is not None]
    return CostRow(
        prompt=name,
        tokens=view.tokens if view else None,
        usd=view.usd if view else None,
        answers=len(usage),
        read=sum(used.input for used in usage),
        written=sum(used.output for used in usage),
    )


# What the tests of each prompt notice, in one place.
#
# Each measure is one column; a column without a value for any prompt is left out.

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


def _tests_attacks(report: CheckReport, _: Sequence[PromptRow]) -> dict[str, Measure]:
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
    "Attacks that succeed": _tests_attacks,
}
