"""Blocks for a comment on a pull request or an issue."""

from __future__ import annotations

from promptops.plurals import counted
from promptops.report.document.blocks import Cell, Document, Remark, Row, Table
from promptops.report.parts.markdown_text import code, escape, fitting, sentence

LIMIT = 65_536
"""GitHub's limit of a comment in characters."""


def opening(document: Document) -> str:
    """The summary, the remarks and the next command, after a marker.

    The marker identifies the comment, so that it is updated and not repeated.
    """
    lines = [
        f"**{document.label}**: {sentence(document.summary)}",
        *map(_remark, document.remarks),
        f"Next: {code(document.next)}" if document.next else "",
    ]
    marker = f"<!-- promptops {document.command} -->\n"
    return marker + "\n".join(f"{line}\n" for line in lines if line)


def _remark(remark: Remark) -> str:
    label = f"{remark.label.capitalize()}: " if remark.label and remark.text else ""
    return f"{label}{sentence(remark.text)}"


def table_text(table: Table, room: int, every: str) -> str:
    """The rows that fit into so many characters, and the number of the others.

    Args:
        every: The command or option that shows all of them.
    """
    filled = table.filled
    titles = [filled.unit, *(column.title for column in filled.columns)]
    sides = ["---", *("--:" if column.number else "---" for column in filled.columns)]
    rows = list(fitting(room, (_row(row, len(sides)) for row in filled.rows)))
    rest = more(len(filled.rows) - len(rows), filled.unit, every)
    return "".join([f"| {' | '.join(titles)} |\n|{'|'.join(sides)}|\n", *rows, rest])


def more(number: int, unit: str, every: str) -> str:
    """The number of those that are left out, and what shows all; "" for none."""
    return f"\n{counted(number, f'more {unit}')}: {code(every)}\n" if number > 0 else ""


def _row(row: Row, width: int) -> str:
    name = f"{code(row.name)} ({escape(row.after)})" if row.after else code(row.name)
    if row.instead:
        return f"| {name} | {escape(row.instead)} |{' |' * (width - 2)}\n"
    return f"| {' | '.join([name, *map(_cell, row.cells)])} |\n"


def _cell(cell: Cell) -> str:
    text = escape(cell.whole)
    return f"**{text}**" if cell.level in ("error", "warning") else text
