"""Finds code in a text: fenced blocks and inline code, which other checks ignore."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator

from promptops.patterns import lazy_pattern
from promptops.records import record

_FENCE = lazy_pattern(
    r"^[ \t>]{0,20}(?:[-*+] |\d{1,3}\. )?[ \t]{0,8}(`{3,}|~{3,})([^\n]{0,200})$", re.MULTILINE
)
_INLINE = lazy_pattern(r"(?<!`)(`{1,2})(?!`)([^`\n]{1,400})\1(?!`)")


@record(frozen=True, slots=True)
class Fence:
    """A line that opens or closes a fenced block.

    Attributes:
        start, end: Offsets of the fence's marks, without the language.
        marks: The marks themselves.
        indent: The number of characters before them on the line.
        bare: Whether the line contains only the marks, as closing fences do.
    """

    start: int
    end: int
    marks: str
    indent: int
    bare: bool


@record(frozen=True, slots=True)
class CodeSpans:
    """The spans of a text that are code, ascending."""

    spans: tuple[tuple[int, int], ...]

    def holds(self, offset: int) -> bool:
        """Whether the character at an offset is code."""
        index = bisect_right(self.spans, (offset, sys.maxsize)) - 1
        return index >= 0 and offset < self.spans[index][1]


def code_of(text: str) -> CodeSpans:
    """Fenced blocks and inline code between them; an unclosed block reaches the end of the text."""
    if "`" not in text and "~~~" not in text:
        return CodeSpans(())
    blocks = tuple(_blocks(text))
    inline = ((m.start(), m.end()) for m in _INLINE.finditer(text)) if "`" in text else ()
    outside = (span for span in inline if not CodeSpans(blocks).holds(span[0]))
    return CodeSpans(tuple(sorted((*blocks, *outside))))


def fences(text: str) -> Iterator[Fence]:
    """Lines that begin with a fence, in order, except those that also close it."""
    if "```" not in text and "~~~" not in text:
        return
    for line in _FENCE.finditer(text):
        marks, info = line[1], line[2].strip()
        if marks[0] not in info:
            indent = line.start(1) - line.start()
            yield Fence(line.start(1), line.end(1), marks, indent, not info)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    opened: Fence | None = None
    for fence in fences(text):
        if opened is None:
            opened = fence
        elif fence.bare and closes(fence, opened):
            yield opened.start, fence.end
            opened = None
    if opened:
        yield opened.start, len(text)


def closes(fence: Fence, opened: Fence) -> bool:
    """Whether a fence closes another: it has the right marks and is not indented inside it."""
    if fence.indent - opened.indent > 3:
        return False
    return fence.marks[0] == opened.marks[0] and len(fence.marks) >= len(opened.marks)
