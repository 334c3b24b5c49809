"""For people: a line for each prompt, then the findings, then what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.finding import Severity
from promptops.model.imported import Import
from promptops.model.report import Style, plain
from promptops.report.full import finding_lines
from promptops.report.import_.parts import facts
from promptops.report.import_.parts.facts import next_step, notes, profile_lines, row, summary

_COLUMNS = 7


def write(result: Import, *, style: Style = plain) -> str:
    """The table, the findings of severity warning and error, and a summary."""
    lines = [*_table(result, style), *_findings(result, style)]
    lines += [*facts.unknown(result), style("summary", summary(result)), *notes(result)]
    if result.profiles:
        lines += ["add to promptops.toml:", *(f"  {line}" for line in profile_lines(result))]
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
