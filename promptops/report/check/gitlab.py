"""For GitLab: a code quality report of all reasons why the gate fails, and of findings."""

from __future__ import annotations

from promptops.model.check import CheckReport
from promptops.report.check.facts import as_findings
from promptops.report.gitlab import write as write_lint


def write(report: CheckReport, **_: object) -> str:
    """One JSON array, indented."""
    return write_lint(as_findings(report))
