"""For a person at a terminal: survivors in the source, a table of scores, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.mutant import Mutant, MutationRow, MutationRun
from promptops.model.report import Style, plain
from promptops.report.document.text import last_lines, table_lines
from promptops.report.mutate import facts
from promptops.report.parts.excerpt import excerpt
from promptops.report.parts.visible import visible_path

_GUTTER = 5


def write(run: MutationRun, *, style: Style = plain, **_: object) -> str:
    """The whole text."""
    return "".join(f"{line}\n" for line in _lines(run, style))


def _lines(run: MutationRun, style: Style) -> Iterator[str]:
    for row in run.rows:
        for mutant in facts.with_status(row, "survived"):
            yield from _survivor(mutant, style)
        yield from _unseen(row, style)
    if run.rows:
        yield from table_lines(facts.scores(run.rows), style, right=True)
    yield from last_lines(facts.document(run), style)


def _survivor(mutant: Mutant, style: Style) -> Iterator[str]:
    place = mutant.place
    where = f"{visible_path(place.path)}:{place.line}:{place.column}"
    word = style("warning", facts.state(mutant))
    operator = style("code", mutant.operator)
    yield f"{style('path', where)}: {word}: {facts.what(mutant)}  [{operator}]"
    yield from _excerpt(mutant, style)
    if facts.live(mutant):
        yield f"  {style('note', 'live')}: {facts.live(mutant)}"


def _excerpt(mutant: Mutant, style: Style) -> Iterator[str]:
    advice = style("hint", facts.hint(mutant))
    if not mutant.source_line.strip():
        yield f"  {advice}"
        return
    shown = excerpt(mutant.source_line, mutant.place)
    number = str(mutant.place.line).rjust(_GUTTER)
    blank = " " * len(number)
    yield f"{style('gutter', f'{number} |')} {shown.line}"
    yield f"{style('gutter', f'{blank} |')} {style('caret', shown.carets)} {advice}"


def _unseen(row: MutationRow, style: Style) -> Iterator[str]:
    unseen = facts.with_status(row, "unseen")
    if unseen and row.cases:
        path = style("path", visible_path(unseen[0].place.path))
        note = f"no case renders {facts.places(unseen)} (`{facts.COVERAGE}`)"
        yield f"{path}: {style('note', 'unseen')}: {note}"
