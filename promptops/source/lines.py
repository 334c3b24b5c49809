"""From offsets in a text to lines and columns; conflict markers of an unresolved merge."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, count
from operator import add

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.paths import is_yaml


def starts_of(lines: Sequence[str]) -> list[int]:
    """The offsets where lines begin that are joined by newlines."""
    lengths = accumulate(map(len, lines[:-1]), initial=0)
    return list(map(add, lengths, count()))


class Lines:
    """The starts of the lines of a text, computed on first use.

    Attributes:
        path: The file, relative to the repository root.
        text: Newlines as LF.
    """

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Offsets of the first character of each line."""
        if self._starts is None:
            self._starts = starts_of(self.text.split("\n"))
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line_end(self, offset: int) -> int:
        """Offset of the newline that ends the line of an offset, or of the text's end."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def row(self, line: int) -> tuple[int, int]:
        """Start and end, without its newline, of a 1-based line; of the last line if beyond it."""
        starts = self.starts
        if line < len(starts):
            return starts[line - 1], starts[line] - 1
        return starts[-1], len(self.text)

    def place(self, start: int, end: int) -> Place:
        """The span of two offsets."""
        line, column = self.position(start)
        end_line, end_column = self.position(max(start, end))
        return Place(self.path, line, column, end_line, end_column)


# Conflict markers of an unresolved merge in a file.

CONFLICT_CODE = "SCH011"
CONFLICT_MESSAGE = "a conflict marker of an unresolved merge"
CONFLICT_HINT = (
    "resolve the conflict, and remove the lines `<<<<<<<`, `|||||||`, `=======` and `>>>>>>>`"
)
UNMERGED_HINT = "resolve the conflict, then `git add` the file"

_MARKER = lazy_pattern(r"(?m)^( *)(<{7,}|\|{7,}|={7,}|>{7,})(?: (.*))?$")
_BARE = lazy_pattern(r"(?m)^(?:<{7,}|>{7,})(?: .*)?$")
_CERTAIN = ("<<<<<<<", ">>>>>>>")

Span = tuple[int, int]
"""Start and end of a line of the text, as offsets in characters."""


def conflicts(path: str, text: str) -> Iterator[Span]:
    """The first marker of each conflict.

    At the beginning of a line, `<<<<<<< ` or `>>>>>>> ` followed by a name is enough. Without names
    there must be two different markers: a single `=======` underlines a heading.
    In YAML a conflict may also be indented, as the text of a block; then it needs `<<<<<<<`,
    `=======` and `>>>>>>>`.
    """
    for group in _groups(path, text):
        if _is_conflict(group):
            yield group[0].start(2), group[0].end()


def has_conflict(path: str, text: str) -> bool:
    """Whether a file has a marker that `conflicts` finds."""
    return next(conflicts(path, text), None) is not None


def _groups(path: str, text: str) -> Iterator[list[re.Match[str]]]:
    """Markers that may belong to one conflict: `<<<<<<<` begins one, `>>>>>>>` ends it."""
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return
    group: list[re.Match[str]] = []
    for marker in _MARKER.finditer(text):
        if marker[1] and not is_yaml(path):
            continue
        if marker[2][0] == "<" and group:
            yield group
            group = []
        group.append(marker)
        if marker[2][0] == ">":
            yield group
            group = []
    if group:
        yield group


def _is_conflict(group: list[re.Match[str]]) -> bool:
    kinds = {marker[2][0] for marker in group if marker[2][0] != "|"}
    if kinds == set("<=>"):
        return True
    unindented = [marker for marker in group if not marker[1]]
    alone = any(marker[2] in _CERTAIN and marker[3] for marker in unindented)
    return alone or (bool(unindented) and len(kinds) > 1)


def conflict_problems(lines: Lines) -> list[Problem]:
    """A problem at each conflict of a file."""
    return [_problem(lines, span) for span in conflicts(lines.path, lines.text)]


def explained(problems: list[Problem], lines: Lines) -> list[Problem]:
    """The problems of a file, or the conflict markers that prevent parsing it as YAML or JSON.

    In such a file a single marker without a name is enough: it can't be anything else.
    """
    if not any(problem.code == "SCH001" for problem in problems):
        return problems
    found = conflict_problems(lines)
    bare = _BARE.search(lines.text) if not found else None
    if bare is not None:
        found = [_problem(lines, bare.span())]
    return found or problems


def _problem(lines: Lines, span: Span) -> Problem:
    return Problem(CONFLICT_MESSAGE, at=lines.place(*span), hint=CONFLICT_HINT, code=CONFLICT_CODE)
