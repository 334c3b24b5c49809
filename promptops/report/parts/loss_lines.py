"""Findings of an import or an export as a Markdown list."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.model.finding import Finding
from promptops.plurals import counted
from promptops.report.parts.markdown_text import code, escape, sentence, within
from promptops.report.parts.sentence import advice, heading
from promptops.report.parts.visible import visible, visible_path


def loss_lines(findings: Sequence[Finding], room: int) -> str:
    """A line for each finding, most severe first; the number of those that do not fit."""
    ordered = sorted(findings, key=lambda finding: -finding.severity)
    lines = list(within(room, map(_line, ordered)))
    left_out = len(ordered) - len(lines)
    more = f"- {counted(left_out, 'more finding')}: `--format json` lists all\n" if left_out else ""
    return "".join(lines) + more


def _line(finding: Finding) -> str:
    place = finding.place
    where = code(f"{visible_path(place.path)}:{place.line}:{place.column}")
    hint = f" ({sentence(advice(finding))})" if advice(finding) else ""
    message = sentence(visible(finding.message))
    return f"- **{finding.severity}** {where}: {message}{hint} {escape(heading(finding))}\n"
