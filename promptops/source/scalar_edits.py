"""Replace one text in a file; every other character of the file stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product

from promptops.errors import InputError
from promptops.json_pointer import child, tokens, value_at
from promptops.model.finding import Problem
from promptops.model.line_shift import common_start
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.document import MAX_BYTES, Document, read_any
from promptops.source.lines import Lines
from promptops.source.yaml_nodes import bounds, compose, find

_NEWLINE = lazy_pattern(r"\r\n?|\n")
_UNUSABLE = lazy_pattern("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_NOT_PLAIN = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""Words that YAML 1.1 or 1.2 reads as another value than a text."""
_SINGLE_SPACE = lazy_pattern(r"(?<=\S) (?=\S)")
_INDICATORS = lazy_pattern(r"([|>])[-+0-9]*")
_INDENT = 2
_NARROWEST = 60
"""Characters of a row of a folded block, at least."""


def with_scalar(
    path: str, data: bytes, pointer: str, text: str, origin: bytes | None = None
) -> bytes:
    """A YAML file with another text at a JSON pointer.

    Its style stays: quotes, `|` or `>` with the indentation. A text of one line that becomes
    several is written as a block or, inside of brackets, with escapes. The new file was read: this
    value differs, and no other one.

    Args:
        path: For errors.
        text: Newlines are LF.
        origin: The file before earlier edits, if there were any: its style is used.

    Raises InputError, with the reason, if that is not possible.
    """
    _refuse_characters(path, text)
    document = read_any(path, data)
    scalar = _scalar(document, pointer)
    first = _scalar(read_any(path, origin), pointer) if origin is not None else scalar
    before = document.text
    last = ("", "\n") if scalar.end == len(before) else ("",)
    for candidate, newline in product(_candidates(first, scalar, text), last):
        after = before[: scalar.start] + candidate + newline + before[scalar.end :]
        if _differs_only_there(document, after, pointer, text):
            return _spliced(data, before, after)
    raise InputError(
        "this text can't be changed without other changes to the file",
        where=path,
        hint="edit the file in an editor",
    )


def with_text(path: str, data: bytes, text: str) -> bytes:
    """A file that is one text, with another text; the newlines of other lines stay as they are.

    Raises InputError, with the reason, for a text that no file may contain.
    """
    _refuse_characters(path, text)
    try:
        before = _NEWLINE.sub("\n", data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise InputError("not UTF-8", where=path, hint="save it as UTF-8") from None
    after = _spliced(data, before, text.removeprefix("\ufeff"))
    if len(after) > MAX_BYTES:
        raise InputError(
            "the text is larger than 1 MB", where=path, hint="move text to other files"
        )
    return after


def _refuse_characters(path: str, text: str) -> None:
    found = _UNUSABLE.search(text)
    if found:
        name = f"U+{ord(found[0]):04X}"
        message = f"the text contains the character {name}, which no prompt may contain"
        raise InputError(message, where=path, hint="remove it")


def _differs_only_there(document: Document, after: str, pointer: str, text: str) -> bool:
    """Whether a new file has the values of the old one, but for the text at the pointer."""
    new = read_any(document.path, after.encode())
    if new.value is None or len(new.problems) > len(document.problems):
        return False
    return value_at(new.value, pointer) == text and _equal_but(document.value, new.value, pointer)


def _equal_but(old: object, new: object, pointer: str) -> bool:
    """Whether two values are equal, except for what is at a pointer."""
    for step in tokens(pointer):
        if isinstance(old, dict) and isinstance(new, dict):
            same = list(old) == list(new) and all(old[k] == new[k] for k in old if k != step)
        elif isinstance(old, list) and isinstance(new, list):
            others = (at for at in range(len(old)) if str(at) != step)
            same = len(old) == len(new) and all(old[at] == new[at] for at in others)
        else:
            same = False
        if not same:
            return False
        old, new = child(old, step), child(new, step)
    return True


def _spliced(data: bytes, before: str, after: str) -> bytes:
    """The bytes of a file whose text, newlines as LF, becomes another one.

    The part that differs gets the newline that the file has first; a byte order mark stays.
    """
    raw = data.decode("utf-8")
    found = _NEWLINE.search(raw)
    newline = found[0] if found else "\n"
    low = common_start(before, after)
    same = common_start(before[low:][::-1], after[low:][::-1])
    starts = [match.end() for match in re.finditer(r"^\ufeff?|\r\n?|\n", raw)]
    lines = Lines("", before)
    first, last = (_raw_offset(lines, starts, at) for at in (low, len(before) - same))
    middle = after[low : len(after) - same].replace("\n", newline)
    return (raw[:first] + middle + raw[last:]).encode()


def _raw_offset(lines: Lines, starts: list[int], offset: int) -> int:
    line, column = lines.position(offset)
    return starts[line - 1] + column - 1


# How the text may be written, the way that is most like the old one first.


@record(frozen=True, slots=True, kw_only=True)
class _Scalar:
    """A scalar as it is written.

    Attributes:
        start, end: Of what is replaced: a block with the empty lines after it, or another scalar
            with the rest of its line.
        written: What is there.
        value: The text.
        rows: Of a block: its header, then its lines.
        style: `|`, `>`, `'`, `"`, or "".
        tail: What stays at the end: empty lines that are not part of the text, or a comment.
        parent: The column of the key or of the `-` that it belongs to, 0-based.
        column: Where the lines of a block begin, 0-based.
        brackets: It is inside of brackets, where no block may be.
        escapes: It has several lines that are written as one.
    """

    start: int
    end: int
    written: str
    value: str
    rows: list[str]
    style: str
    tail: str
    parent: int
    column: int
    brackets: bool
    escapes: bool


def _scalar(document: Document, pointer: str) -> _Scalar:
    lines = Lines(document.path, document.text)
    root = compose(lines)
    if document.value is None or isinstance(root, Problem):
        raise InputError("the file can't be read", where=lines.path, hint="fix it in an editor")
    found = find(root, pointer)
    if not found.exact or found.node.id != "scalar":
        raise InputError(f"there is no text at `{pointer}`", where=lines.path)
    above = find(root, pointer.rpartition("/")[0]).node
    parent = int((found.key if found.key is not None else above).start_mark.column)
    start, written_end = bounds(found.node, lines)
    style, end = found.node.style or "", lines.line_end(written_end)
    rows, tail, column = [], lines.text[written_end:end], parent + _INDENT
    if style in ("|", ">"):
        stop = max(int(found.node.end_mark.index), lines.line_end(start))
        written = lines.text[start:stop].removesuffix("\n")
        end = start + len(written)
        rows = written.split("\n")
        column = _block_column(rows, parent)
        content = len(rows)
        while content > 1 and len(rows[content - 1].rstrip(" ")) == 0:
            if len(rows[content - 1]) > column:
                break
            content -= 1
        rows, tail = rows[:content], "".join(f"\n{row}" for row in rows[content:])
    return _Scalar(
        start=start,
        end=end,
        written=lines.text[start:end],
        value=found.node.value,
        rows=rows,
        style=style,
        tail=tail,
        parent=parent,
        column=column,
        brackets=bool(above.flow_style),
        escapes=style == '"' and "\\n" in lines.text[start:written_end],
    )


def _block_column(rows: list[str], parent: int) -> int:
    header = _INDICATORS.match(rows[0])
    digit = re.search(r"[1-9]", header[0]) if header else None
    if digit:
        return parent + int(digit[0])
    first = next((row for row in rows[1:] if row.strip(" ")), "")
    return len(first) - len(first.lstrip(" ")) if first else parent + _INDENT


def _candidates(first: _Scalar, now: _Scalar, text: str) -> Iterator[str]:
    # If only `now` is a block, the empty lines after it are not those of the first scalar.
    layout = now.tail if now.rows and not first.rows else ""
    if first.value == text:
        yield first.written + layout
    yield from (candidate + layout for candidate in _styled(first, text))
    yield from _styled(now, text)


def _styled(scalar: _Scalar, text: str) -> Iterator[str]:
    """The text in the style of a scalar, then in others."""
    if scalar.style == ">":
        yield from _blocks(scalar, ">", text, _folded_rows(scalar, text))
    if scalar.rows:
        yield from _blocks(scalar, "|", text, text.split("\n"))
        return
    is_line = "\n" not in text
    if scalar.style == "" and is_line and text[:1].isalpha() and text.lower() not in _NOT_PLAIN:
        yield text + scalar.tail
    if scalar.style == "'" and is_line:
        yield "'{}'".format(text.replace("'", "''")) + scalar.tail
    if not (is_line or scalar.brackets or scalar.escapes):
        yield from _blocks(scalar, "|", text, text.split("\n"))
    yield _double_quoted(text) + scalar.tail


def _double_quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    for char in "\x85\u2028\u2029\ufeff":
        escaped = escaped.replace(char, f"\\u{ord(char):04x}")
    return escaped


def _blocks(scalar: _Scalar, style: str, text: str, rows: list[str]) -> Iterator[str]:
    """Rows as a block, below the header that is there if it allows it."""
    old = _INDICATORS.match(scalar.rows[0]) if scalar.rows else None
    comment = scalar.rows[0][old.end() :] if old else scalar.tail.rstrip()
    layout = scalar.tail if old else ""
    body = "".join(f"\n{' ' * scalar.column}{row}" if row else "\n" for row in _lines_of(rows))
    same = (old[0],) if old and old[1] == style else ()
    for header in (*same, *_headers(style, text, scalar.column - scalar.parent)):
        # What follows a block that keeps its last empty lines would be part of it.
        yield f"{header}{comment}{body}" + ("" if "+" in header else layout)


def _lines_of(rows: list[str]) -> list[str]:
    """The rows, without an empty one after the last newline."""
    return rows if rows[-1] else rows[:-1]


def _headers(style: str, text: str, indent: int) -> Iterator[str]:
    """The headers of a block with such an end, without and with the number of its spaces."""
    ends = len(text) - len(text.rstrip("\n"))
    chomping = "+" if ends > 1 or text == "\n" else ("-", "")[ends]
    yield f"{style}{chomping}"
    if indent in range(1, 10):
        yield f"{style}{indent}{chomping}"


def _folded_rows(scalar: _Scalar, text: str) -> list[str]:
    """A text as rows of a folded block; a line that did not change is folded as before."""
    rows = [row[scalar.column :] for row in scalar.rows[1:]]
    known = {" ".join(group): group for group in _groups(rows)}
    width = max(map(len, rows), default=0)
    found: list[str] = []
    for line in text.split("\n"):
        found += (
            [*(known.get(line) or _wrapped(line, max(width, _NARROWEST))), ""] if line else [""]
        )
    return found[:-1] or [""]


def _groups(rows: list[str]) -> Iterator[list[str]]:
    """Rows that are folded into one line: those between empty ones."""
    group: list[str] = []
    for row in [*rows, ""]:
        if row:
            group.append(row)
        elif group:
            yield group
            group = []


def _wrapped(line: str, width: int) -> list[str]:
    """A line in rows; only single spaces are folded, so that others stay."""
    rows = [""]
    for word in _SINGLE_SPACE.split(line):
        if rows[-1] and len(rows[-1]) + 1 + len(word) > width:
            rows.append(word)
        else:
            rows[-1] = f"{rows[-1]} {word}" if rows[-1] else word
    return rows
