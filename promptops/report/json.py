"""For programs: one object, described by `schemas/lint.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.finding import Edit, Finding, Fix, Related, Severity
from promptops.model.report import LintReport
from promptops.report.parts.json_text import json_text
from promptops.report.parts.summary import severities


def write(report: LintReport, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(report_value(report))


def report_value(report: LintReport) -> dict[str, Any]:
    """The object itself, for reports that contain it."""
    return {
        "schema": 1,
        "findings": [finding_value(finding) for finding in report.findings],
        "summary": _summary(report),
    }


def finding_value(finding: Finding) -> dict[str, Any]:
    """One element of `findings`."""
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "message": finding.message,
        "hint": finding.hint,
        **finding.place.as_json(),
        "prompt": finding.prompt,
        "case": finding.case,
        "fingerprint": finding.fingerprint,
        "related": [_related(related) for related in finding.related],
        "fix": _fix(finding.fix) if finding.fix else None,
    }


def _related(related: Related) -> dict[str, Any]:
    place = related.place
    return {
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "message": related.message,
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {"applicability": fix.applicability, "edits": [_edit(edit) for edit in fix.edits]}


def _edit(edit: Edit) -> dict[str, Any]:
    place = edit.place
    return {
        "path": place.path,
        "start_line": place.line,
        "start_column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
        "text": edit.text,
    }


def _summary(report: LintReport) -> dict[str, int]:
    counts = severities(report.findings)
    return {
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "infos": counts[Severity.INFO],
        "files": report.files,
        "fixed": report.fixed,
        "suppressed": report.suppressed,
    }
