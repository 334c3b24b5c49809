"""The report of `blame`, for people and for programs: the request, each line with its commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from promptops.model.history import Blame, BlamedLine, LineOrigin
from promptops.model.report import Style, plain
from promptops.report.visible import visible, visible_line, visible_path

_COMMIT_DIGITS = 8
_LONGEST_NAME = 40
_NO_LINES = "(not written in a template)"


def write_text(blame: Blame, *, style: Style = plain) -> str:
    """The messages, each below its index and role, line by line."""
    shown: dict[int, list[str]] = {message: [] for message in blame.roles}
    for line, facts in zip(blame.lines, _table(blame.lines), strict=True):
        text = f"{style('gutter', facts)} {visible_line(line.text)}".rstrip()
        shown[line.message].append(text + style("note", _remarks(line)))
    return "".join(
        f"{row}\n"
        for message, role in blame.roles.items()
        for row in (f"--- {message} {visible(role)}", *(shown[message] or [_NO_LINES]))
    )


def _table(lines: Sequence[BlamedLine]) -> Iterator[str]:
    """The columns before each line, padded to the same width."""
    rows = [_columns(line) for line in lines]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        commit, author, date, place, number = map(_padded, row, widths)
        yield f"{commit} ({author} {date} {place} {number.strip().rjust(widths[-1])})"


def _columns(line: BlamedLine) -> tuple[str, str, str, str, str]:
    author = line.origin.author
    name = visible(author.name, _LONGEST_NAME) if author else "not committed yet"
    date = author.date[:10] if author else ""
    return _commit(line.origin), name, date, _place(line.origin), str(line.number)


def _commit(origin: LineOrigin) -> str:
    if origin.author is None:
        return "0" * _COMMIT_DIGITS
    return ("^" if origin.author.boundary else "") + origin.author.commit[:_COMMIT_DIGITS]


def _place(origin: LineOrigin) -> str:
    return f"{visible_path(origin.path)}:{origin.line}"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _remarks(line: BlamedLine) -> str:
    """Notes on a line: the values in it, and the includes around it."""
    values = ", ".join(map(visible, line.inputs))
    later = [include for include in line.through if include.is_later(line.origin)]
    parts = (
        ("<- " if line.written else "<- only ") + values if values else "",
        *(f"also {_commit(other)} {_place(other)}" for other in line.also),
        *(f"through {_commit(other)} {_place(other)}" for other in later),
    )
    return "".join(f"   {part}" for part in parts if part)
