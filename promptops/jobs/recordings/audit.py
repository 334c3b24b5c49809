"""Recordings asked again, so that nobody can pick the answers that are recorded."""

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
class Size:
    """How many recordings are asked again: a number, or a share of all."""

    count: int = 0
    percent: float = 0.0

    def of(self, total: int) -> int:
        """At least one, where there is any."""
        share = math.ceil(total * self.percent / 100)
        return min(total, max(self.count, share))


def parse_size(written: str) -> Size:
    """From `10%` or `25`; raises UsageError."""
    found = _SIZE.fullmatch(written)
    count = int(found["count"] or 0) if found else 0
    percent = float(found["percent"] or 0) if found else 0.0
    if percent > 100 or not (count or percent):
        raise UsageError(
            f"{written!r} is not a sample size", hint="a share such as 10%, or a number"
        )
    return Size(count, percent)


def sample(recordings: Iterable[Recording], size: Size, seed: str) -> tuple[Recording, ...]:
    """The recordings that a seed chooses, in the order given.

    By request, repeat and judge, whatever file they are in. Who knows the seed before recording
    can pick all the same, so take one that is drawn later, such as the id of the commit.
    """
    wanted = {key_of(recording): recording for recording in recordings}
    drawn = sorted(
        wanted,
        key=lambda key: hashlib.sha256(f"{seed}\0{key}".encode("utf-8", "surrogatepass")).digest(),
    )
    chosen = set(drawn[: size.of(len(wanted))])
    return tuple(recording for key, recording in wanted.items() if key in chosen)


def differences(recorded: Answer, fresh: Answer) -> tuple[str, ...]:
    """In what a fresh answer differs, by the keys of a recording; nothing where it is equal.

    What the provider had in its cache differs from one time to the next, and is no difference.
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
    """In one spelling; None for what no recording holds."""
    try:
        return canonical_json([dict(call) for call in answer.tool_calls])
    except (ValueError, RecursionError):
        return None
