"""Audit recordings by requesting them again, so that picked answers are found."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable

from promptops.errors import UsageError
from promptops.model.answer import Answer, Recording
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.request.canonical import canonical_json
from promptops.source.recordings import key_of

_SIZE = lazy_pattern(r"(?P<percent>\d{1,3}(?:\.\d{1,6})?)%|(?P<count>\d{1,9})", re.ASCII)


@record(frozen=True, slots=True)
class SampleSize:
    """The size of an audit: a number of recordings, or a share of all."""

    count: int = 0
    percent: float = 0.0

    def of(self, total: int) -> int:
        """The number of recordings; at least one if there are any."""
        share = math.ceil(total * self.percent / 100)
        return min(total, max(self.count, share))


def parse_size(written: str) -> SampleSize:
    """Parse `10%` or `25`; raises UsageError."""
    found = _SIZE.fullmatch(written)
    count = int(found["count"] or 0) if found else 0
    percent = float(found["percent"] or 0) if found else 0.0
    if percent > 100 or not (count or percent):
        raise UsageError(
            f"{written!r} is not a sample size", hint="a share such as 10%, or a number"
        )
    return SampleSize(count, percent)


def sample(recordings: Iterable[Recording], size: SampleSize, seed: str) -> tuple[Recording, ...]:
    """The recordings that a seed selects, in the given order.

    The selection depends on request, repeat and judge, not on the file. Anyone who knows the seed
    before recording could still pick answers, so use a later one, such as the id of the commit.
    """
    wanted = {key_of(recording): recording for recording in recordings}
    drawn = sorted(
        wanted,
        key=lambda key: hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest(),
    )
    chosen = set(drawn[: size.of(len(wanted))])
    return tuple(recording for key, recording in wanted.items() if key in chosen)


def answer_differences(recorded: Answer, fresh: Answer) -> tuple[str, ...]:
    """The differences of a fresh answer, by the keys of a recording; empty if it is equal.

    The provider's cache statistics are ignored.
    """
    before, after = _facts(recorded), _facts(fresh)
    return tuple(name for name in before if before[name] != after[name])


def _facts(answer: Answer) -> dict[str, object]:
    return {
        "output": answer.text,
        "tool_calls": _calls(answer),
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "fingerprint": answer.fingerprint,
        "usage": (answer.usage.input, answer.usage.output),
    }


def _calls(answer: Answer) -> str | None:
    """Tool calls in canonical form; None if a recording can't contain them."""
    try:
        return canonical_json([dict(call) for call in answer.tool_calls])
    except (ValueError, RecursionError):
        return None
