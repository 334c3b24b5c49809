"""For programs that read a stream: one JSON object a line for each finding."""

from __future__ import annotations

from promptops.model.report import LintReport
from promptops.report.data_text import json_text, record_json


def write(report: LintReport, **_: object) -> str:
    """One line for each finding: an element of `findings` of the format `json`."""
    return "".join(json_text(record_json(finding), None) for finding in report.findings)
