"""For GitLab: a code quality report, which is a subset of Code Climate's JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from promptops.model.finding import Finding, Severity
from promptops.model.report import LintReport
from promptops.report.data_text import json_text
from promptops.report.finding_text import advice
from promptops.report.visible import visible

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def write(report: LintReport, **_: object) -> str:
    """One JSON array, indented."""
    counts: Counter[str] = Counter()
    return json_text([_issue(finding, counts) for finding in report.findings])


def _issue(finding: Finding, counts: Counter[str]) -> dict[str, Any]:
    place, hint = finding.place, advice(finding)
    description = f"{finding.code}: {visible(finding.message)}" + (f" ({hint})" if hint else "")
    return {
        "type": "issue",
        "check_name": finding.code,
        "description": description,
        "categories": ["Style"],
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": _unique(finding, counts),
        "location": {"path": place.path, "lines": {"begin": place.line, "end": place.end_line}},
    }


def _unique(finding: Finding, counts: Counter[str]) -> str:
    """A unique fingerprint: of issues with the same one, GitLab shows only one."""
    fingerprint = finding.fingerprint or f"{finding.code}:{finding.place}"
    counts[fingerprint] += 1
    return fingerprint if counts[fingerprint] == 1 else f"{fingerprint}-{counts[fingerprint]}"
