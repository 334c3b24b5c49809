"""The blocks of a report, and how they look at a terminal and in a comment."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress
from typing import Literal

from promptops.model.report import Style
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.report.markdown_text import code, escape, fitting, sentence
from promptops.report.visible import visible

Level = Literal["error", "warning", "info", "note"]
"""How bad something is; each is a role of `Style`. `info` is good, `note` is neither."""


@record(frozen=True, slots=True)
class Fact:
    """A figure at the top of a page; `of` follows it, such as `of 40 cases`."""

    label: str
    value: str
    of: str = ""


@record(frozen=True, slots=True)
class Remark:
    """A sentence about the whole result; one without text is not shown.

    Attributes:
        label: What kind of sentence it is, such as `ended early`; "" if its level says enough.
        on_page: Whether a page shows it here; else the page shows the same in its own way.
    """

    text: str
    level: Level = "note"
    label: str = ""
    on_page: bool = True


def ended_early(reason: str, unasked: int) -> Remark:
    """Why a run ended before all requests were sent; without a reason it is not shown."""
    rest = f", {counted(unasked, 'request')} not sent" if reason and unasked else ""
    return Remark(f"{visible(reason)}{rest}", "warning", "ended early")


@record(frozen=True, slots=True)
class Controls:
    """The checkbox above the parts of a page, and its keys.

    Attributes:
        id: Of the checkbox.
        hide: What the checkbox does.
        key: The key for it.
        folded: What can be folded, in the plural.
        counted: What the filter counts, in the plural.
        unit: What the keys move through, in the singular.
        meaning: What the key of the checkbox does.
    """

    id: str
    hide: str
    key: str
    folded: str
    counted: str
    unit: str
    meaning: str


@record(frozen=True, slots=True, kw_only=True)
class Document:
    """What all formats say about a result, besides its own parts.

    Attributes:
        label: The first word of a comment, such as `Mutation`.
        summary: The last line in a terminal, the title of a page.
        verdict: A word for the result, and its level; None if nothing is decided.
        title: The heading of a page.
        lead: The sentence below the heading.
        next: The next command.
        parts: What a page shows below the top, in the plural; "" for nothing.
        legend: The sentences at the end of a page.
    """

    command: str
    summary: str
    label: str = ""
    verdict: tuple[str, Level] | None = None
    title: str = ""
    lead: str = ""
    facts: tuple[Fact, ...] = ()
    remarks: tuple[Remark, ...] = ()
    next: str = ""
    parts: str = ""
    controls: Controls
    legend: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Column:
    """A column after the first one; its title is not escaped.

    Attributes:
        heading: The title on a page; `title` with a capital letter if it is empty.
    """

    title: str
    number: bool = True
    heading: str = ""

    @property
    def on_page(self) -> str:
        return self.heading or f"{self.title[:1].upper()}{self.title[1:]}"


@record(frozen=True, slots=True)
class Cell:
    """A text; its level is its colour, sign or weight.

    Attributes:
        of: What follows the text, less important.
    """

    text: str
    level: Level | None = None
    of: str = ""

    @property
    def whole(self) -> str:
        return f"{self.text} ({self.of})" if self.of else self.text


@record(frozen=True, slots=True, kw_only=True)
class Row:
    """A row: a name, then a cell for each other column.

    Attributes:
        instead: A sentence in place of the cells.
        after: A remark after the cells, not on a page.
        notes: What a page shows below the name.
    """

    name: str
    cells: tuple[Cell, ...] = ()
    instead: str = ""
    after: str = ""
    notes: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; its first column has the names of its rows.

    Attributes:
        unit: What a row is, in the singular: the title of the first column.
    """

    unit: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def filled(self) -> Table:
        """The same without columns whose cells are all empty."""
        cells = [row.cells for row in self.rows if row.cells]
        used = [any(cell.text for cell in column) for column in zip(*cells, strict=True)]
        rows = (replace(row, cells=tuple(compress(row.cells, used))) for row in self.rows)
        return replace(self, columns=tuple(compress(self.columns, used)), rows=tuple(rows))


# Blocks for a person at a terminal.


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


# Blocks for a comment on a pull request or an issue.

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
