"""Strings, template literals and comments of TypeScript and JavaScript; no code is run."""

from __future__ import annotations

from promptops.patterns import lazy_pattern

_ESCAPE = lazy_pattern(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", 16)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_BLANKS = lazy_pattern(r"(?:\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)+")
_SPECIAL = lazy_pattern(r"[`\\]|\$\{")
_IN_EXPRESSION = lazy_pattern(r"[`{}\"'/]")
_MAX_DEPTH = 30
_LAST_CHARACTER = 0x10FFFF
_SLASH_BEFORE_REGEX = frozenset("(,=:[!&|?{};\n")

Pieces = tuple[str, ...]
"""Texts and, at odd indexes, the source of expressions."""


def after_blanks(source: str, position: int) -> int:
    """The offset after white space and comments."""
    match = _BLANKS.match(source, position)
    return position if match is None else match.end()


def skipped(source: str, position: int) -> int:
    """The offset after a comment, a string, a regular expression, or one character."""
    two = source[position : position + 2]
    if two == "//":
        return _after(source, "\n", position)
    if two == "/*":
        return _after(source, "*/", position + 2)
    if source[position] in "\"'":
        return _string_end(source, position)
    if source[position] == "/" and _begins_regex(source, position):
        return _string_end(source, position)
    return position + 1


def quoted(source: str, position: int) -> tuple[int, str]:
    """The offset after a string in quotes and its value; -1 for one that is not closed."""
    end = _string_end(source, position)
    if end > len(source) or source[end - 1] != source[position] or end - position < 2:
        return -1, ""
    text, at = "", position + 1
    while at < end - 1:
        escape = source.find("\\", at, end - 1)
        if escape < 0:
            return end, text + source[at : end - 1]
        written, after = _unescaped(source, escape)
        text, at = text + source[at:escape] + written, after
    return end, text


def literal(source: str, position: int, depth: int = 0) -> tuple[int, Pieces]:
    """The offset after a template literal and its pieces.

    -1 if it is not closed, or nested too deeply.
    """
    pieces, text, at = list[str](), list[str](), position + 1
    while (match := _SPECIAL.search(source, at)) is not None:
        text.append(source[at : match.start()])
        if match[0] == "`":
            return match.end(), (*pieces, "".join(text))
        if match[0] == "\\":
            written, at = _unescaped(source, match.start())
            text.append(written)
            continue
        end = _closing(source, match.end(), depth) if depth < _MAX_DEPTH else -1
        if end < 0:
            break
        pieces += ["".join(text), source[match.end() : end]]
        text, at = [], end + 1
    return -1, ()


def _begins_regex(source: str, position: int) -> bool:
    before = position - 1
    while before >= 0 and source[before] in " \t":
        before -= 1
    return before < 0 or source[before] in _SLASH_BEFORE_REGEX


def _after(source: str, end: str, position: int) -> int:
    found = source.find(end, position)
    return len(source) if found < 0 else found + len(end)


def _string_end(source: str, position: int) -> int:
    """The offset after a string or regular expression, which ends at the latest with its line."""
    quote, at = source[position], position + 1
    while at < len(source) and source[at] not in (quote, "\n"):
        at += 2 if source[at] == "\\" else 1
    return at + 1


def _unescaped(source: str, at: int) -> tuple[str, int]:
    """The character that an escape means, and the offset after it."""
    match = _ESCAPE.match(source, at)
    if match is None:
        return "", at + 1
    code = match[1] or match[2] or match[3]
    if code is None:
        return _ESCAPES.get(match[4], match[4]), match.end()
    number = int(code, 16)
    return chr(number) if number <= _LAST_CHARACTER else "\ufffd", match.end()


def _closing(source: str, position: int, depth_of_literal: int) -> int:
    """The offset of the brace that closes an expression; -1 without one."""
    depth, at = 0, position
    while (match := _IN_EXPRESSION.search(source, at)) is not None:
        at, char = match.start(), match[0]
        if char == "`":
            at, _ = literal(source, at, depth_of_literal + 1)
            if at < 0:
                return -1
            continue
        if char == "}" and depth == 0:
            return at
        depth += (char == "{") - (char == "}")
        at = skipped(source, at)
    return -1
