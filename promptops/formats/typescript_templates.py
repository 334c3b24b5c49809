"""Template literals in TypeScript and JavaScript, found by a scanner; no code is run."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.patterns import lazy_pattern
from promptops.records import record

_BEFORE = lazy_pattern(
    r"""(?:
      (?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*(?::[^=;]+)?=\s*
      |([A-Za-z_$][\w$]*)\s*:\s*
      |["']([^"'\n]+)["']\s*:\s*
      |([A-Za-z_$][\w$]*)\s*=\s*
      |(return)\s*
    )(?:\([^()]*\)\s*(?::[^=]+)?=>\s*|[A-Za-z_$][\w$]*\s*=>\s*)?(?:\(\s*)?\Z""",
    64,  # re.VERBOSE
)
_FUNCTION = lazy_pattern(
    r"function\s+([A-Za-z_$][\w$]*)|(?:const|let)\s+([A-Za-z_$][\w$]*)\s*=\s*(?:async\s*)?\("
)
_ESCAPE = lazy_pattern(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", 16)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_MAX_DEPTH = 30
_LAST_CHARACTER = 0x10FFFF
_SLASH_BEFORE_REGEX = frozenset("(,=:[!&|?{};\n")


@record(frozen=True, slots=True, kw_only=True)
class TemplateLiteral:
    """A template literal.

    Attributes:
        name: What it is assigned to; of a returned one, the name of its function; "" for neither.
        start, end: Its offsets in the file, with the backticks.
        pieces: Texts and, at odd indexes, the source of expressions.
    """

    name: str
    start: int
    end: int
    pieces: tuple[str, ...]


def template_literals(source: str) -> Iterator[TemplateLiteral]:
    """The literals of a file that are not inside of another one, in their order.

    A file that ends within a literal has no more.
    """
    position, function = 0, ""
    while position < len(source):
        char = source[position]
        if char == "`":
            end, pieces = _literal(source, position)
            if end < 0:
                return
            yield TemplateLiteral(
                name=_name(source, position, function), start=position, end=end, pieces=pieces
            )
            position = end
        else:
            found = _FUNCTION.match(source, position) if char in "fcl" else None
            if found is not None:
                function = found[1] or found[2]
            position = _skipped(source, position)


def _name(source: str, position: int, function: str) -> str:
    match = _BEFORE.search(source, max(0, position - 300), position)
    if match is None:
        return ""
    name = next(group for group in match.groups() if group)
    return function if match[5] else name


def _skipped(source: str, position: int) -> int:
    """The offset after a comment, a string, a regular expression, or one character."""
    two = source[position : position + 2]
    if two == "//":
        return _after(source, "\n", position)
    if two == "/*":
        return _after(source, "*/", position + 2)
    if source[position] in "\"'":
        return _string(source, position)
    if source[position] == "/" and _begins_regex(source, position):
        return _string(source, position)
    return position + 1


def _begins_regex(source: str, position: int) -> bool:
    before = position - 1
    while before >= 0 and source[before] in " \t":
        before -= 1
    return before < 0 or source[before] in _SLASH_BEFORE_REGEX


def _after(source: str, end: str, position: int) -> int:
    found = source.find(end, position)
    return len(source) if found < 0 else found + len(end)


def _string(source: str, position: int) -> int:
    """The offset after a string or regular expression, which ends at the latest with its line."""
    quote, at = source[position], position + 1
    while at < len(source) and source[at] not in (quote, "\n"):
        at += 2 if source[at] == "\\" else 1
    return at + 1


def _literal(source: str, position: int, depth: int = 0) -> tuple[int, tuple[str, ...]]:
    """The offset after a literal, or -1 if it is not closed or nested too deeply; its pieces."""
    pieces, text, at = list[str](), "", position + 1
    while at < len(source):
        char = source[at]
        if char == "`":
            return at + 1, (*pieces, text)
        if source.startswith("${", at):
            end = _closing(source, at + 2, depth) if depth < _MAX_DEPTH else -1
            if end < 0:
                break
            pieces += [text, source[at + 2 : end]]
            text, at = "", end + 1
        elif char == "\\":
            written, at = _unescaped(source, at)
            text += written
        else:
            text += char
            at += 1
    return -1, ()


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
    while at < len(source):
        char = source[at]
        if char == "`":
            at, _ = _literal(source, at, depth_of_literal + 1)
            if at < 0:
                return -1
            continue
        if char == "}" and depth == 0:
            return at
        depth += (char == "{") - (char == "}")
        at = _skipped(source, at)
    return -1
