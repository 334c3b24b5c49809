"""For programs: one object, described by `schemas/check.schema.json`."""

from __future__ import annotations

from promptops.model.check import CheckReport
from promptops.report.check.parts.verdict import verdict
from promptops.report.json import report_value
from promptops.report.parts.json_text import json_text
from promptops.report.test.json import test_value


def write(report: CheckReport, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "verdict": verdict(report),
            "bump": None,
            "lint": report_value(report.lint),
            "diff": None,
            "test": test_value(report.test),
            "risks": list(report.risks),
        }
    )
