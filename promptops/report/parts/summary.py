"""Counts of a lint run, and the sentences that show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from promptops.model.finding import Finding, Severity
from promptops.model.report import LintReport
from promptops.plurals import counted


def summary(report: LintReport) -> str:
    """A summary: `found 3 errors, 1 warning (2 fixable with --fix)`; "" for no findings."""
    if not report.findings:
        return f"fixed {counted(report.fixed, 'finding')}" if report.fixed else ""
    notes = ", ".join(_notes(report))
    return f"found {by_severity(report.findings)}" + (f" ({notes})" if notes else "")


def _notes(report: LintReport) -> list[str]:
    safe = sum(1 for finding in report.findings if finding.fix and finding.fix.safe)
    unsafe = sum(1 for finding in report.findings if finding.fix and not finding.fix.safe)
    notes = []
    if report.fixed:
        notes.append(f"{report.fixed} fixed")
    if safe:
        notes.append(f"{safe} fixable with --fix")
    if unsafe:
        how = "more with --unsafe-fixes" if safe else "fixable with --fix --unsafe-fixes"
        notes.append(f"{unsafe} {how}")
    return notes


def by_severity(findings: Iterable[Finding]) -> str:
    """Counts such as `3 errors, 1 warning`, the worst severity first."""
    counts = severities(findings)
    return ", ".join(counted(counts[level], str(level)) for level in _WORST_FIRST if counts[level])


def severities(findings: Iterable[Finding]) -> Counter[Severity]:
    """The number of findings by severity."""
    return Counter(finding.severity for finding in findings)


_WORST_FIRST = sorted(Severity, reverse=True)
