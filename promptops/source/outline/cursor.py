"""What a position of a YAML file is in, also while the file can't be parsed.

While a line is typed, most positions leave YAML that no parser reads. Indentation and open brackets
up to the position decide; nothing after it can change the answer, except in the same line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from promptops.json_pointer import tokens
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.lines import Lines
from promptops.source.outline.block import BlockWalk
from promptops.source.outline.siblings import siblings
from promptops.source.outline.walk import Spot
from promptops.source.scalars import unescaped

_NEXT_CONTENT = lazy_pattern(r"[ ]*(?:\{[ ]*|(?:#[^\n]*)?\n(?:[ ]*(?:#[^\n]*)?\n)*[ ]*)")


@record(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What a position is in. Offsets are of the text, in characters.

    Attributes:
        part: "key", "value" or "comment"; in TOML also "header"; "" where nothing can be typed, as
            after a value.
        pointer: The JSON pointer of the value; of a key, that of its value; of a comment, of the
            entry that is open before it.
        mapping: The JSON pointer of the mapping whose key is typed here, or may be: a text that
            begins its line or its item is a value until it has a colon. None if it can't be a key.
        siblings: The other keys of that mapping or, in a value, of the mapping around it; with
            the text of each value that is a scalar on one line, else "".
        style: How the scalar is written: plain, single, double, literal, folded.
        typed: The text of the scalar up to the position: without quotes, escapes and
            indentation. Of a comment, from its `#`.
        offset: Of the position.
        start: Where the scalar or the comment begins: after its quote; of a block, its first line.
        end: Where it ends, before its quote; if it has several lines, the end of this one.
        in_brackets: The position is in a list or mapping in brackets.
    """

    part: str
    pointer: str
    mapping: str | None
    siblings: Mapping[str, str]
    style: str
    typed: str
    offset: int
    start: int
    end: int
    in_brackets: bool

    @property
    def in_block(self) -> bool:
        """Whether the position is in a `|` or `>` text."""
        return self.style in ("literal", "folded")


def cursor_at(text: str, line: int, column: int) -> Cursor:
    """What a position of a text with LF newlines is in.

    `line` and `column` are 1-based, in characters; beyond the end of a line or of the text, its
    end. Never raises, whatever the text.
    """
    start, end = Lines("", text).row(max(line, 1))
    return cursor_at_offset(text, min(start + max(column, 1) - 1, end))


def cursor_at_offset(text: str, offset: int) -> Cursor:
    """What an offset (0 to the length of the text) is in."""
    walk = BlockWalk(text, offset)
    spot = walk.spot()
    return Cursor(
        part=spot.part,
        pointer=spot.pointer,
        mapping=spot.mapping,
        siblings=siblings(walk, spot),
        style=spot.style,
        typed=_typed(text, spot, offset),
        offset=offset,
        start=spot.start,
        end=spot.end,
        in_brackets=walk.top.flow,
    )


def _typed(text: str, spot: Spot, offset: int) -> str:
    raw = text[spot.start : offset]
    if spot.indent < 0:
        return unescaped(raw, spot.style)
    return "\n".join(line[spot.indent :] for line in raw.split("\n"))


_MOST_PLACES = 8
"""A key with the name of a mapping is looked at in so many places."""


def keys_below(text: str, pointer: str) -> tuple[str, ...]:
    """The keys of the mapping at a pointer; () if it is not found in a text, or is empty."""
    name = tokens(pointer)[-1]
    for found in islice(re.finditer(rf"\b{re.escape(name)}[ ]*:", text), _MOST_PLACES):
        first = _NEXT_CONTENT.match(text, found.end())
        cursor = cursor_at_offset(text, first.end() if first else found.end())
        if cursor.part == "key" and cursor.mapping == pointer:
            own = tokens(cursor.pointer)[-1]
            return tuple(key for key in (own, *cursor.siblings) if key)
    return ()
