"""A part of the test cases, run by itself, and what came of it."""

from __future__ import annotations

from typing import Literal

from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.records import record

SHARD_FORMAT = 1


@record(frozen=True, slots=True, kw_only=True)
class Shard:
    """Which part: `index` of `count`, from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@record(frozen=True, slots=True, kw_only=True)
class ShardAnswer:
    """What came of one answer that was wanted.

    Attributes:
        path: Of the prompt file it belongs to.
        request: Digest of the request.
        judge: Whose request it is, where a judge is asked; else "".
        reason: Why there is no answer, or "".
        infrastructure: It was wanted, and the provider or the network failed.
    """

    path: str
    request: str
    repeat: int
    judge: str
    answer: Answer | None
    source: Literal["none", "recorded", "cached", "live"]
    reason: str
    infrastructure: bool


@record(frozen=True, slots=True, kw_only=True)
class ShardRun:
    """All that a run of one shard found out; what it says of that is worked out when merged.

    Attributes:
        revision: The commit that was looked at, or that of HEAD; "" before the first.
        plan: Digest of all that was to be run, by all shards together.
        patterns, since, selectors: What was selected; `since` a commit, or None.
        repeats, baseline: As they were asked for, or None.
        cost_usd: Of what was asked.
        problems: Why answers were not recorded.
    """

    shard: Shard
    mode: Literal["replay", "record", "live", "refresh"]
    revision: str
    plan: str
    patterns: tuple[str, ...] = ()
    since: str | None = None
    selectors: tuple[str, ...] = ()
    repeats: int | None = None
    baseline: str | None = None
    cost_usd: float = 0.0
    problems: tuple[tuple[str, Place], ...] = ()
    answers: tuple[ShardAnswer, ...] = ()
