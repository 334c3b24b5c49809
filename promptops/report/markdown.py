"""For the comment on a pull request: a table, the worst findings first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptops.model.finding import Finding
from promptops.model.report import LintReport
from promptops.report.parts.sentence import advice, heading
from promptops.report.parts.summary import counted, summary
from promptops.report.parts.visible import visible

MARKER = "<!-- promptops lint -->"
"""By which a comment is found again, to be updated and not repeated."""

_LIMIT = 65_536
_RESERVED = 200
_LONGEST_CELL = 500
_TABLE = "| | place | finding | rule |\n|---|---|---|---|\n"

# An entity never counts as structure in Markdown, so this holds in text, in tables and in `<code>`.
# GitHub looks for names and numbers (`@` and `#`) when Markdown is done, in each run of text: there
# an entity is no help, and a comment ends the run.
_STRUCTURE = re.compile(r"[&<>\"'`*_{}\[\]()~|:!$\\^+=@#]|(?<=[wW])\.")


def write(report: LintReport, **_: object) -> str:
    """One comment below the 65,536 characters that GitHub takes; says how many are left out."""
    text = f"{MARKER}\n**Lint**: {_headline(report)}\n"
    if not report.findings:
        return text
    text += f"\n{_TABLE}"
    worst_first = sorted(report.findings, key=lambda finding: -finding.severity)
    rows = list(_rows_within(_LIMIT - _RESERVED - len(text), worst_first))
    left_out = len(worst_first) - len(rows)
    return text + "".join(rows) + (f"\n{_left_out(left_out)}\n" if left_out else "")


def _headline(report: LintReport) -> str:
    files = counted(report.files, "file")
    said = summary(report)
    return f"{said} in {files}" if report.findings else f"{said or 'no findings'} in {files}"


def _left_out(number: int) -> str:
    return f"{counted(number, 'more finding')} left out: `promptops lint` shows all."


def _rows_within(room: int, findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        row = _row(finding)
        room -= len(row)
        if room < 0:
            return
        yield row


def _row(finding: Finding) -> str:
    place = finding.place
    where = _code(visible(f"{place.path}:{place.line}:{place.column}", _LONGEST_CELL))
    said = _sentence(visible(finding.message, _LONGEST_CELL))
    hint = _sentence(advice(finding)[:_LONGEST_CELL])
    what = f"{said}<br>{hint}" if hint else said
    return f"| {finding.severity!s} | {where} | {what} | {_escape(heading(finding))} |\n"


def _sentence(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return _escape(text)
    return "".join(
        _code(piece) if index % 2 else _escape(piece) for index, piece in enumerate(pieces)
    )


def _code(text: str) -> str:
    return f"<code>{_escape(text)}</code>"


def _escape(text: str) -> str:
    return _STRUCTURE.sub(lambda found: _harmless(found[0]), text)


def _harmless(char: str) -> str:
    return f"{char}<!-- -->" if char in "@#" else f"&#{ord(char)};"
