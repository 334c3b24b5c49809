"""Regular expressions (RE2) of assertions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from promptops.evals.case_expressions import CaseWork
from promptops.evals.verdict import Refused, Unjudgeable
from promptops.patterns import lazy_pattern
from promptops.plurals import counted

MAX_LENGTH = 1_000
"""Characters of a pattern."""

MAX_STEPS = 400_000_000
"""Instructions of a compiled pattern times bytes of a text: about a second at most."""

_CODE_POINT = lazy_pattern(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """The compiled RE2 pattern; raises Refused for an invalid one."""
    import re2

    if len(pattern) > MAX_LENGTH:
        raise Refused(f"the pattern has over {MAX_LENGTH:,} characters")
    options = re2.Options()
    options.log_errors = False  # they would go to stderr past us
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = _reason(error)
        beyond = any(part in reason for part in _NOT_IN_RE2)
        hint = "RE2 has no lookaround and no backreferences: split it into two assertions"
        raise Refused(
            f"the pattern can't be used: {reason}", hint=hint if beyond else None
        ) from None


_NOT_IN_RE2 = ("(?=", "(?!", "(?<", "escape sequence: \\1", "escape sequence: \\2")
_OF_A_STEP = 3  # in units of CaseWork


def searchable_by(pattern: str, text: str, at: str, work: CaseWork) -> Any:
    """The compiled pattern; raises Unjudgeable at `at` if it takes too long to search the text.

    RE2 can need a step for each instruction at each byte.
    """
    program = compiled(pattern)
    work.count(_OF_A_STEP * program.programsize * len(text))
    if program.programsize * len(text) * 4 > MAX_STEPS:
        size = len(text.encode("utf-8", "replace"))
        if program.programsize * size > MAX_STEPS:
            what = f"this pattern in {counted(len(text), 'character')}"
            raise Unjudgeable(f"it takes too long to search for {what}", at)
    return program


def ascii_part(pattern: str) -> tuple[str, str] | None:
    """A part of the pattern that RE2 limits to ASCII, and the letter beyond ASCII that it misses.

    `\\b` and `\\B` are such a part beside the letter, as in `\\bcafé\\b`; `\\w` and `\\W` in any
    pattern with such a letter, but not in a class that lists some, as in `[\\wé]`.
    """
    tokens = _TOKEN.findall(pattern)
    for at, token in enumerate(tokens):
        if token in ("\\b", "\\B"):
            found = [*_beside(tokens, at), *_beside(_mirrored(tokens), len(tokens) - 1 - at)]
        elif token in ("\\w", "\\W") or (token[0] == "[" and _WORD_CLASS.search(token)):
            found = [] if _letter(token) else tokens
        else:
            continue
        letter = next(filter(None, map(_letter, found)), None)
        if letter:
            return token if token[0] == "\\" else "\\w", letter
    return None


_TOKEN = lazy_pattern(
    r"\\(?:x\{[^}]*\}|[pP]\{[^}]*\}|.)|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]"
    r"|\((?:\?(?:[a-zA-Z-]*:|P?<\w+>))?|[*+?]\??|\{\d+(?:,\d*)?\}\??|.",
    re.DOTALL,
)
"""A part of a pattern: an escape, a class, the beginning of a group, a repetition, a character."""
_WORD_CLASS = lazy_pattern(r"\\[wW]")
_MIRRORED = {"(": ")", ")": "("}


def _mirrored(tokens: list[str]) -> list[str]:
    """Backwards, so that the text before a part is what follows it."""
    return [_MIRRORED.get(token[0], token) for token in reversed(tokens)]


def _beside(tokens: list[str], at: int) -> Iterator[str]:
    """The parts that may come directly after the one at an index; in a group, in each branch."""
    depth, open_branches = 0, {0}
    for token in tokens[at + 1 :]:
        if token[0] == "(":
            open_branches |= {depth + 1} if depth in open_branches else set()
            depth += 1
        elif token[0] == ")":
            depth -= 1
            open_branches.discard(depth)
            if depth <= 0:
                return
        elif token == "|":
            if depth == 0:
                return
            open_branches |= {depth} if depth - 1 in open_branches else set()
        elif depth in open_branches and token[0] not in "*+?{":
            yield token
            open_branches.discard(depth)
            if depth == 0:
                return


def _letter(token: str) -> str | None:
    """The first letter beyond ASCII in a part of a pattern."""
    written = _CODE_POINT.sub(lambda found: "".join(_code_points(found[0])), token)
    return next((char for char in written if char.isalpha() and not char.isascii()), None)


@lru_cache(maxsize=256)
def matches_every_text(pattern: str) -> bool:
    """Whether it has a match without characters at the beginning of every text, such as `.*`.

    A pattern with an anchor, except a `^` at its beginning, counts as one that has none.
    """
    rest = pattern.removeprefix("^")
    if any(anchor in rest for anchor in _ANCHORS):
        return False
    try:
        return bool(compiled(rest).search(""))
    except Refused:  # of `^*`, what is left is no pattern
        return False


_ANCHORS = ("^", "$", "\\A", "\\z", "\\b", "\\B")


def _code_points(pattern: str) -> Iterator[str]:
    for braced, plain in _CODE_POINT.findall(pattern):
        number = int(braced or plain, 16)
        if number <= 0x10FFFF and not 0xD800 <= number < 0xE000:
            yield chr(number)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
