"""Text of the repository in the Markdown of an editor, which must stay text.

A file could otherwise show links and commands in a pop-up that the reader takes for ours.
"""

from __future__ import annotations

from collections.abc import Iterable

from promptops.patterns import lazy_pattern
from promptops.report.parts.markdown_text import fenced
from promptops.report.parts.visible import visible, visible_line

_STRUCTURE = lazy_pattern(r"[\\`*_{}\[\]<>()!|~&:@$#]|(?<=[wW])\.")
_BEGINNING = lazy_pattern(r"^(\d*)([-+=.)])")
_TICKS = lazy_pattern("`+")

_LONGEST = 600
_MOST_LINES = 20
_LONGEST_LINE = 200


def prose(text: str) -> str:
    """One line of plain text: no structure, no links."""
    shown = visible(" ".join(text.split()), _LONGEST)
    escaped = _STRUCTURE.sub(lambda found: f"\\{found[0]}", shown)
    return _BEGINNING.sub(lambda found: f"{found[1]}\\{found[2]}", escaped)


def sentence(text: str) -> str:
    """As `prose`, with the parts between backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return prose(text)
    parts = [
        code(piece) if index % 2 else _spaced(piece) for index, piece in enumerate(pieces) if piece
    ]
    return "".join(parts)


def _spaced(piece: str) -> str:
    """Escaped text between two pieces of code, with the blanks at its ends."""
    start = " " if piece[:1].isspace() else ""
    end = " " if piece[-1:].isspace() and piece.strip() else ""
    return f"{start}{prose(piece)}{end}"


def code(text: str) -> str:
    """A text as inline code."""
    shown = visible(text, _LONGEST)
    longest = max((len(run) for run in _TICKS.findall(shown)), default=0)
    ticks, space = "`" * (longest + 1), " " if "`" in shown or not shown.strip() else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def excerpt(language: str, text: str) -> str:
    """The first lines of a text as a block of code."""
    lines = text.split("\n")
    shown = [visible_line(line[:_LONGEST_LINE]) for line in lines[:_MOST_LINES]]
    return fenced(language, [*shown, *(["…"] if len(lines) > _MOST_LINES else [])]).rstrip("\n")


def bullets(lines: Iterable[str]) -> str:
    """A list; each line is Markdown."""
    return "\n".join(f"- {line}" for line in lines)
