"""Short strings that a simple pattern matches, and names of properties that no schema names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from promptops.analysis.schemas.alternatives import Alternative, names, patterns
from promptops.analysis.schemas.document import SchemaPair
from promptops.model.prompt import Schema
from promptops.patterns import lazy_pattern

MAX_TEXTS: Final = 12
MAX_REPEATED: Final = 64
MAX_LENGTH: Final = 1_000
_LETTERS: Final = "ab01AB_- .@/:éZz9"
_ESCAPED: Final = {"d": "01", "w": "ab0", "s": " ", "D": "a-", "W": "- ", "S": "a0", "n": "\n"}
_ESCAPED_MORE: Final = {"t": "\t", "r": "\r", "b": "", "B": ""}
_REPEATS: Final = {"*": (0, 2), "+": (1, 2), "?": (0, 1)}
_COUNT: Final = lazy_pattern(r"\{(\d+)(,(\d*))?\}")


def texts(pattern: str) -> Iterator[str]:
    """A few strings that a pattern may match, short ones first; callers must check them.

    Groups, classes, alternatives and counts are supported; other syntax yields wrong strings.
    """
    try:
        found = _PatternReader(pattern).alternatives()
    except (ValueError, RecursionError):
        found = []
    yield from islice(sorted(dict.fromkeys(found), key=len), MAX_TEXTS)


class _PatternReader:
    """Reads a pattern from left to right; methods return a few strings for the part they read."""

    def __init__(self, pattern: str) -> None:
        self._rest = pattern

    def alternatives(self) -> list[str]:
        found = self._sequence()
        while self._take("|"):
            found = [*found[: MAX_TEXTS // 2], *self._sequence()]
        return found[:MAX_TEXTS]

    def _sequence(self) -> list[str]:
        found = [""]
        while self._rest and self._rest[0] not in "|)":
            found = _joined(found, self._repeated(self._one()))
        return found

    def _one(self) -> list[str]:
        if self._take("("):
            return self._group()
        if self._take("["):
            return self._class()
        if self._take("\\"):
            return self._escape()
        letter, self._rest = self._rest[0], self._rest[1:]
        return {".": ["a", "b"], "^": [""], "$": [""]}.get(letter, [letter])

    def _group(self) -> list[str]:
        ahead = self._rest[:2] in ("?=", "?!") or self._rest[:3] in ("?<=", "?<!")
        if opening := re.match(r"\?(?::|=|!|<[=!]|P?<\w+>)", self._rest):
            self._rest = self._rest[opening.end() :]
        found = self.alternatives()
        if not self._take(")"):
            raise ValueError("a group without its end")
        return [""] if ahead else found

    def _class(self) -> list[str]:
        negated = self._take("^")
        listed = ""
        while not self._take("]") or not listed:
            if self._take("\\"):
                listed += "".join(self._escape())
            elif len(self._rest) > 2 and self._rest[1] == "-" and self._rest[2] != "]":
                first, last = ord(self._rest[0]), ord(self._rest[2])
                listed += "".join(map(chr, range(first, min(last, first + 255) + 1)))
                self._rest = self._rest[3:]
            elif self._rest:
                listed, self._rest = listed + self._rest[0], self._rest[1:]
            else:
                raise ValueError("a class without its end")
        if negated:
            return [letter for letter in _LETTERS if letter not in listed][:2]
        return list(listed[:1] + listed[-1:])

    def _escape(self) -> list[str]:
        letter, self._rest = self._rest[:1], self._rest[1:]
        known = _ESCAPED_MORE.get(letter, _ESCAPED.get(letter, letter))
        return list(known) or [""]

    def _repeated(self, one: list[str]) -> list[str]:
        least, most = self._counts()
        self._take("?")
        few = [] if least else [""]
        for count in sorted({max(least, 1), min(least + 1, most)} if most else ()):
            few += [text * count for text in one if len(text) * count <= MAX_LENGTH]
        return few

    def _counts(self) -> tuple[int, int]:
        for sign, counts in _REPEATS.items():
            if self._take(sign):
                return counts
        counted = _COUNT.match(self._rest)
        if not counted:
            return 1, 1
        self._rest = self._rest[counted.end() :]
        least = int(counted[1])
        most = least if counted[2] is None else int(counted[3] or least + 1)
        return min(least, MAX_REPEATED), min(most, MAX_REPEATED)

    def _take(self, sign: str) -> bool:
        taken = self._rest.startswith(sign)
        self._rest = self._rest[len(sign) :] if taken else self._rest
        return taken


def _joined(heads: list[str], tails: list[str]) -> list[str]:
    """A few of all combinations, those of the first strings first."""
    return list(islice((head + tail for tail in tails for head in heads), MAX_TEXTS))


_NAMES = ("other", "another", "a", "x", "A", "0", "_", "a-b", "more1", "")


def fresh_name(
    document: SchemaPair, alternative: Alternative, right: Schema, pattern: str | None
) -> str | None:
    """A name that no list of properties has; None if none is found.

    It matches the given pattern and, if that is from the left side, no pattern of the right side.
    Without a pattern it matches none of either side.
    """
    known = {*names(alternative), *right.get("properties", {})}
    listed_right = right.get("patternProperties", {})
    avoided = () if pattern in listed_right else tuple(listed_right)
    avoided += patterns(alternative) if pattern is None else ()
    allowed = tuple(alternative.keyword_values("propertyNames"))
    listed = [text for layer in allowed if layer for text in texts(layer.get("pattern", ""))]
    tried: list[str] = [*(texts(pattern) if pattern else ()), *_NAMES, *listed]
    for name in tried:
        if (
            name not in known
            and (pattern is None or document.matches(pattern, name))
            and not any(document.matches(other, name) for other in avoided)
            and document.admits(allowed, name)
        ):
            return name
    return None
