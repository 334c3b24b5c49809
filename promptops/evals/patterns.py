"""Regular expressions (RE2) that match every text, or none: tested by matching probes."""

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

_LATIN = "".join(map(chr, range(256)))
_EVERYWHERE = "".join(map(chr, (*range(0, 0xD800, 97), *range(0xE000, 0x30000, 389), 0x1F642)))
_SENTENCE = "The hub pairs with eight cameras, at most. Call 030 1234 (Mon-Fri)!\n"
_WORDS: tuple[str, ...] = (
    *("a", "Z", "7", "é", "ß", "日", "🙂", "-", ".", "?", "{", "}", '"', "\\", "…", "<", "_"),
    *(
        "Yes",
        "no",
        "ok.",
        "42",
        "-1.5",
        "null",
        "true",
        "{}",
        "[]",
        '{"a": 1}',
        "你好",
        "Здравствуй",
    ),
    *(
        "I can't help with that.",
        "a b",
        "a\nb",
        "\n- one\n- two\n",
        "```json\n{}\n```",
        "a@b.example",
    ),
    *(_SENTENCE, _SENTENCE * 30, _LATIN * 4, _LATIN[::-1] * 4, _EVERYWHERE, _EVERYWHERE[::-1]),
    *("x" * 1_500, "word " * 400, "line\n" * 400),
)
_BLANKS: tuple[str, ...] = ("", "\n", " ", "\t", " \n \n", "\r\n", " " * 1_500, "\n" * 1_500)
_LARGEST = 1_000  # instructions of a compiled pattern: about 0.03 s for all probes
_OF_ITS_OWN = 1_500  # characters of a probe over a pattern's own alphabet
_ANCHORED_INSIDE = lazy_pattern(
    r"[\w\s,;:!\"'<>&%#@=~`/-](?:\^|\\A)|(?:\$|\\z)[\w,;:!<>&%#@=~`/-](?![?*{])"
)
_CLASS_OR_ESCAPE = lazy_pattern(
    r"\\(?!A|z)(?:x\{[^}]*\}|[pP]\{[^}]*\}|.)|\[\^?\]?(?:\\.|[^\]\\])*\]"
)
_BOUNDARY = lazy_pattern(r"(?<!\\)(?:\\\\)*\\[bB]")
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
    """Whether it matches somewhere in every text, including the empty one."""
    return _matches(pattern, _BLANKS) and matches_every_answer(pattern)


@lru_cache(maxsize=256)
def matches_every_answer(pattern: str) -> bool:
    """Whether it matches somewhere in every text that is not blank."""
    return _matches(pattern, _WORDS) and _matches(pattern, _over_its_alphabet(pattern))


@lru_cache(maxsize=256)
def matches_no_text(pattern: str) -> bool:
    """Whether it certainly matches nothing: an empty class, or an anchor that comes too late."""
    if compiled(pattern).programsize <= compiled(r"[^\s\S]").programsize:
        return True
    if "|" in pattern or "(?" in pattern or "\\Q" in pattern:
        return False
    plain = _CLASS_OR_ESCAPE.sub("a", _BOUNDARY.sub("?", pattern))
    return _ANCHORED_INSIDE.search(plain) is not None


def _matches(pattern: str, texts: tuple[str, ...]) -> bool:
    try:
        program = compiled(pattern)
    except Refused:
        return False
    # The work grows with the program: one that is larger is not examined.
    return program.programsize <= _LARGEST and all(map(program.search, texts))


def _over_its_alphabet(pattern: str) -> tuple[str, ...]:
    """Texts with all pairs of the characters that a pattern names, so that excluded pairs occur."""
    import random

    named = sorted({*pattern, *_code_points(pattern)})
    chance = random.Random(pattern)  # the same probes on every machine
    mixed = "".join(chance.choices(named, k=_OF_ITS_OWN)) if named else ""
    letters = [char for char in named if char.isalnum()] or ["x"]
    words = "".join(chance.choices(letters, k=_OF_ITS_OWN))
    alone = filter(str.strip, named)
    return (*alone, mixed or "x", words, pattern or "x", pattern.lower() or "x")


def _code_points(pattern: str) -> Iterator[str]:
    for braced, plain in _CODE_POINT.findall(pattern):
        number = int(braced or plain, 16)
        if number <= 0x10FFFF and not 0xD800 <= number < 0xE000:
            yield chr(number)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
