"""What a position of a TOML file is in, also while the file can't be parsed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from promptops.json_pointer import escaped, tokens
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.source.lines import Lines
from promptops.source.toml_places import Statement, starts_a_statement, statements
from promptops.source.yaml_cursor import Cursor

_HEADER = lazy_pattern(r"[ \t]*\[(\[?)([^\[\]=#\n]*)")
_TYPED_KEY = lazy_pattern(r"((?:[^=#\n]*\.)?[ \t]*)([\"']?)([\w-]*)")
_TOKEN = lazy_pattern(
    r'"""(?:\\.|[^\\])*?"""|"(?!"")(?:\\.|[^"\\\n])*(?:"|(?=\n))'
    r"|'''.*?'''|'(?!'')[^'\n]*(?:'|(?=\n))|#[^\n]*|[\[\]{},=]|[\"']|[^\s\[\]{},=#\"']+",
    re.DOTALL,
)
_TEXT = lazy_pattern(r"[ \t]*(?:\"([^\"\\\n]*)\"|'([^'\n]*)')")
_WORD = lazy_pattern(r"[\w-]*")
_DEEPEST = 20
"""Arrays and inline tables in each other; what is deeper counts as text."""
_STYLES = {'"': "double", "'": "single"}


def toml_cursor_at(text: str, line: int, column: int) -> Cursor:
    """What a position of a text with LF newlines is in; see `Cursor`.

    `line` and `column` are 1-based, in characters; beyond the end of a line or of the text, its
    end. In the header of a table, `typed` is its name up to the position, and `in_brackets` is true
    for that of an array of tables.
    """
    start, end = Lines("", text).row(max(line, 1))
    offset = min(start + max(column, 1) - 1, end)
    own = text[start:end]
    before = [*statements(text[:start])]
    last = before[-1] if before else None
    if last is not None and not last.is_header and not starts_a_statement(own):
        values = _Walk(text, last.pointer, _end(Lines("", text), last), start)
        if values.frames:
            return _in_value(text, last, offset)
    typed = text[start:offset]
    header = _HEADER.fullmatch(typed)
    if header:
        return _in_header(text, header, offset)
    pair = [*statements(text[:end])][len(before) :]
    if pair and not pair[0].is_header and pair[0].end <= len(typed) + 1:
        return _in_value(text, pair[0], offset)
    return _in_key(text, start, offset)


def keys_of(text: str, mapping: str, but: int = 0) -> dict[str, str]:
    """The keys of the table at a pointer, each with its value if that is a string, else "".

    `but` is the number of a line that does not count. The keys of inline tables are not known.
    """
    depth, lines = len(tokens(mapping)), Lines("", text)
    found: dict[str, str] = {}
    for each in statements(text):
        if each.pointer.startswith(f"{mapping}/") and each.line != but:
            steps = tokens(each.pointer)
            value = _TEXT.match(text, _end(lines, each)) if len(steps) == depth + 1 else None
            found.setdefault(steps[depth], (value[1] or value[2] or "") if value else "")
    return found


def keys_by_table(text: str, but: int = 0) -> Mapping[str, Collection[str]]:
    """The names of the keys of each table by its pointer, in order, as `keys_of` finds them.

    Tables of more than `_DEEPEST` levels are left out.
    """
    found: dict[str, dict[str, None]] = {}
    for each in statements(text):
        table = ""
        for step in tokens(each.pointer)[:_DEEPEST] if each.line != but else ():
            found.setdefault(table, {})[step] = None
            table = f"{table}/{escaped(step)}"
    return found


def _end(lines: Lines, statement: Statement) -> int:
    return lines.row(statement.line)[0] + statement.end - 1


def _in_header(text: str, header: re.Match[str], offset: int) -> Cursor:
    name = re.compile(r"[\w.\"' -]*").match(text, offset)
    end = name.end() if name is not None else offset
    typed = header[2].lstrip(" \t")
    return _cursor("header", "", typed, offset, end=end, in_brackets=bool(header[1]))


def _in_key(text: str, start: int, offset: int) -> Cursor:
    found = _TYPED_KEY.fullmatch(text, start, offset)
    own = text.count("\n", 0, start) + 1
    probe = [*statements(f"{text[:start]}{found[1]}x=")] if found else []
    if found is None or not probe or probe[-1].line != own:
        return _cursor("comment" if "#" in text[start:offset] else "", "", "", offset)
    mapping = probe[-1].pointer.rpartition("/")[0]
    return _cursor(
        "key",
        f"{mapping}/{escaped(found[3])}",
        found[3],
        offset,
        end=_word_end(text, offset, found[2]),
        mapping=mapping,
        siblings=keys_of(text, mapping, own),
        style=_STYLES.get(found[2], "plain"),
    )


@record(slots=True)
class _Frame:
    """An array or an inline table that is open."""

    pointer: str
    is_table: bool
    index: int = 0
    key: str | None = None
    entries: dict[str, str] = field(default_factory=dict)


class _Walk:
    """The arrays and inline tables of a value that are open at an offset.

    Attributes:
        frames: The outermost first.
        last: The last token before the offset.
        filled: There is a key or a value after the last bracket or separator.
    """

    def __init__(self, text: str, pointer: str, start: int, offset: int) -> None:
        self.frames: list[_Frame] = []
        self.last: re.Match[str] | None = None
        self.filled = False
        self._pointer = pointer
        self._word = ""
        for token in _TOKEN.finditer(text, start, offset):
            self.last = token
            if token[0] in _STYLES:
                break  # the quote is open at the offset
            self._take(token[0])

    @property
    def pointer(self) -> str:
        """Of the value at the offset."""
        if not self.frames:
            return self._pointer
        top = self.frames[-1]
        return f"{top.pointer}/{escaped(top.key or '') if top.is_table else top.index}"

    @property
    def at_key(self) -> bool:
        """Whether a key of an inline table is typed at the offset."""
        return bool(self.frames) and self.frames[-1].is_table and self.frames[-1].key is None

    def _take(self, token: str) -> None:
        if token.startswith("#"):
            return
        self.filled = token not in ("[", "{", ",", "=")
        top = self.frames[-1] if self.frames else None
        if token in ("[", "{") and len(self.frames) < _DEEPEST:
            self.frames.append(_Frame(self.pointer, token == "{"))
        elif token in ("]", "}"):
            self.frames = self.frames[:-1]
        elif top is not None and token == ",":
            top.index, top.key = top.index + 1, None
        elif top is not None and token == "=":
            top.key = self._word
            top.entries[top.key] = ""
        else:
            self._word = token.strip("\"'")
            if top is not None and top.key is not None:
                top.entries[top.key] = self._word


def _in_value(text: str, statement: Statement, offset: int) -> Cursor:
    walk = _Walk(text, statement.pointer, _end(Lines("", text), statement), offset)
    last = walk.last
    if last is not None and last[0].startswith("#") and "\n" not in text[last.end() : offset]:
        return _cursor("comment", "", "", offset)
    quote = last[0] if last is not None and last[0] in _STYLES else ""
    typing = bool(quote) or (last is not None and last.end() == offset and _is_word(last[0]))
    if last is not None and walk.filled and not typing:
        return _cursor("", walk.pointer, "", offset)
    typed = (
        "" if last is None or not typing else text[last.end() if quote else last.start() : offset]
    )
    tables = [frame for frame in walk.frames if frame.is_table]
    around = tables[-1].pointer if tables else walk.pointer.rpartition("/")[0]
    entries = tables[-1].entries if tables else keys_of(text, around, statement.line)
    mapping = around if walk.at_key else None
    return _cursor(
        "key" if walk.at_key else "value",
        f"{around}/{escaped(typed)}" if walk.at_key else walk.pointer,
        typed,
        offset,
        end=_word_end(text, offset, quote),
        mapping=mapping,
        siblings=entries,
        style=_STYLES.get(quote, "plain"),
        in_brackets=bool(walk.frames),
    )


def _is_word(token: str) -> bool:
    return token[0] not in "[]{},=#\"'"


def _word_end(text: str, offset: int, quote: str) -> int:
    """Where the word around an offset ends: before its quote, if that is on the same line."""
    found = _WORD.match(text, offset)
    closing = re.compile(rf"[^{quote}\n]*(?={quote})").match(text, offset) if quote else None
    return (closing or found).end() if found is not None else offset


def _cursor(part: str, pointer: str, typed: str, offset: int, **more: Any) -> Cursor:
    given: dict[str, Any] = {
        "mapping": None,
        "siblings": {},
        "style": "plain",
        "end": offset,
        "in_brackets": False,
    }
    start = offset - len(typed)
    return Cursor(
        part=part, pointer=pointer, typed=typed, offset=offset, start=start, **{**given, **more}
    )
