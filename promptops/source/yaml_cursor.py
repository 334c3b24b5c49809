"""What a position of a YAML file is in, also while the file can't be parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from promptops.json_pointer import pointer_to, tokens
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.lines import Lines
from promptops.source.yaml_nodes import unescaped

ENTRY = lazy_pattern(r"\n([ ]*)(?:-[ ]|[A-Za-z_$][\w.$/-]*:(?=[ \n]|\Z))")
"""The beginning of a line that begins an item or an entry of a block."""

QUOTED = {'"': lazy_pattern(r'"(?:[^"\\]|\\[\s\S])*("?)'), "'": lazy_pattern(r"'(?:[^']|'')*('?)")}
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
    """What the walk stopped at; attributes as of `promptops.source.yaml_cursor.Cursor`.

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


# What a position of a YAML file is in, also while the file can't be parsed.
#
# While a line is typed, most positions leave YAML that no parser reads. Indentation and open
# brackets up to the position decide; nothing after it can change the answer, except in the same
# line.

_BLANK_BEFORE_VALUE = lazy_pattern(r"[ ]*(?:\{[ ]*|(?:#[^\n]*)?\n(?:[ ]*(?:#[^\n]*)?\n)*[ ]*)")

_MOST_KEYS_TRIED = 8
"""A key with the name of a mapping is looked at in so many places."""


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
        siblings=sibling_keys(walk, spot),
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


def keys_below(text: str, pointer: str) -> tuple[str, ...]:
    """The keys of the mapping at a pointer; () if it is not found in a text, or is empty."""
    name = tokens(pointer)[-1]
    for found in islice(re.finditer(rf"\b{re.escape(name)}[ ]*:", text), _MOST_KEYS_TRIED):
        first = _BLANK_BEFORE_VALUE.match(text, found.end())
        cursor = cursor_at_offset(text, first.end() if first else found.end())
        if cursor.part == "key" and cursor.mapping == pointer:
            own = tokens(cursor.pointer)[-1]
            return tuple(key for key in (own, *cursor.siblings) if key)
    return ()


# The keys of the mapping that a position is in, before it and after it.


def sibling_keys(walk: BlockWalk, spot: Spot) -> dict[str, str]:
    """The keys around the spot where a walk stopped, without the key of the spot itself.

    With the text of each value before the spot that is a scalar on one line and, in brackets,
    after the spot; else "".
    """
    if spot.part == "value" and spot.mapping is not None:
        return _later_keys(walk, spot, spot.start - walk.text.rfind("\n", 0, spot.start) - 1)
    around = next((frame for frame in reversed(walk.frames) if frame.kind == "map"), None)
    if around is None:
        return {}
    key = around.key
    found = (
        _keys_in_brackets(walk, spot, around)
        if around.flow
        else _later_keys(walk, spot, around.indent)
    )
    others = {**found, **around.entries}
    others.pop(key, None)
    return others


def _later_keys(walk: BlockWalk, spot: Spot, indent: int) -> dict[str, str]:
    """The keys with an indentation in the lines after the spot, up to a line that has less."""
    return {
        unescaped(key.strip("\"'"), QUOTED_STYLES.get(key[0], "plain")): ""
        for key in _keys_below(walk, walk.end_of_line(max(spot.end, walk.limit)) + 1, indent)
    }


def _keys_below(walk: BlockWalk, line: int, indent: int) -> Iterator[str]:
    text = walk.text
    while line < len(text):
        content = line + walk.width(line)
        character = text[content : content + 1]
        if character not in ("", "\n", "#") and content - line <= indent:
            key = BLOCK_KEY.match(text, content) if content - line == indent else None
            if key:
                yield key[1]
            elif character != "-" or content - line < indent:
                return
        line = walk.end_of_line(content) + 1


def _keys_in_brackets(walk: BlockWalk, spot: Spot, around: Frame) -> dict[str, str]:
    """The entries of a mapping in brackets, up to its end."""
    rest = FlowWalk(walk.text, len(walk.text) + 1)
    rest.frames = walk.frames[:]
    if walk.top.expects in ("key", "value"):
        walk.top.expects = "colon" if spot.part == "key" else ""
    at = spot.end + (walk.text[spot.end : spot.end + 1] in QUOTED)
    while at < len(walk.text) and around in rest.frames and not rest.begins_entry(at):
        after = rest.token(at)
        at = len(walk.text) if isinstance(after, Spot) else after
    return around.entries


# Follows lists and mappings in brackets, up to their end or to the limit of the walk.

FLOW_PLAIN = lazy_pattern(
    r"(?:[^\s,\[\]{}:#'\"]|:(?![\s,\[\]{}]|\Z))"
    r"(?:[^\s,\[\]{}:#]|:(?![\s,\[\]{}]|\Z)|(?<=\S)#|[ \t]+(?![\s:#,\[\]{}]|\Z))*"
)
"""Text without quotes inside of brackets."""


class FlowWalk(Walk):
    """A walk inside of brackets."""

    def flow(self, at: int) -> int | Spot:
        """From an opening bracket to the offset after its end.

        Brackets that nothing closes end before the next entry of the block around them.
        """
        depth = len(self.frames)
        after: int | Spot = self._bracket(at)
        while not isinstance(after, Spot) and len(self.frames) > depth:
            at = after
            if at < self.limit and self.text[at : at + 1] == "\n" and self.begins_entry(at):
                del self.frames[depth:]
                break
            after = self.token(at)
        return after

    def token(self, at: int) -> int | Spot:
        character = self.text[at : at + 1]
        if character in (" ", "\n") and at < self.limit:
            return min(self.after_blanks(at + 1), self.limit)
        colon = character == ":" and self.top.expects == "colon"
        scalar = not colon and self._begins_scalar(at)
        if at >= self.limit and not scalar:
            return self._gap()
        if scalar:
            return self._scalar(at)
        if character == "#":
            return self.comment(at)
        if character in "[{]}":
            return self._bracket(at)
        if character == ",":
            self.top.index += 1
            self.top.key = ""
            self.top.expects = "key" if self.top.kind == "map" else "value"
        elif character == ":":
            self.top.expects = "value"
        return at + 1

    def _begins_scalar(self, at: int) -> bool:
        return self.text[at : at + 1] in QUOTED or FLOW_PLAIN.match(self.text, at) is not None

    def _bracket(self, at: int) -> int:
        if self.text[at] in "]}":
            self.frames.pop()
            return at + 1
        kind = "map" if self.text[at] == "{" else "seq"
        self.top.expects = ""
        self.frames.append(Frame(kind, self.top.indent, flow=True))
        return at + 1

    def _gap(self) -> Spot:
        """The limit is between two tokens."""
        if self.top.expects == "key":
            return self.key_spot(self.limit, self.limit)
        if self.top.expects == "value":
            return self.value_spot(self.limit, self.limit)
        return self.other_spot()

    def _scalar(self, at: int) -> int | Spot:
        quote = self.text[at]
        if quote not in QUOTED:
            match = FLOW_PLAIN.match(self.text, at)
            last = match.end() if match else at + 1
            return self._text(at, last, last, "plain")
        last, end = self.end_of_quoted(at)
        return self._text(at + 1, last, end, QUOTED_STYLES[quote])

    def _text(self, start: int, last: int, end: int, style: str) -> int | Spot:
        """Follow a scalar whose text spans `start` to `last`; its second quote ends at `end`."""
        on_limit = self.limit <= last or (style == "plain" and self.only_blanks(end))
        key = self.top.expects == "key"
        if on_limit and key:
            return self.key_spot(start, last, style=style)
        if on_limit:
            shown = last if style == "plain" else self.end_in_quotes(last, end)
            return self.value_spot(min(start, self.limit), shown, style=style)
        if key:
            self.top.key = unescaped(self.text[start:last], style)
        self.top.note("" if key else unescaped(self.text[start:last], style))
        self.top.expects = "colon" if key else ""
        return end


# Follows lists and mappings by indentation, line by line.

BLOCK_KEY = lazy_pattern(
    r"(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'"
    r"|(?:[^\s#&*!|>'\"%@`\[\]{},:?-]|[:?-](?=\S))"
    r"(?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?![ \t:#\n]))*)[ \t]*:(?=[ \t\n]|\Z)"
)
"""A key of a block mapping up to its colon."""

_DASH = lazy_pattern(r"-(?=[ \t\n]|\Z)")
_TAGS_AND_ANCHORS = lazy_pattern(r"(?:[&!][^\s,\[\]{}]*(?:[ \t]+|(?=\n|\Z)))+")
_BLOCK_TEXT_HEADER = lazy_pattern(
    r"([|>])(?:[-+]?([1-9]?)|([1-9])[-+])[ \t]*(?:[ \t]#[^\n]*)?(?=\n|\Z)"
)
_BLOCK_PLAIN = lazy_pattern(r"\S(?:[^\n#]|(?<=\S)#)*")
_EMPTY_LINES = lazy_pattern(r"(?:[ ]*\n)*")
_SPACES = lazy_pattern(r"[ ]*")


class BlockWalk(FlowWalk):
    """A walk over a whole text."""

    def spot(self) -> Spot:
        """What the limit is in."""
        after: int | Spot = 0
        while not isinstance(after, Spot):
            after = self._line(after)
        return after

    def _line(self, start: int) -> int | Spot:
        """Follow the line that begins at an offset; the offset of a later line, or the spot."""
        content = start + self.width(start)
        if content >= self.limit:
            return self._in_indentation(start, content)
        if self.text.startswith(("---", "..."), start):
            del self.frames[1:]
            return self._rest_of_line(start + 3)
        if self.text[content] in "#\n":
            return self._rest_of_line(content)
        return self._entry(content, content - start)

    def width(self, start: int) -> int:
        """How many spaces a line begins with."""
        match = _SPACES.match(self.text, start)
        return max(match.end() - start, 0) if match else 0

    def _in_indentation(self, start: int, content: int) -> int | Spot:
        """The limit is on an empty line, or before the first character of a line."""
        indent = self.limit - start
        empty = self.text[content : content + 1] in ("", "\n", "#")
        if not empty and self.limit < content:
            return self.other_spot()
        self._close(indent)
        return self._empty_line(indent) if empty else self._entry(content, indent)

    def _empty_line(self, indent: int) -> Spot:
        self._close_list_of_key(indent)
        if self.top.indent == indent and self.top.kind == "map":
            return self.key_spot(self.limit, self.limit)
        if self.top.indent == indent or self.top.filled:
            return self.other_spot()
        return self.value_spot(self.limit, self.limit, new=True)

    def _close(self, indent: int) -> None:
        while self.top.indent > indent:
            self.frames.pop()

    def _close_list_of_key(self, indent: int) -> None:
        """Close a list that is not indented more than its key."""
        if self.top.kind == "seq" and self.top.indent == indent == self.frames[-2].indent:
            self.frames.pop()

    def _entry(self, at: int, indent: int) -> int | Spot:
        """Follow an item or a key that begins at an offset, and the value in its line."""
        line = at - indent
        while True:
            self._close(at - line)
            key = BLOCK_KEY.match(self.text, at)
            if key:
                return self._key(key, at - line)
            if self.top.scalar is not None and at - line > self.top.indent:
                return self._plain(at)
            if not _DASH.match(self.text, at):
                return self._text_without_colon(at, at - line)
            if self.limit <= at:
                return self.other_spot()
            self._open_item(at - line)
            content = self.after_blanks(at + 1)
            if self.limit < content or self.text[content : content + 1] in ("", "\n", "#"):
                return self._value(at + 1, new=True)
            at = content  # an item that begins in the line of another

    def _text_without_colon(self, at: int, indent: int) -> int | Spot:
        self._close_list_of_key(indent)
        if self.top.kind == "map" and self.top.indent == indent:
            return self._unfinished_key(at)
        return self._value(at, new=True)

    def _open_item(self, indent: int) -> None:
        if self.top.kind != "seq" or self.top.indent < indent:
            self.top.filled = True
            self.frames.append(Frame("seq", indent))
        self.top.index += 1
        self.top.filled, self.top.scalar = False, None

    def _key(self, key: re.Match[str], indent: int) -> int | Spot:
        self._close_list_of_key(indent)
        top = self.top
        if top.kind != "map" or top.indent < indent:
            top.filled, top.scalar = True, None
            self.frames.append(Frame("map", indent))
        style = QUOTED_STYLES.get(key[1][0], "plain")
        quote = int(style != "plain")
        start, end = key.start(1) + quote, key.end(1) - quote
        if self.limit <= key.end(1):
            return self.key_spot(start, end, style=style)
        self._begin_entry(unescaped(self.text[start:end], style))
        return self._value(key.end()) if key.end() <= self.limit else self.other_spot()

    def _begin_entry(self, key: str) -> None:
        top = self.top
        top.key, top.filled, top.scalar = key, False, None
        top.note("")

    def _unfinished_key(self, at: int) -> int | Spot:
        """Text where a key is expected, without a colon."""
        end = self._end_of_plain(at)
        if self.limit <= end or self.only_blanks(end):
            return self.key_spot(at, end)
        self._begin_entry(self.text[at:end])
        return self._rest_of_line(end)

    def _value(self, at: int, *, new: bool = False) -> int | Spot:
        """Follow the value that begins at an offset or later in its line.

        `new`: it begins its line or its item.
        """
        properties = _TAGS_AND_ANCHORS.match(self.text, self.after_blanks(at))
        if properties and properties.end() <= self.limit:
            at = properties.end()
        content = self.after_blanks(at)
        character = self.text[content : content + 1]
        missing = character in ("", "\n", "#")
        if missing and content < self.limit:
            return self._rest_of_line(content)
        if missing or self.limit < content or (self.limit == content and character in "[{|>&!"):
            return self.value_spot(self.limit, self.limit, new=new and missing)
        self.top.filled = True
        return self._content(content, new=new)

    def _content(self, at: int, *, new: bool) -> int | Spot:
        """Follow the value whose first character is at an offset."""
        header = _BLOCK_TEXT_HEADER.match(self.text, at)
        if header:
            return self._block_text(header)
        if self.text[at] in QUOTED:
            return self._quoted(at, new=new)
        if self.text[at] not in "[{":
            return self._plain(at, new=new)
        after = self.flow(at)
        return after if isinstance(after, Spot) else self._rest_of_line(after)

    def _plain(self, at: int, *, new: bool = False) -> int | Spot:
        """Follow one line of a text without quotes."""
        end = self._end_of_plain(at)
        if self.top.scalar is None:
            self.top.scalar = at
            self.top.note(self.text[at:end])
        if self.limit <= end or self.only_blanks(end):
            return self.value_spot(self.top.scalar, end, new=new)
        return self._rest_of_line(end)

    def _end_of_plain(self, at: int) -> int:
        match = _BLOCK_PLAIN.match(self.text, at)
        return at + len(match[0].rstrip()) if match else at + 1

    def _quoted(self, at: int, *, new: bool) -> int | Spot:
        style = QUOTED_STYLES[self.text[at]]
        last, end = self.end_of_quoted(at)
        if self.limit <= last:
            start = min(at + 1, self.limit)
            return self.value_spot(start, self.end_in_quotes(last, end), style=style, new=new)
        self.top.note(unescaped(self.text[at + 1 : last], style))
        return self._rest_of_line(end)

    def _rest_of_line(self, at: int) -> int | Spot:
        """Follow what comes after a complete value: blanks, and perhaps a comment."""
        content = self.after_blanks(at)
        if self.text[content : content + 1] == "#" and content < self.limit:
            after = self.comment(content)
            return after if isinstance(after, Spot) else after + 1
        end = self.end_of_line(at)
        return self.other_spot() if self.limit <= end else end + 1

    def _block_text(self, header: re.Match[str]) -> int | Spot:
        """Follow a `|` or `>` text: all lines that are indented more than its key or item."""
        if self.limit <= header.end():
            return self.value_spot(header.start(), header.end())
        parent, given = self.top.indent, header[2] or header[3]
        indent = max(parent, 0) + int(given) if given else 0
        line = header.end() + 1
        while (content := self._next_content(line)) <= self.limit:
            width = self.width(content)
            if width <= parent:
                return content
            indent = indent or width
            line = self.end_of_line(content) + 1
            if self.limit < line:
                return self._block_spot(header, indent)
        column = self.limit - self.text.rfind("\n", 0, self.limit) - 1
        width = self.width(content)
        if max(column, width) <= parent:
            return self.limit - column
        return self._block_spot(header, indent or width or column)

    def _next_content(self, line: int) -> int:
        """Where the next line begins that is not empty; else after the text."""
        match = _EMPTY_LINES.match(self.text, line)
        start = match.end() if match else line
        return start if start + self.width(start) < len(self.text) else len(self.text) + 1

    def _block_spot(self, header: re.Match[str], indent: int) -> Spot:
        style = "literal" if header[1] == "|" else "folded"
        start, end = header.end() + 1, self.end_of_line(self.limit)
        return self.value_spot(start, end, style=style, indent=indent)
