"""The samples that are picked from all: failing ones for cases, and those for judges.

Any order and any split of the samples give the same ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal

from promptops.errors import UsageError
from promptops.model.place import Place
from promptops.model.sample import Sample
from promptops.model.score import FailingSample
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record

if TYPE_CHECKING:
    from promptops.commands.score.part import Outcome, PreparedAssertion
    from promptops.commands.score.sums import GroupKey

MOST_JUDGED_SAMPLES = 5_000
_SPARE_FACTOR = 4
"""So many times the wanted number are kept before the first ones are chosen."""

_DIGITS = lazy_pattern(r"\d+")
_BILLION = 1_000_000_000


# The failing samples to make cases of.


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
        failed = tuple(result for result in scored.results if result.status == "failed")
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
        if len(found) > _SPARE_FACTOR * self._most:
            first = nsmallest(self._most, found.values(), key=pick_order)
            self._found[sample.prompt] = {each.likeness: each for each in first}


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


def pick_order(sample: FailingSample) -> tuple[int, int, int, str]:
    """The sort key of the samples to pick first."""
    return -sample.violated, sample.score, -sample.length, sample.sample


def independent_unit(sample: Sample) -> str:
    """What makes samples dependent: the conversation, else the trace, else the sample itself."""
    return sample.conversation or sample.trace_id or sample.id


# The samples of each group that judges are called about.


class Judgeable:
    """At most so many samples of each group: those whose ids have the smallest SHA-256."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[GroupKey, dict[str, Sample]] = {}

    def add(self, key: GroupKey, sample: Sample) -> None:
        """Keep a sample if it is one of the first of its group; raises UsageError as `add_all`."""
        found = self._found.setdefault(key, {})
        if len(self._found) > MOST_JUDGED_SAMPLES:
            raise _too_many_to_judge()
        found[digest_of(f"judge {sample.id}")] = sample
        if len(found) > _SPARE_FACTOR * self._most:
            self._found[key] = self._first(found)

    def add_all(self, other: Judgeable) -> None:
        """Add the samples of another part; raises UsageError for too many."""
        for key, samples in other._found.items():
            self._found[key] = self._first({**self._found.get(key, {}), **samples})
        chosen = sum(min(self._most, len(found)) for found in self._found.values())
        if chosen > MOST_JUDGED_SAMPLES:
            raise _too_many_to_judge()

    def chosen(self) -> Iterator[tuple[GroupKey, str, Sample]]:
        """Each sample with its group and the SHA-256 that orders it, in order."""
        for key in sorted(self._found):
            for digest, sample in sorted(self._first(self._found[key]).items()):
                yield key, digest, sample

    def _first(self, samples: Mapping[str, Sample]) -> dict[str, Sample]:
        return dict(nsmallest(self._most, samples.items(), key=lambda item: item[0]))


def _too_many_to_judge() -> UsageError:
    return UsageError(
        f"judges would be called about more than {counted(MOST_JUDGED_SAMPLES, 'sample')}",
        hint="lower --judge, or leave out a dimension of --by",
    )


# One sample with the results of the assertions of its prompt.


@record(frozen=True, slots=True, kw_only=True)
class CheckedAssertion:
    """The result of one assertion for one sample.

    Attributes:
        type: As written, with its `not-`; `output` for the output contract.
        written: As written; empty for the output contract.
        status: `unscorable` if it could neither pass nor fail.
        degree: 0 to 1; None if unscorable.
        expected: Why it failed, which may quote the answer; "" unless content is wanted.
        score: For a measure, the score in which it counts; else None.
    """

    type: str
    place: Place
    written: Mapping[str, object]
    must: bool
    status: Literal["passed", "failed", "unscorable"]
    degree: float | None = None
    score: str | None = None
    weight: float = 1.0
    expected: str = ""


@record(frozen=True, slots=True, kw_only=True)
class ScoredSample:
    """A sample that was joined with a prompt.

    Attributes:
        prompt: The id of the prompt at the release; the sample may name an alias.
        inputs: As JSON data; None if they are not recorded.
        results: In the order of the assertions; empty for a sample with an error.
        scores: Each score by name, 0 to 1.
    """

    sample: Sample
    prompt: str
    inputs: Mapping[str, object] | None = None
    results: tuple[CheckedAssertion, ...]
    scores: Mapping[str, float]


def checked_assertions(
    assertions: Sequence[PreparedAssertion], outcomes: Sequence[Outcome], reasons: Sequence[str]
) -> tuple[CheckedAssertion, ...]:
    """The outcomes with their assertions; `reasons` is empty unless content is wanted."""
    return tuple(map(_checked, assertions, outcomes, reasons or ("",) * len(assertions)))


def _checked(each: PreparedAssertion, outcome: Outcome, reason: str) -> CheckedAssertion:
    passed, degree = outcome
    return CheckedAssertion(
        type=each.type,
        place=each.place,
        written=json.loads(each.written) if each.written else {},
        must=each.must,
        status="unscorable" if passed is None else "passed" if passed else "failed",
        degree=degree,
        score=each.score,
        weight=each.weight,
        expected=reason,
    )


# Hashes of names and ids: the same in every process and for any order of the samples.

HASH_RANGE = 1 << 64


def hash_of(text: str) -> int:
    """A number below `HASH_RANGE`, from the SHA-256."""
    return int.from_bytes(sha256(_bytes_of(text)).digest()[:8], "big")


def digest_of(text: str) -> str:
    """The SHA-256 in hexadecimal."""
    return sha256(_bytes_of(text)).hexdigest()


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
