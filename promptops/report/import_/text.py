"""For people: a line for each prompt, then the findings, then what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from promptops.model.finding import Severity
from promptops.model.imported import Import, ImportedPrompt
from promptops.model.report import Style, plain
from promptops.plurals import and_more, counted
from promptops.report.full import finding_lines
from promptops.report.parts.visible import visible, visible_path

_SHOWN_UNKNOWN = 10
_COLUMNS = 7
_STATES = {
    "written": "written",
    "would-write": "would be written",
    "same": "unchanged",
    "refused": "refused",
}


def write(result: Import, *, style: Style = plain) -> str:
    """The table, the findings of severity warning and error, and a summary."""
    lines = [*_table(result, style), *_findings(result, style), *_unknown(result)]
    lines += [style("summary", summary(result)), *_inferred(result), *_next(result)]
    return "".join(f"{line}\n" for line in lines)


def summary(result: Import) -> str:
    """`3 prompts of 4 files: 2 without loss, 1 with, 0 refused`."""
    lossless = sum(prompt.losses == 0 for prompt in result.prompts)
    with_loss = len(result.prompts) - lossless - result.refused
    text = (
        f"{counted(len(result.prompts), 'prompt')} of {counted(result.files, 'file')}:"
        f" {lossless} without loss, {with_loss} with, {result.refused} refused"
    )
    return f"{text}; {counted(result.skipped, 'file')} left out" if result.skipped else text


def _table(result: Import, style: Style) -> Iterator[str]:
    rows = [_row(prompt) for prompt in result.prompts]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(_COLUMNS)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield f"{style('path', cells[0])}  {'  '.join(cells[1:])}".rstrip()


def _row(prompt: ImportedPrompt) -> tuple[str, ...]:
    return (
        visible(prompt.id),
        visible(prompt.format),
        counted(prompt.messages, "message"),
        counted(prompt.inputs, "input"),
        counted(prompt.cases, "case") if prompt.cases else "-",
        counted(prompt.losses, "loss") if prompt.losses else "-",
        _STATES[prompt.state],
    )


def _findings(result: Import, style: Style) -> Iterator[str]:
    """Each finding once: that of a test is a finding of each prompt that has the test."""
    severe = (one for one in result.findings if one.severity > Severity.INFO)
    for finding in {(one.code, one.place, one.message): one for one in severe}.values():
        yield from finding_lines(finding, style)


def _unknown(result: Import) -> Iterator[str]:
    if result.unknown:
        shown = ", ".join(visible_path(path) for path in result.unknown[:_SHOWN_UNKNOWN])
        rest = len(result.unknown) - _SHOWN_UNKNOWN
        more = f" {and_more(rest)}" if rest > 0 else ""
        yield f"not read, in no known format: {shown}{more}"


def _inferred(result: Import) -> Iterator[str]:
    notes = sum(finding.severity is Severity.INFO for finding in result.findings)
    if notes:
        yield f"{counted(notes, 'note')} on what was assumed or kept: --format json or markdown"


def _next(result: Import) -> Iterator[str]:
    states = {prompt.state for prompt in result.prompts}
    if "would-write" in states:
        yield "next: the same command without --dry-run"
    elif "written" in states:
        paths = [prompt.path for prompt in result.prompts if prompt.state == "written"]
        where = shlex.quote(paths[0]) if len(paths) == 1 else "prompts"
        yield f"next: git add {where} && promptops lint"
