"""YAML lists and mappings in brackets that can't be parsed: unclosed, or without a comma."""

from __future__ import annotations

from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.source.lines import Lines

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
        return _at(lines, offset, offset + 1, message, hint)
    if not _is_closed(opening, lines.text):
        message, hint = f"`{bracket}` is never closed", f"add `{closing}`"
        return _at(lines, opening, opening + 1, message, hint)
    start = _word_start(offset, lines.text) if char == ":" else offset
    message, hint = f"a `,` is missing within `{bracket}`", "add `,`, or quote the text"
    return _at(lines, start, max(offset, start + 1), message, hint)


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


def _at(lines: Lines, start: int, end: int, message: str, hint: str) -> Problem:
    return Problem(message, at=lines.place(start, end), hint=hint, code="SCH001")
