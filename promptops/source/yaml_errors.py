"""Errors of YAML's parser, in terms of prompt files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from promptops.look_alikes import named
from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.source.lines import Lines

NO_CHARACTER = "an escape that is not a character"

_CURLY_QUOTE = lazy_pattern(r"[:\-,\[{] *([“”„‘’‚])")
_LINE_BEFORE_TEMPLATE = lazy_pattern(
    r"^[ ]*(?:- +)*(?:[^\s#'\"{\[][^#'\"{\[\n]*?:[ ]+)?(?=\{[{%#])"
)
_BEFORE_VALUE = lazy_pattern(r"(?:[:,\[{-]|^)[ \t]*\Z", re.MULTILINE)
_ODD_SPACE = lazy_pattern(r"[ ]*(?:- *)?(?:[\w-]+:[ ]*)?([\u00a0\u2000-\u200a\u202f\u205f\u3000])")
_WRONG_STRUCTURE = ("expected key", "expected '-' indicator", "expected <block end>")


def syntax_problem(error: Any, lines: Lines) -> Problem:
    """A MarkedYAMLError as a problem; most are caused by an unquoted template."""
    offsets = [
        min(mark.index, len(lines.text))
        for mark in (error.problem_mark, error.context_mark)
        if mark is not None
    ] or [0]
    message_ = error.problem or str(error)
    known = (
        _tab_problem(message_, offsets[0], lines)
        or _odd_space(offsets, lines)
        or _wrong_quote(offsets[0], lines)
        or _misplaced(error, message_, offsets, lines)
    )
    if known is not None:
        return known
    template = _unquoted_template(offsets, lines)
    if template is not None:
        return unquoted_template(lines, *template)
    if error.context == "while parsing a block collection":
        item = unspaced_colon(offsets[0], lines) or missing_item(offsets[0], lines)
        if item is not None:
            return item
    if "expected ',' or" in message_ and error.context_mark is not None:
        return bracket_problem(offsets[0], offsets[-1], lines)
    for part, (message, hint) in _EXPLANATIONS.items():
        if part in message_:
            return problem_at(lines, offsets[0], message, hint)
    keyless = error.context == "while scanning a simple key"
    return (_no_colon if keyless else _other_problem)(error, message_, offsets, lines)


def _tab_problem(message_: str, offset: int, lines: Lines) -> Problem | None:
    if "found a tab" in message_ and begins_a_block(offset, lines):
        hint = "use spaces, or write `|2` to set the indentation of the text"
        return problem_at(lines, offset, "a tab at the beginning of a text block", hint)
    if lines.text[offset : offset + 1] == "\t" or "\\t" in message_ or "found a tab" in message_:
        return problem_at(lines, offset, "a tab instead of spaces", "indent with spaces")
    return None


def _odd_space(offsets: list[int], lines: Lines) -> Problem | None:
    """A space that YAML does not take for one, at the beginning of a line or after its key."""
    for start in _rows_near(offsets, lines):
        found = _ODD_SPACE.match(lines.text, start, lines.line_end(start))
        if found is not None:
            message = f"{named(found[1])} instead of a space"
            return problem_at(lines, found.start(1), message, "write ordinary spaces")
    return None


def _wrong_quote(offset: int, lines: Lines) -> Problem | None:
    """The quotes of a value that end directly before an error."""
    text, end = lines.text, offset - 1
    if text[offset : offset + 1] in ("", "\n", "]", "}"):
        return None
    quote = text[end:offset]
    begin = text.rfind(quote, 0, end) if quote and quote in "\"'" else -1
    if begin < 0 or not _can_begin_value(begin, text):
        return None
    if "\n" in text[begin:end] and _can_begin_value(end, text):
        return problem_at(lines, begin, "a quote that is never closed", "close it")
    hint = "write the quote twice: ''" if quote == "'" else 'write \\" within the text'
    other = "double quotes" if quote == "'" else "single quotes"
    return problem_at(lines, offset, "text after the closing quote", f"{hint}, or use {other}")


def _can_begin_value(offset: int, text: str) -> bool:
    """Whether a value, or a line, can begin at an offset."""
    return _BEFORE_VALUE.search(text, text.rfind("\n", 0, offset) + 1, offset) is not None


def _misplaced(error: Any, message_: str, offsets: list[int], lines: Lines) -> Problem | None:
    """A line with the wrong indentation."""
    if error.context == "while scanning a simple key" and "':'" in message_:
        found = dedented_text(offsets[-1], lines)
        return found and replace(found, hint=f"{found.hint}, or write `key: value`")
    if "cannot start any token" in message_ and lines.text[offsets[0] : offsets[0] + 1] != "\t":
        return dedented_text(offsets[0], lines)
    if any(part in message_ for part in _WRONG_STRUCTURE):
        return (
            less_indented_key(offsets[0], lines)
            or dedented_text(offsets[0], lines)
            or misplaced_item(offsets[0], lines)
            or _item_among_keys(error, offsets[0], lines)
            or long_blank_line(offsets[0], lines)
        )
    if "mapping values are not allowed" in message_:
        return (
            unspaced_colon(offsets[0], lines)
            or more_indented_key(offsets[0], lines)
            or dedented_text(offsets[0], lines)
            or misplaced_item(offsets[0], lines)
            or _curly_quote(offsets[0], lines)
        )
    return None


def _item_among_keys(error: Any, offset: int, lines: Lines) -> Problem | None:
    """An item of a list where the lines above, with the same indentation, are keys."""
    if error.context != "while parsing a block mapping" or lines.text[offset : offset + 2] != "- ":
        return None
    message = "an item of a list among the keys of a mapping"
    return problem_at(lines, offset, message, "write `- ` before each item, or before none")


def _curly_quote(offset: int, lines: Lines) -> Problem | None:
    """A value within the quotes of a word processor, which are text to YAML."""
    start = lines.text.rfind("\n", 0, offset) + 1
    found = _CURLY_QUOTE.search(lines.text, start, offset)
    if found is None:
        return None
    message, hint = "a curly quote does not quote a value", """write a straight quote, " or '"""
    return problem_at(lines, found.start(1), message, hint)


def _unquoted_template(offsets: list[int], lines: Lines) -> tuple[int, int] | None:
    for start in _rows_near(offsets, lines):
        end = lines.line_end(start)
        match = _LINE_BEFORE_TEMPLATE.match(lines.text[start : min(end, start + 200)])
        if match:
            begin = start + match.end()
            return begin, begin + len(lines.text[begin:end].rstrip())
    return None


def _rows_near(offsets: list[int], lines: Lines) -> Iterator[int]:
    """The starts of the lines of an error, and of the last line with text above them."""
    text = lines.text
    for offset in offsets:
        yield text.rfind("\n", 0, offset) + 1
    above = text[: text.rfind("\n", 0, offsets[0]) + 1].rstrip()
    yield above.rfind("\n") + 1


def unquoted_template(lines: Lines, start: int, end: int) -> Problem:
    """A value that begins with braces and no quotes."""
    message = "a template without quotes is a mapping to YAML"
    return _problem_at_span(lines, (start, end), message, "quote it, or use |")


def _no_colon(_error: Any, _message: str, offsets: list[int], lines: Lines) -> Problem:
    """The text that YAML takes for the beginning of a key; the parser stops in a later line."""
    offset = offsets[-1]
    text = lines.text[offset : lines.line_end(offset)].partition(" #")[0].rstrip()
    hint = "write `key: value`, or indent the text"
    return _problem_at_span(lines, (offset, offset + len(text)), "a key without `:`", hint)


_ALIASES = ("while scanning an alias", "while scanning an anchor")
_EXPLANATIONS: dict[str, tuple[str, str | None]] = {
    "mapping values are not allowed": ("`: ` in a text without quotes", "quote it, or use |"),
    "did not find expected key": (
        "the indentation or the quotes do not match the lines above",
        "align it with the lines around it; quote a text that begins with a quote",
    ),
    "expected <block end>": (
        "the indentation or the quotes do not match the lines above",
        "align it with the lines around it; quote a text that begins with a quote",
    ),
    "<document start>": (
        "the indentation does not match the lines above",
        "begin each key of the file in column 1",
    ),
    "node content": ("a value is missing here", None),
    "nesting depth": ("nested deeper than 50 levels", "use fewer levels"),
}


def _other_problem(error: Any, message_: str, offsets: list[int], lines: Lines) -> Problem:
    """Problems that depend on the character, or on the beginning of the value."""
    if "cannot start any token" in message_ or error.context in _ALIASES:
        return _odd_character(offsets[-1], lines)
    if "alias" in message_:
        hint = "repeat the text itself"
        return problem_at(lines, offsets[0], "an alias without an anchor", hint, code="SCH010")
    if "another document" in message_:
        return problem_at(lines, offsets[0], "a second document", "one file holds one document")
    if "escape" in message_:
        return _escape_problem(message_, offsets, lines)
    if "end of stream" in message_ and "quoted" in (error.context or ""):
        return problem_at(lines, offsets[-1], "a quote that is never closed", "close it")
    return problem_at(lines, offsets[0], message_.strip().rstrip("."))


def _escape_problem(message_: str, offsets: list[int], lines: Lines) -> Problem:
    if "unknown escape character" not in message_:
        return problem_at(lines, offsets[-1], NO_CHARACTER)
    begin = lines.text.rfind("\\", 0, offsets[0] + 1)
    message, hint = "a backslash in double quotes begins an escape", "write it twice"
    return problem_at(lines, begin, message, f"{hint}, or use single quotes")


def _odd_character(offset: int, lines: Lines) -> Problem:
    char = lines.text[offset : offset + 1]
    shown = "a backtick" if char == "`" else f"`{char}`"
    return problem_at(lines, offset, f"a value can't begin with {shown}", "quote it")


def problem_at(
    lines: Lines, offset: int, message: str, hint: str | None = None, code: str = "SCH001"
) -> Problem:
    """A problem at one character, or at the end of the text."""
    offset = min(offset, len(lines.text))
    end = min(offset + 1, lines.line_end(offset))
    return Problem(message, at=lines.place(offset, end), hint=hint, code=code)


def _problem_at_span(lines: Lines, span: tuple[int, int], message: str, hint: str) -> Problem:
    return Problem(message, at=lines.place(*span), hint=hint, code="SCH001")


# Brackets that are not closed, or within which a comma is missing.

_CLOSING_BRACKET = {"[": "]", "{": "}"}

_QUOTED_OR_BRACKET = lazy_pattern(
    r"""(?<=[\s,\[{:])(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")|(?<=\s)\#[^\n]*|[\[\]{}]"""
)

_OPENING_BRACKET = lazy_pattern(r"[\[{]")
_KEY_BEFORE_COLON = lazy_pattern(r"[\w.-]+\s*$")
_LONGEST_KEY = 200


def bracket_problem(offset: int, opening: int, lines: Lines) -> Problem:
    """The problem at an offset within brackets that were opened at another offset."""
    found = _OPENING_BRACKET.search(lines.text, opening)  # after its tag and its anchor
    opening = found.start() if found else opening
    bracket = lines.text[opening : opening + 1]
    closing = _CLOSING_BRACKET.get(bracket, "]")
    char = lines.text[offset : offset + 1]
    if char in ("]", "}") and char != closing:
        message, hint = f"`{char}` inside an open `{bracket}`", f"write `{closing}`"
        return _problem_at_span(lines, (offset, offset + 1), message, hint)
    if not _is_closed(opening, lines.text):
        message, hint = f"`{bracket}` is never closed", f"add `{closing}`"
        return _problem_at_span(lines, (opening, opening + 1), message, hint)
    start = _key_start(offset, lines.text) if char == ":" else offset
    message, hint = f"a `,` is missing within `{bracket}`", "add `,`, or quote the text"
    return _problem_at_span(lines, (start, max(offset, start + 1)), message, hint)


def _is_closed(opening: int, text: str) -> bool:
    """Whether a bracket is closed, by pairing the brackets outside quotes and comments."""
    expected: list[str] = []
    for match in _QUOTED_OR_BRACKET.finditer(text, opening):
        if match[0] in _CLOSING_BRACKET:
            expected.append(_CLOSING_BRACKET[match[0]])
        elif match[0] in ("]", "}") and (not expected or match[0] != expected.pop()):
            return False
        if not expected:
            return True
    return False


def _key_start(offset: int, text: str) -> int:
    """The offset where the key before a colon begins."""
    begin = max(offset - _LONGEST_KEY, 0)
    word = _KEY_BEFORE_COLON.search(text[begin:offset])
    return begin + word.start() if word else offset


# Lines with wrong indentation, found after YAML's parser refused the file.

_BLOCK_TEXT_HEADER = lazy_pattern(r"(?:^|[:-] +)[|>][-+0-9]{0,2}[ \t]*(?:#.*)?$")
_BLOCK_KEY = lazy_pattern(r"( *(?:- +)?)([a-z_][A-Za-z0-9_-]*):(?=[ \t]|$)")
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
    if first is None or _BLOCK_KEY.match(row.text):
        return None
    missing = first.indent - row.indent
    return _problem_at_span(
        lines,
        (row.start, row.end),
        "this line is indented less than the text block above it",
        f"indent it by {counted(missing, 'more space')}, like line {first.number}",
    )


def less_indented_key(offset: int, lines: Lines) -> Problem | None:
    """The key in the line of an offset, if it is indented less than its siblings."""
    row = _row_at(offset, lines)
    key = _BLOCK_KEY.match(row.text)
    if key is None or _is_item(row):
        return None
    sibling = _nearest_deeper_key(row, lines)
    if sibling is None:
        return None
    name, column = sibling
    text = "; a line of the text above needs more" if _block_above(row, lines) else ""
    return _problem_at_span(
        lines,
        _key_span(row, key),
        f"`{key[2]}` is indented less than `{name}` above it",
        f"{_indent_hint(column)}, like `{name}`{text}",
    )


def more_indented_key(offset: int, lines: Lines) -> Problem | None:
    """The key before a colon at an offset, which YAML reads as text of the value above it."""
    row = _row_at(offset, lines)
    key = _BLOCK_KEY.match(row.text)
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
    return _problem_at_span(
        lines,
        _key_span(row, key),
        f"`{key[2]}` is indented more than `{pair[2]}` above it",
        f"{_indent_hint(pair.start(2))}, like `{pair[2]}`; quote a text of several lines",
    )


def misplaced_item(offset: int, lines: Lines) -> Problem | None:
    """The `-` in the line of an offset, if it is not aligned with the item before it."""
    row = _row_at(offset, lines)
    items = (above for above in _rows_above(row.number, lines) if _is_item(above))
    above = next(items, None) if _is_item(row) else None
    if above is None or above.indent == row.indent:
        return None
    return _problem_at_span(
        lines,
        (row.start, row.start + 1),
        f"this `-` is not aligned with the one in line {above.number}",
        _indent_hint(above.indent),
    )


def missing_item(offset: int, lines: Lines) -> Problem | None:
    """A line where an item of a list is expected: without `-`, or without the space after it."""
    row = _row_at(offset, lines)
    if row.text.startswith("-", row.indent):
        at, hint = (row.start, row.start + 1), "write a space after it"
        return _problem_at_span(lines, at, "a `-` without a space after it", hint)
    key = _BLOCK_KEY.match(row.text)
    if key is None:
        return None
    hint = f"write `- {key[2]}:`, or indent it like the keys of the item above"
    return _problem_at_span(
        lines, _key_span(row, key), f"`{key[2]}` is not an item of the list", hint
    )


def unspaced_colon(offset: int, lines: Lines) -> Problem | None:
    """The colon of `- key:value` above the line of an offset, which YAML reads as one word."""
    rows = _rows_above(_row_at(offset, lines).number, lines)
    above = next((row for row in rows if not row.text.startswith("#", row.indent)), None)
    pair = _PAIR_WITHOUT_SPACE.match(above.text) if above is not None else None
    if above is None or pair is None:
        return None
    colon = _line_start(above) + pair.end(1)
    hint = f"write `{pair[1].lstrip(' -')}: `"
    return _problem_at_span(lines, (colon, colon + 1), "a `:` without a space after it", hint)


def long_blank_line(offset: int, lines: Lines) -> Problem | None:
    """A first line of a `|` block with only spaces, more than the text is indented."""
    row = _row_at(offset, lines)
    number = row.number - 1
    longest = 0
    while number > 1 and not _line_text(number, lines).strip(" "):
        longest = number if len(_line_text(number, lines)) > row.indent else longest
        number -= 1
    if not longest or not _BLOCK_TEXT_HEADER.search(_line_text(number, lines)):
        return None
    return _problem_at_span(
        lines,
        lines.row(longest),
        "a line with more spaces than the indentation of the text below it",
        "remove the spaces",
    )


def begins_a_block(offset: int, lines: Lines) -> bool:
    """Whether a tab is the first character of a `|` block, after its indentation."""
    row = _row_at(offset, lines)
    above = next(_rows_above(row.number, lines), None)
    is_first = above is not None and bool(_BLOCK_TEXT_HEADER.search(above.text))
    return is_first and above is not None and above.indent < row.indent == offset - _line_start(row)


def _is_item(row: _SourceLine) -> bool:
    return row.text.startswith("- ", row.indent)


def _line_start(row: _SourceLine) -> int:
    return row.start - row.indent


def _row_at(offset: int, lines: Lines) -> _SourceLine:
    return _row(lines.position(min(offset, len(lines.text)))[0], lines)


def _row(number: int, lines: Lines) -> _SourceLine:
    start, end = lines.row(number)
    text = lines.text[start:end]
    indent = len(text) - len(text.lstrip(" "))
    return _SourceLine(number, start + indent, start + len(text.rstrip()), indent, text)


def _line_text(number: int, lines: Lines) -> str:
    start, end = lines.row(number)
    return lines.text[start:end]


def _rows_above(number: int, lines: Lines) -> Iterator[_SourceLine]:
    """The lines with text above a line, the nearest first."""
    for above in range(number - 1, 0, -1):
        if _line_text(above, lines).strip():
            yield _row(above, lines)


def _block_above(row: _SourceLine, lines: Lines) -> _SourceLine | None:
    """The first line of the block that ends just above a less indented line."""
    first: _SourceLine | None = None
    least = 0
    for above in _rows_above(row.number, lines):
        if first is not None and above.indent < least and _BLOCK_TEXT_HEADER.search(above.text):
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
        key = _BLOCK_KEY.match(above.text)
        if key is not None and key.start(2) > row.indent:
            found = found if found and found[1] <= key.start(2) else (key[2], key.start(2))
        if above.indent < row.indent or _is_item(above):
            return found
    return None


def _key_span(row: _SourceLine, key: re.Match[str]) -> tuple[int, int]:
    return _line_start(row) + key.start(2), _line_start(row) + key.end(2)


def _indent_hint(spaces: int) -> str:
    if not spaces:
        return "begin it in column 1"
    return f"indent it by {counted(spaces, 'space')}"
