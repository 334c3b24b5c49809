"""The state of a walk over a YAML text that may be half-typed, and what it can stop at."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.json_pointer import pointer_to
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.scalars import unescaped

ENTRY = lazy_pattern(r"\n([ ]*)(?:-[ ]|[A-Za-z_$][\w.$/-]*:(?=[ \n]|\Z))")
"""The beginning of a line that begins an item or an entry of a block."""

QUOTED = {
    '"': lazy_pattern(r'"(?:[^"\\]|\\[\s\S])*("?)'),
    "'": lazy_pattern(r"'(?:[^']|'')*('?)"),
}
QUOTED_STYLES = {'"': "double", "'": "single"}

_BLANKS = lazy_pattern(r"[ \t]*")


class Frame:
    """A list or a mapping that is open, with its current entry.

    Attributes:
        kind: root, map or seq.
        indent: Spaces before its entries; in brackets, of the block around.
        flow: It is written in brackets.
        key, index: Of its current entry.
        filled: The value of the current entry has begun.
        scalar: The offset where that value began, if it is text without quotes.
        expects: In brackets, what may come next: key, colon, value or "".
        entries: The keys of a mapping so far, with the text of scalars on one line, or "".
    """

    __slots__ = ("entries", "expects", "filled", "flow", "indent", "index", "key", "kind", "scalar")

    def __init__(self, kind: str, indent: int, *, flow: bool = False) -> None:
        self.kind = kind
        self.indent = indent
        self.flow = flow
        self.key = ""
        self.index = 0 if flow else -1
        self.filled = False
        self.scalar: int | None = None
        self.expects = "key" if kind == "map" else "value"
        self.entries: dict[str, str] = {}

    @property
    def step(self) -> str | int:
        """The key or the index of the current entry."""
        return self.key if self.kind == "map" else self.index

    def note(self, text: str) -> None:
        """Remember a scalar as the value of the current key."""
        if self.kind == "map":
            self.entries[self.key] = text


@record(frozen=True, slots=True, kw_only=True)
class Spot:
    """What the walk stopped at; attributes as of `promptops.source.outline.cursor.Cursor`.

    Attributes:
        indent: Spaces before the lines of a block text; -1 for other values.
    """

    part: str
    pointer: str
    style: str
    start: int
    end: int
    mapping: str | None = None
    indent: int = -1


class Walk:
    """From the beginning of a text to an offset in it, the limit.

    Attributes:
        frames: The lists and mappings that are open, from the outermost to the innermost.
    """

    def __init__(self, text: str, limit: int) -> None:
        self.text = text
        self.limit = limit
        self.frames = [Frame("root", -1)]

    @property
    def top(self) -> Frame:
        return self.frames[-1]

    def value_spot(
        self, start: int, end: int, *, style: str = "plain", new: bool = False, indent: int = -1
    ) -> Spot:
        """The limit is in the value of the current entry, which spans two offsets.

        `new`: the value begins its line or its item, so it may become the key of a mapping.
        """
        pointer = _pointer(self.frames)
        mapping = pointer if new else None
        return Spot(
            part="value",
            pointer=pointer,
            style=style,
            start=start,
            end=max(end, self.limit),
            mapping=mapping,
            indent=indent,
        )

    def key_spot(self, start: int, end: int, *, style: str = "plain") -> Spot:
        """The limit is in a key of the innermost mapping."""
        self.top.key = unescaped(self.text[start:end], style)
        return Spot(
            part="key",
            pointer=_pointer(self.frames),
            style=style,
            start=min(start, self.limit),
            end=end,
            mapping=_pointer(self.frames[:-1]),
        )

    def other_spot(self, *, part: str = "", start: int | None = None) -> Spot:
        """The limit is where nothing can be typed, or in a comment."""
        start = self.limit if start is None else start
        end = self.end_of_line(start) if part else start
        return Spot(part=part, pointer=_pointer(self.frames), style="plain", start=start, end=end)

    def comment(self, at: int) -> int | Spot:
        """The end of the comment whose `#` is at an offset, or the spot if the limit is in it."""
        end = self.end_of_line(at)
        return self.other_spot(part="comment", start=at) if at < self.limit <= end else end

    def end_of_quoted(self, at: int) -> tuple[int, int]:
        """The offsets of the end of a quoted text, without and with its second quote.

        They are equal if that quote is missing.
        """
        match = QUOTED[self.text[at]].match(self.text, at)
        end, closed = (match.end(), len(match[1])) if match else (at + 1, 0)
        broken = self._next_entry(at, end)
        return (end - closed, end) if broken is None else (broken, broken)

    def end_in_quotes(self, last: int, end: int) -> int:
        """The end of a quoted text in the line of the limit: the limit, if it has no quote there.

        `last` and `end` are as of `end_of_quoted`.
        """
        unclosed = last == end or "\n" in self.text[self.limit : last]
        return self.limit if unclosed else last

    def _next_entry(self, start: int, end: int) -> int | None:
        """The newline before the next entry of a block that is open, if it is in a span."""
        found = ENTRY.search(self.text, start, end)
        while found and not self.begins_entry(found.start()):
            found = ENTRY.search(self.text, found.start() + 1, end)
        return found.start() if found else None

    def begins_entry(self, newline: int) -> bool:
        """Whether an entry of a block that is open begins after a newline."""
        found = ENTRY.match(self.text, newline)
        block = next(frame for frame in reversed(self.frames) if not frame.flow)
        return found is not None and len(found[1]) <= block.indent

    def after_blanks(self, at: int) -> int:
        match = _BLANKS.match(self.text, at)
        return match.end() if match else at

    def end_of_line(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def only_blanks(self, start: int) -> bool:
        """Whether the limit is in the line of an offset, and only blanks are between them."""
        return self.limit <= self.after_blanks(start)


def _pointer(frames: Sequence[Frame]) -> str:
    return pointer_to(frame.step for frame in frames[1:])
