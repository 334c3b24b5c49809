"""CSV (RFC 4180) with the place of every field."""

from __future__ import annotations

from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.json_lines import MAX_CASES
from promptops.source.lines import Lines

MAX_FIELD = 128 * 1024
"""Characters of one field."""

MAX_ROWS = MAX_CASES + 2
"""The header, the cases, and one more, to detect that there are too many."""

MAX_COLUMNS = 200

_NOT_NEWLINE = lazy_pattern(r"[^\n]")
_QUOTED = lazy_pattern(r'"((?:[^"]|"")*)"')
_BARE = lazy_pattern(r"[^,\n]*")


@record(frozen=True, slots=True)
class CsvField:
    """A field: its value, and its offsets including quotes."""

    value: str
    start: int
    end: int


def rows(lines: Lines) -> tuple[list[list[CsvField]], list[Problem]]:
    """The rows of a file without empty lines; parsing ends at the first error."""
    found: list[list[CsvField]] = []
    offset, text = 0, lines.text
    end = len(text.rstrip("\n"))
    while offset < end and len(found) < MAX_ROWS:
        row: list[CsvField] = []
        filled = _NOT_NEWLINE.search(text, offset)
        assert filled is not None, "`end` is after the last character that is not a newline"
        offset = filled.start()
        while True:
            field = _field(lines, offset)
            if isinstance(field, Problem):
                return found, [field]
            row.append(field)
            if len(row) > MAX_COLUMNS:
                return [*found, row], []
            offset = field.end + 1
            if text[field.end : field.end + 1] != ",":
                break
        if len(row) > 1 or row[0].end > row[0].start:
            found.append(row)
    return found, []


def _field(lines: Lines, offset: int) -> CsvField | Problem:
    text = lines.text
    quoted = text.startswith('"', offset)
    match = (_QUOTED if quoted else _BARE).match(text, offset)
    if match is None:
        return _problem(lines, offset, "a quote that is never closed", "close it")
    if match.end() - offset > MAX_FIELD:
        return _problem(lines, offset, "a field of over 128 KB", "move the text to a file")
    if quoted and text[match.end() : match.end() + 1] not in ("", ",", "\n"):
        hint = 'write a quote within quotes twice: ""'
        return _problem(lines, match.end(), "text after the closing quote", hint)
    value = match[1].replace('""', '"') if quoted else match[0]
    return CsvField(value, match.start(), match.end())


def _problem(lines: Lines, offset: int, message: str, hint: str) -> Problem:
    return Problem(message, at=lines.place(offset, offset + 1), hint=hint, code="SCH001")
