"""For a browser: one page without any external resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from promptops.model.check import CheckReport
from promptops.model.finding import Severity
from promptops.records import record, replace
from promptops.report.check.page.cost import cost_rows, total
from promptops.report.check.page.coverage import coverage_views
from promptops.report.check.page.findings import file_views, quiet
from promptops.report.check.page.overview import Parts, prompt_rows
from promptops.report.check.page.reasons import PARTS, failing_parts, reasons
from promptops.report.check.page.tests import ATTACKS, tests_table
from promptops.report.check.parts.findings import without_lint_errors
from promptops.report.check.parts.rows import noticed, required, rows
from promptops.report.check.parts.verdict import counted_risks, counts, headline
from promptops.report.diff import html as diff
from promptops.report.diff.page.views import PromptChangesView, prompt_views
from promptops.report.mutate.html import PARTS as MUTANTS
from promptops.report.mutate.html import row_views
from promptops.report.mutate.parts import facts as mutants
from promptops.report.page.document import document
from promptops.report.page.source import PARTS as SOURCE
from promptops.report.parts.sentence import advice
from promptops.report.parts.summary import by_severity
from promptops.report.probe.html import PromptProbesView
from promptops.report.probe.html import prompt_views as probe_views
from promptops.report.probe.parts import facts as probe_facts
from promptops.report.test import html as test
from promptops.report.test.page.size_budget import Room
from promptops.report.test.parts import facts

# A diff and a run share the page, so each has less room than alone.
_CHARACTERS_OF_CHANGES = 4_000_000
_CHARACTERS_OF_CASES = 4_000_000
_CHARACTERS_OF_ATTACKS = 4_000_000
_MOST_CASES = 1_000
_PROBES = "probe/page/page"
_MOST_OPEN = 6
_MOST_TOLD = 100
_MOST_REASONS = 20


def write(report: CheckReport, **_: object) -> str:
    """The whole page, with the coverage that `report.shown` has besides."""
    if report.shown is not None and report.shown.coverage:
        report = replace(report, test=replace(report.test, coverage=report.shown.coverage))
    changes, run = _changes(report), _run(report)
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
        "check/page",
        _FILTERS,
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
        risks=diff.risk_views(report.diff, changes) if report.diff else [],
        open=diff.differences(changes) <= _MOST_OPEN,
        files=files,
        covered=covered,
        mutated=mutated,
        mutants=mutants,
        mutation=noticed(report),
        templates=templates,
        attacks=_attacks(report),
        probe_facts=probe_facts,
        costs=costs,
        total=total(report.diff.prompts if report.diff else (), costs),
        most_tokens=max((max(row.tokens) for row in costs if row.tokens), default=0),
        most_told=_MOST_TOLD,
        contents=_ordered(
            report, _contents(report, has_costs=bool(costs), has_tests=bool(worth.rows))
        ),
    )


def _changes(report: CheckReport) -> tuple[PromptChangesView, ...]:
    if report.diff is None:
        return ()
    return prompt_views(report.diff, "changes-of", _CHARACTERS_OF_CHANGES)


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


def _ordered(report: CheckReport, contents: Iterator[_Section]) -> list[_Section]:
    """On a page that fails, the sections that fail the gate precede all changes."""
    failing = failing_parts(report)
    return sorted(contents, key=lambda part: part.name not in failing)


def _contents(report: CheckReport, *, has_costs: bool, has_tests: bool) -> Iterator[_Section]:
    """The navigation entries of all sections that are not empty."""
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
        yield _Section("probes", probe_facts.share(report.probes.rate))
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
