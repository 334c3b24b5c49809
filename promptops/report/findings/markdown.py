"""For the comment on a pull request: a table, the worst findings first."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.model.finding import Finding
from promptops.model.report import LintReport
from promptops.plurals import counted
from promptops.report.finding_text import advice, heading
from promptops.report.findings.full import summary
from promptops.report.markdown_text import (
    code,
    code_span,
    escape,
    readable_sentence,
    sentence,
    within,
)
from promptops.report.visible import visible, visible_path

MARKER = "<!-- promptops lint -->"
"""Identifies the comment, so that it is updated and not repeated."""

_LIMIT = 65_536
_RESERVED = 200
_LONGEST_CELL = 500
_TABLE = "| | place | finding | rule |\n|---|---|---|---|\n"


def write(report: LintReport, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    found = summary(report) or "no findings"
    text = f"{MARKER}\n**Lint**: {found} in {counted(report.files, 'file')}\n"
    return text + table(report, _LIMIT - _RESERVED - len(text))


def table(report: LintReport, room: int) -> str:
    """The worst findings that fit, and the number of those left out."""
    if not report.findings:
        return ""
    worst_first = sorted(report.findings, key=lambda finding: -finding.severity)
    rows = list(within(room - len(_TABLE), map(_row, worst_first)))
    left_out = len(worst_first) - len(rows)
    rest = counted(left_out, "more finding")
    more = f"\n{rest} left out: `promptops lint` shows all.\n" if left_out else ""
    return "".join(["\n", _TABLE, *rows, more])


def _row(finding: Finding) -> str:
    place = finding.place
    where = code(visible(f"{place.path}:{place.line}:{place.column}", _LONGEST_CELL))
    text = sentence(visible(finding.message, _LONGEST_CELL))
    hint = sentence(advice(finding)[:_LONGEST_CELL])
    what = f"{text}<br>{hint}" if hint else text
    return f"| {finding.severity!s} | {where} | {what} | {escape(heading(finding))} |\n"


# Findings of an import or an export as a list.


def loss_lines(findings: Sequence[Finding], room: int) -> str:
    """A line for each finding, most severe first; the number of those that do not fit."""
    ordered = sorted(findings, key=lambda finding: -finding.severity)
    lines = list(within(room, map(_item, ordered)))
    left_out = len(ordered) - len(lines)
    more = f"- {counted(left_out, 'more finding')}: `--format json` lists all\n" if left_out else ""
    return "".join(lines) + more


def _item(finding: Finding) -> str:
    where = code_span(visible_path(str(finding.place)))
    hint = f" ({readable_sentence(advice(finding))})" if advice(finding) else ""
    message = readable_sentence(visible(finding.message))
    return f"- **{finding.severity}** {where}: {message}{hint} ({escape(heading(finding))})\n"
