"""For a person at a terminal: survivors in the source, a table of scores, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.mutant import Mutant, MutationRow, MutationRun
from promptops.model.report import Style, plain
from promptops.report.mutate.parts import facts
from promptops.report.parts.excerpt import excerpt
from promptops.report.parts.visible import visible_path

_GUTTER = 5
_HEAD = ("prompt", "behaviour", "with quotes", "killed", "quoted", "survived", "unseen")


def write(run: MutationRun, *, style: Style = plain, **_: object) -> str:
    """The whole text."""
    return "".join(f"{line}\n" for line in _lines(run, style))


def _lines(run: MutationRun, style: Style) -> Iterator[str]:
    for row in run.rows:
        for mutant in facts.with_status(row, "survived"):
            yield from _survivor(mutant, style)
        yield from _unseen(row, style)
    if run.rows:
        yield from _table(run.rows, style)
    if facts.operators(run):
        yield f"{style('note', 'by operator')}: {facts.operators(run)}"
    yield from _after(run, style)
    yield style("summary", facts.summary(run))


def _survivor(mutant: Mutant, style: Style) -> Iterator[str]:
    place = mutant.place
    where = f"{visible_path(place.path)}:{place.line}:{place.column}"
    state = style("warning", facts.state(mutant))
    operator = style("code", mutant.operator)
    yield f"{style('path', where)}: {state}: {facts.what(mutant)}  [{operator}]"
    yield from _excerpt(mutant, style)
    if facts.live(mutant):
        yield f"  {style('note', 'live')}: {facts.live(mutant)}"


def _excerpt(mutant: Mutant, style: Style) -> Iterator[str]:
    hint = style("hint", facts.hint(mutant))
    if not mutant.source_line.strip():
        yield f"  {hint}"
        return
    shown = excerpt(mutant.source_line, mutant.place)
    number = str(mutant.place.line).rjust(_GUTTER)
    blank = " " * len(number)
    yield f"{style('gutter', f'{number} |')} {shown.line}"
    yield f"{style('gutter', f'{blank} |')} {style('caret', shown.carets)} {hint}"


def _unseen(row: MutationRow, style: Style) -> Iterator[str]:
    unseen = facts.with_status(row, "unseen")
    if unseen and row.cases:
        path = style("path", visible_path(unseen[0].place.path))
        note = f"no case renders {facts.places(unseen)} (`{facts.COVERAGE}`)"
        yield f"{path}: {style('note', 'unseen')}: {note}"


def _table(rows: Sequence[MutationRow], style: Style) -> Iterator[str]:
    cells = [_HEAD, *map(_row, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    yield style("note", _aligned(_HEAD, widths))
    for row in rows:
        if facts.untested(row):
            yield f"{_row(row)[0].ljust(widths[0])}  {facts.title(row)}"
        else:
            remark = f"  {facts.remark(row)}" if row.nothing else ""
            yield f"{_aligned(_row(row), widths)}{remark}"


def _row(row: MutationRow) -> tuple[str, ...]:
    count = row.count
    numbers = (count.killed, count.quoted, count.survived, count.unseen)
    shares = (facts.percent(count), facts.percent_with_quotes(count))
    return (visible_path(facts.name(row)), *shares, *(f"{number:,}" for number in numbers))


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers = row
    cells = (cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))
    return "  ".join([first.ljust(widths[0]), *cells])


def _after(run: MutationRun, style: Style) -> Iterator[str]:
    for remark in facts.remarks(run):
        yield f"{style('note', 'note')}: {remark}"
    if facts.ended(run):
        yield f"{style('warning', 'ended early')}: {facts.ended(run)}"
    if run.advice:
        yield f"{style('hint', 'hint')}: {facts.advice(run)}"
