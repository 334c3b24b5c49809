"""Errors of YAML's parser, in terms of prompt files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.records import replace
from promptops.source.lines import Lines
from promptops.source.misplaced_lines import (
    begins_a_block,
    dedented_text,
    less_indented_key,
    long_blank_line,
    misplaced_item,
    missing_item,
    more_indented_key,
    unspaced_colon,
)

NO_CHARACTER = "an escape that is not a character"

_CURLY = lazy_pattern(r"[:\-,\[{] *([“”„‘’‚])")
_UNQUOTED = lazy_pattern(r"^[ ]*(?:- +)*(?:[^\s#'\"{\[][^#'\"{\[\n]*?:[ ]+)?(?=\{[{%#])")


def problem_at(
    lines: Lines, offset: int, message: str, hint: str | None = None, code: str = "SCH001"
) -> Problem:
    """A problem at one character, or at the end of the text."""
    offset = min(offset, len(lines.text))
    end = min(offset + 1, lines.line_end(offset))
    return Problem(message, at=lines.place(offset, end), hint=hint, code=code)


def syntax_problem(error: Any, lines: Lines) -> Problem:
    """A MarkedYAMLError as a problem; most are caused by an unquoted template."""
    offsets = [
        min(mark.index, len(lines.text))
        for mark in (error.problem_mark, error.context_mark)
        if mark is not None
    ] or [0]
    message_ = error.problem or str(error)
    known = (
        _tab(message_, offsets[0], lines)
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
    for part, (message, hint) in _EXPLAINED.items():
        if part in message_:
            return problem_at(lines, offsets[0], message, hint)
    keyless = error.context == "while scanning a simple key"
    return (_no_colon if keyless else _special)(error, message_, offsets, lines)


_STRUCTURE = ("expected key", "expected '-' indicator", "expected <block end>")


def _misplaced(error: Any, message_: str, offsets: list[int], lines: Lines) -> Problem | None:
    """A line with the wrong indentation."""
    if error.context == "while scanning a simple key" and "':'" in message_:
        found = dedented_text(offsets[-1], lines)
        return found and replace(found, hint=f"{found.hint}, or write `key: value`")
    if "cannot start any token" in message_ and lines.text[offsets[0] : offsets[0] + 1] != "\t":
        return dedented_text(offsets[0], lines)
    if any(part in message_ for part in _STRUCTURE):
        return (
            less_indented_key(offsets[0], lines)
            or dedented_text(offsets[0], lines)
            or misplaced_item(offsets[0], lines)
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


def _no_colon(_error: Any, _message: str, offsets: list[int], lines: Lines) -> Problem:
    """The text that YAML takes for the beginning of a key; the parser stops in a later line."""
    offset = offsets[-1]
    text = lines.text[offset : lines.line_end(offset)].partition(" #")[0].rstrip()
    place = lines.place(offset, offset + len(text))
    hint = "write `key: value`, or indent the text"
    return Problem("a key without `:`", at=place, hint=hint, code="SCH001")


def _curly_quote(offset: int, lines: Lines) -> Problem | None:
    """A value within the quotes of a word processor, which are text to YAML."""
    start = lines.text.rfind("\n", 0, offset) + 1
    found = _CURLY.search(lines.text, start, offset)
    if found is None:
        return None
    message, hint = "a curly quote does not quote a value", """write a straight quote, " or '"""
    return problem_at(lines, found.start(1), message, hint)


def unquoted_template(lines: Lines, start: int, end: int) -> Problem:
    """A value that begins with braces and no quotes."""
    return Problem(
        "a template without quotes is a mapping to YAML",
        at=lines.place(start, end),
        hint="quote it, or use |",
        code="SCH001",
    )


_EXPLAINED: dict[str, tuple[str, str | None]] = {
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


def _special(error: Any, message_: str, offsets: list[int], lines: Lines) -> Problem:
    """Problems that depend on the character, or on the beginning of the value."""
    if "cannot start any token" in message_:
        return _odd_character(offsets[0], lines)
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


def _tab(message_: str, offset: int, lines: Lines) -> Problem | None:
    if "found a tab" in message_ and begins_a_block(offset, lines):
        hint = "use spaces, or write `|2` to set the indentation of the text"
        return problem_at(lines, offset, "a tab at the beginning of a text block", hint)
    if lines.text[offset : offset + 1] == "\t" or "\\t" in message_ or "found a tab" in message_:
        return problem_at(lines, offset, "a tab instead of spaces", "indent with spaces")
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


_BEFORE_VALUE = lazy_pattern(r"(?:[:,\[{-]|^)[ \t]*\Z", re.MULTILINE)


def _unquoted_template(offsets: list[int], lines: Lines) -> tuple[int, int] | None:
    for start in _rows_near(offsets, lines):
        end = lines.line_end(start)
        match = _UNQUOTED.match(lines.text[start : min(end, start + 200)])
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


_CLOSING = {"[": "]", "{": "}"}
_SKIPPED = lazy_pattern(
    r"""(?<=[\s,\[{:])(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")|(?<=\s)\#[^\n]*|[\[\]{}]"""
)
_OPENING = lazy_pattern(r"[\[{]")
_WORD_BEFORE = lazy_pattern(r"[\w.-]+\s*$")
_LONGEST_WORD = 200


def bracket_problem(offset: int, opening: int, lines: Lines) -> Problem:
    """The problem at an offset within brackets that were opened at another offset."""
    found = _OPENING.search(lines.text, opening)  # after its tag and its anchor
    opening = found.start() if found else opening
    bracket = lines.text[opening : opening + 1]
    closing = _CLOSING.get(bracket, "]")
    char = lines.text[offset : offset + 1]
    if char in ("]", "}") and char != closing:
        message, hint = f"`{char}` inside an open `{bracket}`", f"write `{closing}`"
        return _bracket_error(lines, offset, offset + 1, message, hint)
    if not _is_closed(opening, lines.text):
        message, hint = f"`{bracket}` is never closed", f"add `{closing}`"
        return _bracket_error(lines, opening, opening + 1, message, hint)
    start = _word_start(offset, lines.text) if char == ":" else offset
    message, hint = f"a `,` is missing within `{bracket}`", "add `,`, or quote the text"
    return _bracket_error(lines, start, max(offset, start + 1), message, hint)


def _is_closed(opening: int, text: str) -> bool:
    """Whether a bracket is closed, by pairing the brackets outside quotes and comments."""
    expected: list[str] = []
    for match in _SKIPPED.finditer(text, opening):
        if match[0] in _CLOSING:
            expected.append(_CLOSING[match[0]])
        elif match[0] in ("]", "}") and (not expected or match[0] != expected.pop()):
            return False
        if not expected:
            return True
    return False


def _word_start(offset: int, text: str) -> int:
    """The offset where the key before a colon begins."""
    begin = max(offset - _LONGEST_WORD, 0)
    word = _WORD_BEFORE.search(text[begin:offset])
    return begin + word.start() if word else offset


def _bracket_error(lines: Lines, start: int, end: int, message: str, hint: str) -> Problem:
    return Problem(message, at=lines.place(start, end), hint=hint, code="SCH001")
