"""Lines with wrong indentation, found after YAML's parser refused the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record
from promptops.source.lines import Lines

_BLOCK = lazy_pattern(r"(?:^|[:-] +)[|>][-+0-9]{0,2}[ \t]*(?:#.*)?$")
_KEY = lazy_pattern(r"( *(?:- +)?)([a-z_][A-Za-z0-9_-]*):(?=[ \t]|$)")
_PLAIN_PAIR = lazy_pattern(r"( *(?:- +)*)([A-Za-z_][\w-]*):[ ]+[^\s'\"|>\[{#&*!]")

_PAIR_WITHOUT_SPACE = lazy_pattern(r"( *- +[A-Za-z_][\w-]*):[^\s:/]+$")


@record(frozen=True, slots=True)
class _SourceLine:
    """A line that is not blank.

    Attributes:
        start, end: Offsets of its first character that is not a space, and of its end.
        indent: How many spaces it begins with.
    """

    number: int
    start: int
    end: int
    indent: int
    text: str


def dedented_text(offset: int, lines: Lines) -> Problem | None:
    """The line of an offset, if it should belong to the `|` block above it."""
    row = _row_at(offset, lines)
    first = _block_above(row, lines)
    if first is None or _KEY.match(row.text):
        return None
    missing = first.indent - row.indent
    return _problem(
        lines,
        (row.start, row.end),
        "this line is indented less than the text block above it",
        f"indent it by {counted(missing, 'more space')}, like line {first.number}",
    )


def less_indented_key(offset: int, lines: Lines) -> Problem | None:
    """The key in the line of an offset, if it is indented less than its siblings."""
    row = _row_at(offset, lines)
    key = _KEY.match(row.text)
    if key is None or _is_item(row):
        return None
    sibling = _nearest_deeper_key(row, lines)
    if sibling is None:
        return None
    name, column = sibling
    text = "; a line of the text above needs more" if _block_above(row, lines) else ""
    return _problem(
        lines,
        _span(row, key),
        f"`{key[2]}` is indented less than `{name}` above it",
        f"{_indent(column)}, like `{name}`{text}",
    )


def more_indented_key(offset: int, lines: Lines) -> Problem | None:
    """The key before a colon at an offset, which YAML reads as text of the value above it."""
    row = _row_at(offset, lines)
    key = _KEY.match(row.text)
    above = next(_rows_above(row.number, lines), None)
    pair = _PLAIN_PAIR.match(above.text) if above is not None else None
    if (
        key is None
        or pair is None
        or _is_item(row)
        or row.start - row.indent + key.end(2) != offset
    ):
        return None
    if key.start(2) <= pair.start(2):
        return None
    return _problem(
        lines,
        _span(row, key),
        f"`{key[2]}` is indented more than `{pair[2]}` above it",
        f"{_indent(pair.start(2))}, like `{pair[2]}`; quote a text of several lines",
    )


def misplaced_item(offset: int, lines: Lines) -> Problem | None:
    """The `-` in the line of an offset, if it is not aligned with the item before it."""
    row = _row_at(offset, lines)
    items = (above for above in _rows_above(row.number, lines) if _is_item(above))
    above = next(items, None) if _is_item(row) else None
    if above is None or above.indent == row.indent:
        return None
    return _problem(
        lines,
        (row.start, row.start + 1),
        f"this `-` is not aligned with the one in line {above.number}",
        _indent(above.indent),
    )


def missing_item(offset: int, lines: Lines) -> Problem | None:
    """A line where an item of a list is expected: without `-`, or without the space after it."""
    row = _row_at(offset, lines)
    if row.text.startswith("-", row.indent):
        at, hint = (row.start, row.start + 1), "write a space after it"
        return _problem(lines, at, "a `-` without a space after it", hint)
    key = _KEY.match(row.text)
    if key is None:
        return None
    hint = f"write `- {key[2]}:`, or indent it like the keys of the item above"
    return _problem(lines, _span(row, key), f"`{key[2]}` is not an item of the list", hint)


def unspaced_colon(offset: int, lines: Lines) -> Problem | None:
    """The colon of `- key:value` above the line of an offset, which YAML reads as one word."""
    rows = _rows_above(_row_at(offset, lines).number, lines)
    above = next((row for row in rows if not row.text.startswith("#", row.indent)), None)
    pair = _PAIR_WITHOUT_SPACE.match(above.text) if above is not None else None
    if above is None or pair is None:
        return None
    colon = _start(above) + pair.end(1)
    hint = f"write `{pair[1].lstrip(' -')}: `"
    return _problem(lines, (colon, colon + 1), "a `:` without a space after it", hint)


def long_blank_line(offset: int, lines: Lines) -> Problem | None:
    """A first line of a `|` block with only spaces, more than the text is indented."""
    row = _row_at(offset, lines)
    number = row.number - 1
    longest = 0
    while number > 1 and not _text(number, lines).strip(" "):
        longest = number if len(_text(number, lines)) > row.indent else longest
        number -= 1
    if not longest or not _BLOCK.search(_text(number, lines)):
        return None
    return _problem(
        lines,
        lines.row(longest),
        "a line with more spaces than the indentation of the text below it",
        "remove the spaces",
    )


def begins_a_block(offset: int, lines: Lines) -> bool:
    """Whether a tab is the first character of a `|` block, after its indentation."""
    row = _row_at(offset, lines)
    above = next(_rows_above(row.number, lines), None)
    is_first = above is not None and bool(_BLOCK.search(above.text))
    return is_first and above is not None and above.indent < row.indent == offset - _start(row)


def _is_item(row: _SourceLine) -> bool:
    return row.text.startswith("- ", row.indent)


def _start(row: _SourceLine) -> int:
    return row.start - row.indent


def _row_at(offset: int, lines: Lines) -> _SourceLine:
    return _row(lines.position(min(offset, len(lines.text)))[0], lines)


def _row(number: int, lines: Lines) -> _SourceLine:
    start, end = lines.row(number)
    text = lines.text[start:end]
    indent = len(text) - len(text.lstrip(" "))
    return _SourceLine(number, start + indent, start + len(text.rstrip()), indent, text)


def _text(number: int, lines: Lines) -> str:
    start, end = lines.row(number)
    return lines.text[start:end]


def _rows_above(number: int, lines: Lines) -> Iterator[_SourceLine]:
    """The lines with text above a line, the nearest first."""
    for above in range(number - 1, 0, -1):
        if _text(above, lines).strip():
            yield _row(above, lines)


def _block_above(row: _SourceLine, lines: Lines) -> _SourceLine | None:
    """The first line of the block that ends just above a less indented line."""
    first: _SourceLine | None = None
    least = 0
    for above in _rows_above(row.number, lines):
        if first is not None and above.indent < least and _BLOCK.search(above.text):
            return first if first.indent > row.indent else None
        if above.indent <= row.indent:
            return None
        least = above.indent if first is None else min(least, above.indent)
        first = above
    return None


def _nearest_deeper_key(row: _SourceLine, lines: Lines) -> tuple[str, int] | None:
    """Name and indentation of the key with which a line's own mapping is aligned."""
    found: tuple[str, int] | None = None
    for above in _rows_above(row.number, lines):
        key = _KEY.match(above.text)
        if key is not None and key.start(2) > row.indent:
            found = found if found and found[1] <= key.start(2) else (key[2], key.start(2))
        if above.indent < row.indent or _is_item(above):
            return found
    return None


def _span(row: _SourceLine, key: re.Match[str]) -> tuple[int, int]:
    return _start(row) + key.start(2), _start(row) + key.end(2)


def _indent(spaces: int) -> str:
    if not spaces:
        return "begin it in column 1"
    return f"indent it by {counted(spaces, 'space')}"


def _problem(lines: Lines, span: tuple[int, int], message: str, hint: str) -> Problem:
    return Problem(message, at=lines.place(*span), hint=hint, code="SCH001")
