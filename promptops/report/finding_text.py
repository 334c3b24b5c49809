"""The parts of a finding as sentences, and its source line with carets."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category, east_asian_width

from promptops.model.finding import Finding, Related
from promptops.model.place import Place
from promptops.model.report import Style
from promptops.records import record
from promptops.report.visible import escaped, visible, visible_characters, visible_path

_GUTTER = 5
_WIDEST = 120
_LEFT_OF_SPAN = 40
_MARKS_ON_ONE_CHARACTER = 3


@record(frozen=True, slots=True)
class Excerpt:
    """A source line and a line of carets in the same terminal columns."""

    line: str
    carets: str


def excerpt(source_line: str, place: Place) -> Excerpt:
    """Show a source line with carets under a place, which is cut at the end of the line.

    A line of over 120 characters is cut around the place, with `…` at the cut ends.
    """
    line = source_line.rstrip("\r\n")
    start, end = _span(line, place)
    left = max(0, start - _LEFT_OF_SPAN) if len(line) > _WIDEST else 0
    right = min(len(line), left + _WIDEST)
    before = "…" if left else ""
    after = "…" if right < len(line) else ""
    shown = _on_grid(line[left:right], start - left, end - left)
    indent = _width(before + "".join(shown[: start - left]))
    carets = max(1, _width("".join(shown[start - left : end - left])))
    return Excerpt(before + "".join(shown) + after, " " * indent + "^" * carets)


def excerpt_lines(source_line: str, place: Place, hint: str, style: Style) -> Iterator[str]:
    """The line with its number, and the carets with a hint, which may be empty."""
    shown = excerpt(source_line, place)
    number = str(place.line).rjust(_GUTTER)
    blank = " " * len(number)
    carets = style("caret", shown.carets) + (f" {style('hint', hint)}" if hint else "")
    yield f"{style('gutter', f'{number} |')} {shown.line}"
    yield f"{style('gutter', f'{blank} |')} {carets}"


def _span(line: str, place: Place) -> tuple[int, int]:
    """Offsets of the place in the line; a longer place ends with the line."""
    start = min(max(place.column - 1, 0), len(line))
    end = place.end_column - 1 if place.end_line == place.line else len(line)
    return start, min(max(end, start), len(line))


def _on_grid(line: str, start: int, end: int) -> list[str]:
    """The characters to print, so that the span begins and ends at the edge of a cell."""
    shown = visible_characters(line)
    marks = _MARKS_ON_ONE_CHARACTER
    for index, char in enumerate(line):
        if not _joins(char):
            marks = 0 if shown[index] == char else _MARKS_ON_ONE_CHARACTER
        elif index in (start, end) or marks >= _MARKS_ON_ONE_CHARACTER:
            shown[index] = escaped(char)
            marks = _MARKS_ON_ONE_CHARACTER
        else:
            marks += 1
    return shown


def _joins(char: str) -> bool:
    """Whether a terminal combines it with the previous cell: accents, Hangul vowels."""
    if char.isascii():
        return False
    return category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff"


def _width(shown: str) -> int:
    """The number of terminal cells."""
    if shown.isascii():
        return len(shown)
    return sum(
        0 if _joins(char) else 2 if east_asian_width(char) in ("W", "F") else 1 for char in shown
    )


# The parts of a finding as sentences.


def heading(finding: Finding) -> str:
    """Code and name of the rule, such as `VAR001 undefined-variable`."""
    return visible(f"{finding.code} {finding.name}")


def advice(finding: Finding) -> str:
    """How to fix it; "" if unknown."""
    if finding.hint:
        return visible(finding.hint)
    if finding.fix:
        return "fixable with --fix" if finding.fix.safe else "fixable with --fix --unsafe-fixes"
    return ""


def notes(finding: Finding) -> list[str]:
    """One line for each related place and for the test case."""
    lines = [note(related) for related in finding.related]
    if finding.case is not None:
        lines.append(f"found in the request of the case `{visible(finding.case)}`")
    return lines


def note(related: Related) -> str:
    """A related place, such as `prompts/a.md.j2:3:1: included here`."""
    return f"{visible_path(str(related.place))}: {visible(related.message)}"
