"""word-count."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from promptops.counting import counted
from promptops.evals.limits import MOST_CHARS, check_limit
from promptops.evals.registry import assertion
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Verdict
from promptops.json_pointer import escaped
from promptops.nearest import did_you_mean
from promptops.records import record
from promptops.source.explain import type_name


@assertion("word-count")
@record(frozen=True, slots=True, kw_only=True)
class WordCount:
    """The checked text has this many words.

    Words are separated by whitespace, so the count is not useful for Chinese, Japanese and Thai.

    Attributes:
        value: The number of words, or `{min, max}`, either of which may be left out.

    Holds:
        messages: [{role: user, content: Where is my order?}]
        rendered: [{type: word-count, value: {min: 2, max: 5}}, {type: word-count, value: 4}]

    Fails:
        messages: [{role: user, content: Where?}]
        rendered: [{type: word-count, value: {min: 2}}]
    """

    value: int | Mapping[str, Any]

    def __post_init__(self) -> None:
        limits = {"": self.value} if isinstance(self.value, int) else self.value
        for name, limit in limits.items():
            at = f"/value/{escaped(name)}" if name else "/value"
            if name not in ("", "min", "max"):
                hint = did_you_mean(name, ("min", "max")) or "known here: min, max"
                raise Refused(f"`{name}` is not a limit", hint=hint, at=at)
            if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
                raise Refused(f"expected a whole number, got {type_name(limit)}", at=at)
            check_limit(limit, MOST_CHARS, "text has over 10,000,000 words", at)
        low, high = self._limits
        if low == 0 and high is None:
            raise Refused("every text has so many words", hint="set `max`, or `min` above 0")
        if high is not None and high < low:
            raise Refused("no text has so many words: `max` is below `min`")

    @property
    def limits(self) -> tuple[float, float]:
        """The lowest and the highest value that passes."""
        low, high = self._limits
        return low, inf if high is None else high

    def check(self, subject: Subject) -> Verdict:
        low, high = self._limits
        count = len(subject.text.split())
        return Verdict(
            passed=low <= count and (high is None or count <= high),
            expected=_range(low, high),
            opposite=f"not {_range(low, high)}",
            where=subject.where,
            got=f"{count:,}",
        )

    @property
    def _limits(self) -> tuple[int, int | None]:
        if isinstance(self.value, int):
            return self.value, self.value
        return self.value.get("min", 0), self.value.get("max")


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"at least {counted(low, 'word')}"
    if low == high:
        return counted(low, "word")
    return f"{low:,} to {counted(high, 'word')}" if low else f"at most {counted(high, 'word')}"
