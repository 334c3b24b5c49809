"""Blocks for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.report import Style
from promptops.report.document.blocks import Cell, Document, Table


def last_lines(document: Document, style: Style) -> Iterator[str]:
    """The remarks, the next command and the summary."""
    for remark in document.remarks:
        if remark.text:
            yield f"{style(remark.level, remark.label or remark.level)}: {remark.text}"
    if document.next:
        yield f"{style('hint', 'hint')}: {document.next}"
    yield style("summary", document.summary)


def table_lines(table: Table, style: Style, *, right: bool = False) -> Iterator[str]:
    """The head and the rows, in aligned columns.

    Args:
        right: Align numbers on the right.
    """
    filled = table.filled
    head = (Cell(filled.unit), *(Cell(column.title) for column in filled.columns))
    rows = [(Cell(row.name), *row.cells) for row in filled.rows]
    widths = [0] * len(head)
    for cells in (head, *rows):
        for index, cell in enumerate(cells):
            widths[index] = max(widths[index], len(cell.whole))
    sides = [False, *(right and column.number for column in filled.columns)]

    def line(cells: tuple[Cell, ...]) -> str:
        return "  ".join(
            _aligned(cell, widths[index], style, right=sides[index])
            for index, cell in enumerate(cells)
        )

    yield style("note", line(head).rstrip())
    for row, cells in zip(filled.rows, rows, strict=True):
        yield f"{line(cells)}  {row.instead or row.after}".rstrip()


def _aligned(cell: Cell, width: int, style: Style, *, right: bool) -> str:
    """The cell with a colour for its level, which has no width."""
    gap = " " * (width - len(cell.whole))
    shown = style(cell.level, cell.whole) if cell.level else cell.whole
    return f"{gap}{shown}" if right else f"{shown}{gap}"
