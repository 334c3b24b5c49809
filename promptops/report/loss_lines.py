"""Findings of an import or an export as a Markdown list, and notes as lines of a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.finding import Finding
from promptops.plurals import and_more, counted
from promptops.report.finding_text import advice, heading
from promptops.report.markdown_text import code_span, escape, readable_sentence, within
from promptops.report.visible import visible, visible_path


def loss_lines(findings: Sequence[Finding], room: int) -> str:
    """A line for each finding, most severe first; the number of those that do not fit."""
    ordered = sorted(findings, key=lambda finding: -finding.severity)
    lines = list(within(room, map(_line, ordered)))
    left_out = len(ordered) - len(lines)
    more = f"- {counted(left_out, 'more finding')}: `--format json` lists all\n" if left_out else ""
    return "".join(lines) + more


def _line(finding: Finding) -> str:
    where = code_span(visible_path(str(finding.place)))
    hint = f" ({readable_sentence(advice(finding))})" if advice(finding) else ""
    message = readable_sentence(visible(finding.message))
    return f"- **{finding.severity}** {where}: {message}{hint} ({escape(heading(finding))})\n"


def note_lines(findings: Sequence[Finding], shown: int) -> Iterator[str]:
    """The first findings below the path of their file, each with line and column, and its code.

    The last line has the number of the others.
    """
    path = None
    for finding in findings[:shown]:
        place = finding.place
        if place.path != path:
            path = place.path
            yield visible_path(path)
        yield f"  {place.line}:{place.column}: {visible(finding.message)}  [{heading(finding)}]"
    more = and_more(len(findings) - shown)
    if more:
        yield f"{more}: --format json"
