"""For a person at a terminal: each finding with its source line, carets, hint and notes."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.finding import Finding
from promptops.model.report import LintReport, Style, plain
from promptops.report.parts.summary import summary

_GUTTER = 5


def write(report: LintReport, *, style: Style = plain, **_: object) -> str:
    """All findings, then a line with their number, or ""."""
    lines = [line for finding in report.findings for line in finding_lines(finding, style)]
    last = summary(report)
    if last:
        lines.append(style("summary", last))
    return "".join(f"{line}\n" for line in lines)


def first_line(finding: Finding, style: Style = plain) -> str:
    """The first line: `a.prompt.yaml:3:1: error: it is wrong  [SCH001 yaml-syntax]`."""
    from promptops.report.parts.sentence import heading
    from promptops.report.parts.visible import visible, visible_path

    place, severity = finding.place, str(finding.severity)
    where = f"{visible_path(place.path)}:{place.line}:{place.column}"
    return (
        f"{style('path', where)}: {style(severity, severity)}: {visible(finding.message)}"
        f"  [{style('code', heading(finding))}]"
    )


def finding_lines(finding: Finding, style: Style) -> Iterator[str]:
    """A finding with its source line, carets, hint and notes."""
    from promptops.report.parts.sentence import advice, notes

    yield first_line(finding, style)
    if finding.source_line.strip():
        yield from _excerpt(finding, style)
    elif advice(finding):
        yield f"  {style('hint', 'hint')}: {advice(finding)}"
    for note in notes(finding):
        yield f"  {style('note', 'note')}: {note}"


def _excerpt(finding: Finding, style: Style) -> Iterator[str]:
    from promptops.report.parts.excerpt import excerpt
    from promptops.report.parts.sentence import advice

    shown = excerpt(finding.source_line, finding.place)
    number = str(finding.place.line).rjust(_GUTTER)
    blank = " " * len(number)
    hint = advice(finding)
    carets = style("caret", shown.carets) + (f" {style('hint', hint)}" if hint else "")
    yield f"{style('gutter', f'{number} |')} {shown.line}"
    yield f"{style('gutter', f'{blank} |')} {carets}"
