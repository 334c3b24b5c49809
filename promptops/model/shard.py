"""One shard of a test run, and its results."""

from __future__ import annotations

from typing import Literal

from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.records import record

SHARD_FORMAT = 1


@record(frozen=True, slots=True, kw_only=True)
class Shard:
    """A shard: `index` of `count`, 1-based."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@record(frozen=True, slots=True, kw_only=True)
class ShardAnswer:
    """The result of one requested answer.

    Attributes:
        path: Of the prompt file it belongs to.
        request: Digest of the request.
        judge: Id of the judge's prompt if the request is to a judge; else "".
        reason: Why there is no answer, or "".
        infrastructure: There is none because the provider or the network failed.
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
    """All results of one shard; the report is computed when shards are merged.

    Attributes:
        revision: The tested commit, or that of HEAD; "" before the first commit.
        plan: Digest of the whole run, equal in all of its shards.
        patterns, since, selectors: The selection; `since` is a commit, or None.
        repeats, baseline: As given on the command line, or None.
        cost_usd: Of all requests.
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
