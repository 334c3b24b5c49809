"""The failing samples to make cases of: the same ones in any order of the samples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from heapq import nsmallest

from promptops.jobs.scoring.buckets import independent_unit
from promptops.jobs.scoring.hashes import digest_of
from promptops.jobs.scoring.scored import CheckedAssertion, ScoredSample
from promptops.model.score import FailingSample
from promptops.patterns import lazy_pattern

_DIGITS = lazy_pattern(r"\d+")
_BILLION = 1_000_000_000
_SPARE = 4
"""So many times the kept number is collected before the rest is dropped."""


class Failures:
    """The failing samples to pick first, at most `most` for each prompt and one of each likeness.

    Violated contracts come first, then the lowest scores, then the longest answers, then the
    smallest SHA-256 of the id. Any order and any split of the samples give the same ones.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[str, dict[str, FailingSample]] = {}

    def add(self, scored: ScoredSample) -> None:
        """Keep the sample if it has inputs, failed, and is one of the first."""
        failed = tuple(result for result in scored.results if _counts(result))
        if self._most and failed and scored.inputs:
            self._keep(_failing(scored, failed, scored.inputs))

    def add_all(self, others: Iterable[FailingSample]) -> None:
        """Add those of another part."""
        for other in others:
            self._keep(other)

    @property
    def first(self) -> tuple[FailingSample, ...]:
        """By prompt, then in the order in which to pick them."""
        return tuple(
            sample
            for prompt in sorted(self._found)
            for sample in nsmallest(self._most, self._found[prompt].values(), key=pick_order)
        )

    def _keep(self, sample: FailingSample) -> None:
        found = self._found.setdefault(sample.prompt, {})
        known = found.get(sample.likeness)
        if known is None or pick_order(sample) < pick_order(known):
            found[sample.likeness] = sample
        if len(found) > _SPARE * self._most:
            first = nsmallest(self._most, found.values(), key=pick_order)
            self._found[sample.prompt] = {each.likeness: each for each in first}


def pick_order(sample: FailingSample) -> tuple[int, int, int, str]:
    """The sort key of the samples to pick first."""
    return -sample.violated, sample.score, -sample.length, sample.sample


def _counts(result: CheckedAssertion) -> bool:
    return result.status == "failed"


def _failing(
    scored: ScoredSample, failed: tuple[CheckedAssertion, ...], inputs: Mapping[str, object]
) -> FailingSample:
    lowest = min(scored.scores.values(), default=1.0)
    return FailingSample(
        prompt=scored.prompt,
        inputs=inputs,
        assertions=tuple(result.written for result in failed if result.written),
        violated=sum(result.must for result in failed),
        score=round(lowest * _BILLION),
        length=len(scored.sample.output or ""),
        sample=digest_of(scored.sample.id),
        conversation=digest_of(independent_unit(scored.sample)),
        likeness=digest_of(_DIGITS.sub("", json.dumps(inputs, sort_keys=True).lower())),
    )
