"""The number of findings of each rule."""

from __future__ import annotations

from collections import Counter

from promptops.model.report import LintReport
from promptops.report.parts.visible import visible


def write(report: LintReport, **_: object) -> str:
    """A line for each rule: count, code, severity, name; the most frequent first."""
    counts = Counter((item.code, str(item.severity), item.name) for item in report.findings)
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    width = len(str(rows[0][1])) if rows else 0
    return "".join(
        f"{count:>{width}}  {visible(code)}  {severity:<7}  {visible(name)}\n"
        for (code, severity, name), count in rows
    )
