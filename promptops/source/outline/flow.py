"""Follows lists and mappings in brackets, up to their end or to the limit of the walk."""

from __future__ import annotations

from promptops.patterns import lazy_pattern
from promptops.source.outline.walk import QUOTED, QUOTED_STYLES, Frame, Spot, Walk
from promptops.source.scalars import unescaped

PLAIN = lazy_pattern(
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
            self._entry_after_comma()
        elif character == ":":
            self.top.expects = "value"
        return at + 1

    def _begins_scalar(self, at: int) -> bool:
        return self.text[at : at + 1] in QUOTED or PLAIN.match(self.text, at) is not None

    def _bracket(self, at: int) -> int:
        if self.text[at] in "]}":
            self.frames.pop()
            return at + 1
        kind = "map" if self.text[at] == "{" else "seq"
        self.top.expects = ""
        self.frames.append(Frame(kind, self.top.indent, flow=True))
        return at + 1

    def _entry_after_comma(self) -> None:
        self.top.index += 1
        self.top.key = ""
        self.top.expects = "key" if self.top.kind == "map" else "value"

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
            match = PLAIN.match(self.text, at)
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
