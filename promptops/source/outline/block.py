"""Follows lists and mappings by indentation, line by line."""

from __future__ import annotations

import re

from promptops.patterns import lazy_pattern
from promptops.source.outline.flow import FlowWalk
from promptops.source.outline.walk import QUOTED, QUOTED_STYLES, Frame, Spot
from promptops.source.scalars import unescaped

KEY = lazy_pattern(
    r"(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'"
    r"|(?:[^\s#&*!|>'\"%@`\[\]{},:?-]|[:?-](?=\S))"
    r"(?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?![ \t:#\n]))*)[ \t]*:(?=[ \t\n]|\Z)"
)
"""A key of a block mapping up to its colon."""

_DASH = lazy_pattern(r"-(?=[ \t\n]|\Z)")
_PROPERTIES = lazy_pattern(r"(?:[&!][^\s,\[\]{}]*(?:[ \t]+|(?=\n|\Z)))+")
_HEADER = lazy_pattern(r"([|>])(?:[-+]?([1-9]?)|([1-9])[-+])[ \t]*(?:[ \t]#[^\n]*)?(?=\n|\Z)")
_PLAIN = lazy_pattern(r"\S(?:[^\n#]|(?<=\S)#)*")
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
            key = KEY.match(self.text, at)
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
        properties = _PROPERTIES.match(self.text, self.after_blanks(at))
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
        header = _HEADER.match(self.text, at)
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
        match = _PLAIN.match(self.text, at)
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
