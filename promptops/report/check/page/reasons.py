"""Why the gate fails, each reason with the part of the page that shows it."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.check import CheckReport
from promptops.records import record
from promptops.report.check.page.overview import Parts
from promptops.report.check.parts.findings import failing_cases
from promptops.report.check.parts.rows import reason
from promptops.report.probe.parts import facts as probe_facts

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


def failing_parts(report: CheckReport) -> frozenset[str]:
    """The parts that fail the gate, but for changes: those that are refused are reasons."""
    failing = (PARTS[name] for name in report.failing_checks)
    return frozenset(part for part in failing if part != "changes")


def _refused(report: CheckReport, parts: Parts) -> Iterator[ReasonView]:
    for risk in report.refused_risks:
        yield ReasonView("risks", "risk", str(risk))
    anchors = {view.prompt.id: view.anchor for view in parts.changes}
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
        found = (*probe_facts.reasons(report.probes), probe_facts.missing(report.probes))
        yield from (ReasonView("probes", "probes", text) for text in found if text)
