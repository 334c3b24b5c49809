"""Strings, lists and objects in TypeScript and JavaScript, as far as they are constant."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from promptops.formats.typescript_scanner import Pieces, after_blanks, literal, quoted, skipped
from promptops.patterns import lazy_pattern
from promptops.records import record

_TAG = lazy_pattern(r"(?:dedent|outdent)\s*(?=`)")
_TRIMMED = lazy_pattern(r"\s*\.\s*(trim|trimStart|trimEnd)\(\s*\)")
_JOIN = lazy_pattern(r"\s*\.\s*join\(\s*")
_CAST = lazy_pattern(r"\s*(?:as|satisfies)\s+[\w$.<>\[\]| ]+")
_KEY = lazy_pattern(r"([A-Za-z_$][\w$]*)\s*:")
_NAME = lazy_pattern(r"[A-Za-z_$][\w$]*\s*(?=[,}])")
_STOP = lazy_pattern(r"[,;)\]}+\n\"'`/(\[{]")
_MARK = lazy_pattern("\ue000(\\d+)\ue001")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CONTINUES = frozenset(".?:+&|=*<>")
_MAX_DEPTH = 30
MAX_OTHER = 500
"""Characters of an expression that is read to its end."""
_MAX_ITEMS = 1_000


@record(frozen=True, slots=True, kw_only=True)
class TextValue:
    """A string: texts and, at odd indexes, the source of expressions. Offsets in the file."""

    start: int
    end: int
    pieces: Pieces


@record(frozen=True, slots=True, kw_only=True)
class ListValue:
    """A list."""

    start: int
    end: int
    items: tuple[Value, ...]


@record(frozen=True, slots=True, kw_only=True)
class ObjectValue:
    """An object; a key `...` is one that is spread."""

    start: int
    end: int
    fields: tuple[tuple[str, Value], ...]


@record(frozen=True, slots=True, kw_only=True)
class OtherValue:
    """Any other expression, or a part of one that is too long."""

    start: int
    end: int


Value = TextValue | ListValue | ObjectValue | OtherValue


class _TooDeepError(Exception):
    """An expression is nested more deeply than is read."""


class TypescriptValues:
    """The values of one file."""

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, position: int, depth: int = 0) -> Value:
        """The expression that begins at an offset; a sum of strings and others is a string.

        One that is nested too deeply is not read at all.
        """
        try:
            return self._value(position, depth)
        except _TooDeepError:
            return OtherValue(start=position, end=position + 1)

    def _value(self, position: int, depth: int) -> Value:
        start = at = after_blanks(self._source, position)
        operands: list[Value] = []
        while True:
            operands.append(self._operand(at, depth))
            at = after_blanks(self._source, operands[-1].end)
            sign = self._source[at : at + 2]
            if sign[:1] != "+" or sign in ("++", "+="):
                break
            if len(operands) > _MAX_ITEMS:
                return OtherValue(start=start, end=at)
            at = after_blanks(self._source, at + 1)
        end = operands[-1].end
        if not self._ends(end):
            return OtherValue(start=start, end=self._end(start))
        if len(operands) == 1:
            return operands[0]
        if not any(isinstance(one, TextValue) for one in operands):
            return OtherValue(start=start, end=end)
        return TextValue(start=start, end=end, pieces=self._joined(operands, ""))

    def _ends(self, position: int) -> bool:
        """Whether an expression ends at an offset."""
        at = after_blanks(self._source, position)
        char = self._source[at : at + 1]
        return char in ",;)]}" or ("\n" in self._source[position:at] and char not in _CONTINUES)

    def _operand(self, at: int, depth: int) -> Value:
        char = self._source[at : at + 1]
        if depth > _MAX_DEPTH:
            raise _TooDeepError
        tag = _TAG.match(self._source, at)
        if char in ("'", '"', "`") and char:
            return self._with_methods(self._text(at))
        if tag is not None:
            return self._dedented(at, tag.end())
        if char == "[":
            return self._with_methods(self._list(at, depth))
        if char == "{":
            return self._object(at, depth)
        return self._in_brackets(at, depth) if char == "(" else self._other(at)

    def _other(self, at: int) -> OtherValue:
        return OtherValue(start=at, end=self._end(at))

    def _text(self, at: int) -> Value:
        if self._source[at] == "`":
            end, pieces = literal(self._source, at)
        else:
            end, text = quoted(self._source, at)
            pieces = (text,)
        if end < 0:
            return OtherValue(start=at, end=at + 1)
        return TextValue(start=at, end=end, pieces=pieces)

    def _dedented(self, start: int, at: int) -> Value:
        found = self._text(at)
        if not isinstance(found, TextValue):
            return found
        marked = "".join(
            f"\ue000{index}\ue001" if index % 2 else piece
            for index, piece in enumerate(found.pieces)
        )
        split = _MARK.split(textwrap.dedent(marked).strip())
        pieces = tuple(
            found.pieces[int(piece)] if index % 2 else piece for index, piece in enumerate(split)
        )
        return TextValue(start=start, end=found.end, pieces=pieces)

    def _in_brackets(self, at: int, depth: int) -> Value:
        inner = self._value(at + 1, depth + 1)
        end = after_blanks(self._source, inner.end)
        if not isinstance(inner, TextValue) or self._source[end : end + 1] != ")":
            return self._other(at)
        return self._with_methods(TextValue(start=at, end=end + 1, pieces=inner.pieces))

    def _list(self, start: int, depth: int) -> Value:
        items: list[Value] = []
        at = after_blanks(self._source, start + 1)
        while self._source[at : at + 1] != "]":
            item = self._value(at, depth + 1)
            items.append(item)
            at = after_blanks(self._source, item.end)
            if self._source[at : at + 1] == ",":
                at = after_blanks(self._source, at + 1)
            elif self._source[at : at + 1] != "]" or len(items) > _MAX_ITEMS:
                return OtherValue(start=start, end=max(at, start + 1))
        return ListValue(start=start, end=at + 1, items=tuple(items))

    def _object(self, start: int, depth: int) -> Value:
        fields: list[tuple[str, Value]] = []
        at = after_blanks(self._source, start + 1)
        while self._source[at : at + 1] != "}":
            found = self._field(at, depth)
            if found is None or len(fields) > _MAX_ITEMS:
                return OtherValue(start=start, end=max(at, start + 1))
            fields.append(found)
            at = after_blanks(self._source, found[1].end)
            if self._source[at : at + 1] == ",":
                at = after_blanks(self._source, at + 1)
        return ObjectValue(start=start, end=at + 1, fields=tuple(fields))

    def _field(self, at: int, depth: int) -> tuple[str, Value] | None:
        """A key with its value; None for what is neither that nor a name alone."""
        if self._source.startswith("...", at):
            return "...", self._other(at)
        alone = _NAME.match(self._source, at)
        if alone is not None:
            return alone[0].strip(), OtherValue(start=at, end=at + len(alone[0].strip()))
        match = _KEY.match(self._source, at)
        if match is not None:
            return match[1], self._value(match.end(), depth + 1)
        if self._source[at : at + 1] not in ("'", '"'):
            return None
        end, key = quoted(self._source, at)
        colon = after_blanks(self._source, end) if end > 0 else len(self._source)
        if self._source[colon : colon + 1] != ":":
            return None
        return key, self._value(colon + 1, depth + 1)

    def _with_methods(self, found: Value) -> Value:
        """The value after `.trim()`, `.join("…")`, and after its type."""
        while isinstance(found, TextValue | ListValue):
            changed = self._joined_list(found) or self._trimmed(found)
            if changed is None:
                break
            found = changed
        cast = _CAST.match(self._source, found.end)
        if cast is None or isinstance(found, OtherValue | ObjectValue):
            return found
        if isinstance(found, ListValue):
            return ListValue(start=found.start, end=cast.end(), items=found.items)
        return TextValue(start=found.start, end=cast.end(), pieces=found.pieces)

    def _trimmed(self, found: Value) -> TextValue | None:
        match = _TRIMMED.match(self._source, found.end)
        if match is None or not isinstance(found, TextValue):
            return None
        pieces = list(found.pieces)
        if match[1] != "trimEnd":
            pieces[0] = pieces[0].lstrip()
        if match[1] != "trimStart":
            pieces[-1] = pieces[-1].rstrip()
        return TextValue(start=found.start, end=match.end(), pieces=tuple(pieces))

    def _joined_list(self, found: Value) -> TextValue | None:
        match = _JOIN.match(self._source, found.end)
        if match is None or not isinstance(found, ListValue):
            return None
        separator = self.value(match.end(), _MAX_DEPTH)
        end = after_blanks(self._source, separator.end)
        if not isinstance(separator, TextValue) or self._source[end : end + 1] != ")":
            return None
        plain = all(isinstance(one, TextValue | OtherValue) for one in found.items)
        spread = any(self._source.startswith("...", one.start) for one in found.items)
        if not plain or spread or len(separator.pieces) > 1:
            return None
        pieces = self._joined(found.items, separator.pieces[0])
        return TextValue(start=found.start, end=end + 1, pieces=pieces)

    def _joined(self, found: Sequence[Value], separator: str) -> Pieces:
        """The pieces of several values with a separator."""
        pieces = [""]
        for index, one in enumerate(found):
            pieces[-1] += separator if index else ""
            texts = one.pieces if isinstance(one, TextValue) else ("", self._shown(one), "")
            pieces[-1] += texts[0]
            pieces += texts[1:]
        return tuple(pieces)

    def _shown(self, found: Value) -> str:
        return self._source[found.start : found.end].strip()

    def _end(self, start: int) -> int:
        """The offset after any expression, up to `+`, or after its first characters."""
        limit = min(start + MAX_OTHER, len(self._source))
        at, opened = start, list[str]()
        while at < limit and (match := _STOP.search(self._source, at, limit)) is not None:
            at, char = match.start(), match[0]
            if char in _CLOSING:
                opened.append(_CLOSING[char])
            elif opened and char == opened[-1]:
                opened.pop()
            elif not opened and self._stops(at, char):
                return at
            if char == "`":
                at, _ = literal(self._source, at)
                if at < 0:
                    break
            else:
                at = skipped(self._source, at)
        return limit

    def _stops(self, at: int, char: str) -> bool:
        if char == "+":
            return "+" not in (self._source[at - 1 : at], self._source[at + 1 : at + 2])
        if char == "\n":
            after = after_blanks(self._source, at)
            return self._source[after : after + 1] not in _CONTINUES
        return char in ",;)]}"
