"""For people: a line for each prompt, then the findings, then what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.finding import Severity
from promptops.model.imported import Import
from promptops.model.report import Style, plain
from promptops.report.full import finding_lines
from promptops.report.import_ import facts
from promptops.report.import_.facts import (
    inferred_line,
    left_out_lines,
    next_step,
    profile_lines,
    row,
    summary,
    without_inferred,
)
from promptops.report.parts.loss_lines import note_lines
from promptops.report.parts.visible import visible_path

_COLUMNS = 7
_SHOWN_NOTES = 12


def write(result: Import, *, style: Style = plain) -> str:
    """The table, the findings of severity warning and error, the first notes, and a summary."""
    lines = [*_table(result, style), *_findings(result, style)]
    lines += [*_notes(result), *left_out_lines(result.left_out)]
    lines += [style("summary", summary(result)), *facts.advice(result)]
    if result.profiles:
        lines += [
            f"add to {visible_path(result.configuration)}:",
            *(f"  {line}" for line in profile_lines(result)),
        ]
    lines += [f"next: {step}" for step in next_step(result)]
    return "".join(f"{line}\n" for line in lines)


def _table(result: Import, style: Style) -> Iterator[str]:
    rows = [row(prompt) for prompt in result.prompts]
    widths = [max((len(cells[column]) for cells in rows), default=0) for column in range(_COLUMNS)]
    for cells in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield f"{style('path', padded[0])}  {'  '.join(padded[1:])}".rstrip()


def _findings(result: Import, style: Style) -> Iterator[str]:
    for finding in facts.once(result.findings):
        if finding.severity > Severity.INFO:
            yield from finding_lines(finding, style)


def _notes(result: Import) -> Iterator[str]:
    """What was assumed, or kept in other words, in the prompts that are not refused."""
    refused = {prompt.id for prompt in result.prompts if prompt.state == "refused"}
    found = [
        one
        for one in facts.once(result.findings)
        if one.severity is Severity.INFO and one.prompt not in refused
    ]
    if found:
        yield "notes:"
        lines = note_lines(without_inferred(found), _SHOWN_NOTES)
        yield from (f"  {line}" for line in (*lines, inferred_line(found)) if line)
