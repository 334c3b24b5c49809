"""For an editor or grep: one line for each finding."""

from __future__ import annotations

from promptops.model.report import LintReport, Style, plain
from promptops.report.findings.full import first_line


def write(report: LintReport, *, style: Style = plain, **_: object) -> str:
    """One line for each finding, nothing else."""
    return "".join(f"{first_line(finding, style)}\n" for finding in report.findings)
