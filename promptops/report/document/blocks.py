"""The blocks of a document: what a result says, before a format writes it.

The texts of blocks are safe to print (`visible`) and have no markup, but backticks mark code.
"""

from __future__ import annotations

from itertools import compress
from typing import Literal

from promptops.plurals import counted
from promptops.records import record, replace
from promptops.report.parts.visible import visible

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
