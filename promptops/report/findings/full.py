"""For a person at a terminal: each finding with its source line, carets, hint and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from promptops.model.finding import Finding, Severity
from promptops.model.report import LintReport, Style, plain
from promptops.plurals import counted


def write(report: LintReport, *, style: Style = plain, **_: object) -> str:
    """All findings, then a line with their number, or ""."""
    lines = [line for finding in report.findings for line in finding_lines(finding, style)]
    last = summary(report)
    if last:
        lines.append(style("summary", last))
    return "".join(f"{line}\n" for line in lines)


def first_line(finding: Finding, style: Style = plain) -> str:
    """The first line: `a.prompt.yaml:3:1: error: it is wrong  [SCH001 yaml-syntax]`."""
    from promptops.report.finding_text import heading
    from promptops.report.visible import visible, visible_path

    where, severity = visible_path(str(finding.place)), str(finding.severity)
    return (
        f"{style('path', where)}: {style(severity, severity)}: {visible(finding.message)}"
        f"  [{style('code', heading(finding))}]"
    )


def finding_lines(finding: Finding, style: Style) -> Iterator[str]:
    """A finding with its source line, carets, hint and notes."""
    from promptops.report.finding_text import advice, excerpt_lines, notes

    yield first_line(finding, style)
    hint = advice(finding)
    if finding.source_line.strip():
        yield from excerpt_lines(finding.source_line, finding.place, hint, style)
    elif hint:
        yield f"  {style('hint', 'hint')}: {hint}"
    for note in notes(finding):
        yield f"  {style('note', 'note')}: {note}"


# Counts of a lint run, and the sentences that show them.


def summary(report: LintReport) -> str:
    """A summary: `found 3 errors, 1 warning (2 fixable with --fix)`; "" for no findings."""
    if not report.findings:
        return f"fixed {counted(report.fixed, 'finding')}" if report.fixed else ""
    notes = ", ".join(_notes(report))
    return f"found {by_severity(report.findings)}" + (f" ({notes})" if notes else "")


def _notes(report: LintReport) -> list[str]:
    safe = sum(1 for finding in report.findings if finding.fix and finding.fix.safe)
    unsafe = sum(1 for finding in report.findings if finding.fix and not finding.fix.safe)
    notes = []
    if report.fixed:
        notes.append(f"{report.fixed} fixed")
    if safe:
        notes.append(f"{safe} fixable with --fix")
    if unsafe:
        how = "more with --unsafe-fixes" if safe else "fixable with --fix --unsafe-fixes"
        notes.append(f"{unsafe} {how}")
    return notes


def by_severity(findings: Iterable[Finding]) -> str:
    """Counts such as `3 errors, 1 warning`, the worst severity first."""
    counts = severities(findings)
    return ", ".join(counted(counts[level], str(level)) for level in _WORST_FIRST if counts[level])


def severities(findings: Iterable[Finding]) -> Counter[Severity]:
    """The number of findings by severity."""
    return Counter(finding.severity for finding in findings)


_WORST_FIRST = sorted(Severity, reverse=True)
