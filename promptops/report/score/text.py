"""For a person at a terminal: a table for each prompt, alerts, then a summary line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.report import Style, plain
from promptops.model.score import Dimension, Score, ScoreGroup
from promptops.plurals import counted
from promptops.report.parts.visible import visible_line, visible_path
from promptops.report.score import facts, notes
from promptops.report.score.facts import Section, group_name, sections
from promptops.report.score.figures import Column, columns, held
from promptops.report.test.facts import short

_ROWS = 20


def write(score: Score, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """The whole text.

    Args:
        figures: Show every group, and every assertion of each.
    """
    lines = _ScoreWriter(score, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _ScoreWriter:
    def __init__(self, score: Score, style: Style, *, figures: bool) -> None:
        self._score = score
        self._style = style
        self._figures = figures

    def lines(self) -> Iterator[str]:
        for section in sections(self._score):
            yield self._style("path", visible_path(section.title))
            yield from self._section(section)
            yield ""
        yield from self._after()
        yield from self._alerts()
        yield self._style("summary", visible_line(facts.summary(self._score)))

    def _section(self, section: Section) -> Iterator[str]:
        groups = section.groups
        shown = groups if self._figures else section.latest(_ROWS)
        if len(shown) < len(groups):
            earlier = counted(len(groups) - len(shown), "earlier group")
            yield f"  {earlier}: -v shows all"
        yield from self._table(shown, section.varying)
        if self._figures:
            yield from self._assertions(section)
        else:
            yield from (f"  {line}" for line in facts.violated(section))

    def _table(self, groups: Sequence[ScoreGroup], varying: Sequence[Dimension]) -> Iterator[str]:
        padded = map(_padded, columns(groups, varying))
        header, *rows = (f"  {'  '.join(row)}".rstrip() for row in zip(*padded, strict=True))
        yield self._style("note", header)
        yield from rows

    def _assertions(self, section: Section) -> Iterator[str]:
        for group in section.groups:
            name = group_name(group.by, ("prompt", *section.shared))
            for each in group.assertions:
                where = visible_path(str(each.place))
                prefix = f"{name}: " if name else ""
                yield f"  {prefix}{short(each.type)} ({where}): {held(each)} of {each.n:,}"

    def _after(self) -> Iterator[str]:
        for line in notes.unreadable(self._score):
            yield f"{self._style('warning', 'warning')}: {line}"
        for line in notes.bugs(self._score):
            yield f"{self._style('error', 'error')}: {line}"
        for label, line in notes.notes(self._score):
            yield f"{self._style('note', label)}: {line}"

    def _alerts(self) -> Iterator[str]:
        for line in notes.idle(self._score):
            yield f"{self._style('note', 'alert without effect')}: {line}"
        for line in notes.quiet(self._score):
            yield f"{self._style('note', 'no alert')}: {line}"
        for line in notes.doubtful(self._score):
            yield f"{self._style('warning', 'not certain')}: {line}"
        for line in notes.without_value(self._score):
            yield f"{self._style('error', 'alert without a value')}: {line}"
        for alert in self._score.alerts:
            name = group_name(alert.by)
            where = f"{name}: " if name else ""
            yield f"{self._style('error', 'alert')}: {where}{notes.raised(alert)}"


def _padded(column: Column) -> list[str]:
    """The title and the cells, all of the same width."""
    cells = [column.title, *column.cells]
    width = max(map(len, cells))
    return [cell.rjust(width) if column.is_number else cell.ljust(width) for cell in cells]
