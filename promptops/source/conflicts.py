"""Conflict markers that a merge left in a file."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.source.lines import Lines

CODE = "SCH011"
MESSAGE = "a conflict marker: a merge is not resolved here"
HINT = "keep what is meant, and remove the lines `<<<<<<<`, `|||||||`, `=======` and `>>>>>>>`"
UNMERGED_HINT = "resolve the conflict, then `git add` the file"

_MARKER = lazy_pattern(r"(?m)^( *)(<{7,}|\|{7,}|={7,}|>{7,})(?: .*)?$")
_CERTAIN = lazy_pattern(r"(?m)^(?:<{7,}|>{7,})(?: .*)?$")
_YAML = (".yaml", ".yml")

Span = tuple[int, int]
"""Start and end of a line of the text, as offsets in characters."""


def conflicts(path: str, text: str) -> Iterator[Span]:
    """The first marker of each conflict.

    A conflict has two different markers at the beginning of lines: a single `=======` underlines a
    heading, and a single `<<<<<<< HEAD` is quoted. In YAML a conflict may also be indented, as the
    text of a block; then it has `<<<<<<<`, `=======` and `>>>>>>>`.
    """
    if "<<<<<<<" not in text and ">>>>>>>" not in text:
        return
    first: Span | None = None
    kinds = ""
    for match in _MARKER.finditer(text):
        kind = match[2][0]
        if match[1] and not path.endswith(_YAML):
            continue
        if kind == "<" or first is None:
            if first is not None and kinds == "<=":
                yield first
            first, kinds = ((match.start(2), match.end()), kind) if kind in "<=" else (None, "")
            continue
        kinds += kind if kind in "=>" and kind not in kinds else ""
        if kind == ">":
            if kinds == "<=>" or not match[1]:
                yield first
            first, kinds = None, ""
    if first is not None and kinds == "<=" and text[first[0] - 1 : first[0]] in ("", "\n"):
        yield first


def conflict_problems(lines: Lines) -> list[Problem]:
    """A problem at each conflict of a file."""
    return [_problem(lines, span) for span in conflicts(lines.path, lines.text)]


def explained(problems: list[Problem], lines: Lines) -> list[Problem]:
    """Why a file is no YAML or JSON: the conflict markers in it, where there are any.

    There a single marker is enough: it can't be anything else.
    """
    if not any(problem.code == "SCH001" for problem in problems):
        return problems
    found = conflict_problems(lines)
    certain = _CERTAIN.search(lines.text) if not found else None
    if certain is not None:
        found = [_problem(lines, certain.span())]
    return found or problems


def _problem(lines: Lines, span: Span) -> Problem:
    return Problem(MESSAGE, at=lines.place(*span), hint=HINT, code=CODE)
