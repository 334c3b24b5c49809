"""What is counted of samples; sums of parts are added in any order."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from heapq import nsmallest
from math import sqrt
from typing import TYPE_CHECKING, Literal

from promptops.errors import UsageError
from promptops.evals.deciding.production import BUCKETS
from promptops.model.internal_error import InternalError
from promptops.model.place import Place
from promptops.model.sample import BrokenLine, Part, Sample
from promptops.model.score import FailingSample
from promptops.model.score_group import Dimension
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record

if TYPE_CHECKING:
    from promptops.commands.score.part import Outcome, PreparedAssertion
    from promptops.model.sample import Sample


BILLION = 1_000_000_000
"""Scores and costs are counted in billionths."""

MOST_CELLS = 20_000
MOST_BROKEN = 10
_MOST_KEYS = 20
_CHECKED_EVERY = 256
"""Cells are counted when so many groups were added."""

SCORE = "score "
"""The prefix of the measures that are scores."""

Measure = int | str
"""The number of an assertion; or `contracts`, `refusals`, `errors`, `requests`, `cost`, or
`score NAME`."""

GroupKey = tuple[str, ...]
"""The values of the dimensions, in their order."""


class Cell:
    """One measure of one group, by bucket.

    Attributes:
        sums: For each bucket the number of samples, then for each bucket the sum of their values.
    """

    __slots__ = ("sums",)

    def __init__(self) -> None:
        self.sums = _empty()

    def add(self, bucket: int, value: int) -> None:
        """Count a sample."""
        self.sums[bucket] += 1
        self.sums[BUCKETS + bucket] += value

    def __getstate__(self) -> tuple[tuple[int, int], ...]:
        """What is not 0: of one part that is little."""
        return tuple((index, value) for index, value in enumerate(self.sums) if value)

    def __setstate__(self, state: tuple[tuple[int, int], ...]) -> None:
        self.sums = _empty()
        for index, value in state:
            self.sums[index] = value

    def add_all(self, other: Cell) -> None:
        """Add the cell of another part."""
        for index, value in enumerate(other.sums):
            if value:
                self.sums[index] += value


def _empty() -> array[int]:
    """A count and a sum for each bucket, all 0."""
    return array("q", bytes(2 * BUCKETS * 8))


class GroupSums:
    """The samples of one group.

    Attributes:
        cells: By measure.
        cell_count: The number of its assertions; 1 for none.
        unscorable: Samples that an assertion could not check, by its number.
        tokens: Samples with usage; their input and output tokens.
        steps: Latencies, by `histogram.step_of`.
    """

    __slots__ = ("cell_count", "cells", "steps", "tokens", "unscorable")

    def __init__(self) -> None:
        self.cells: dict[Measure, Cell] = {}
        self.cell_count = 1
        self.unscorable: dict[int, int] = {}
        self.tokens = [0, 0, 0]
        self.steps: dict[int, int] = {}

    def add(self, measure: Measure, bucket: int, value: int) -> None:
        """Count a sample for a measure."""
        cell = self.cells.get(measure)
        if cell is None:
            cell = self.cells[measure] = Cell()
            self._count()
        cell.add(bucket, value)

    def add_unscorable(self, number: int) -> None:
        """Count a sample that an assertion could not check."""
        self.unscorable[number] = self.unscorable.get(number, 0) + 1

    def add_step(self, step: int) -> None:
        """Count a latency."""
        self.steps[step] = self.steps.get(step, 0) + 1

    def add_tokens(self, used: int, answered: int) -> None:
        """Count the tokens of a request and of its answer."""
        tokens = self.tokens
        tokens[0] += 1
        tokens[1] += used
        tokens[2] += answered

    def add_all(self, other: GroupSums) -> None:
        """Add the group of another part."""
        for measure, cell in other.cells.items():
            mine = self.cells.get(measure)
            if mine is None:
                self.cells[measure] = cell
            else:
                mine.add_all(cell)
        self._count()
        for index, value in enumerate(other.tokens):
            self.tokens[index] += value
        _add_counts(self.unscorable, other.unscorable)
        _add_counts(self.steps, other.steps)

    def _count(self) -> None:
        self.cell_count = max(1, sum(type(measure) is int for measure in self.cells))


class Counts:
    """Numbers of samples and lines; see `SampleCounts`."""

    __slots__ = (
        "altered",
        "broken_lines",
        "by_id_only",
        "ignored",
        "lines",
        "read",
        "sampled",
        "scored",
        "unselected",
        "without_answer",
        "without_cost",
    )

    def __init__(self) -> None:
        self.read = self.sampled = self.scored = self.unselected = 0
        self.by_id_only = self.altered = self.without_answer = self.without_cost = 0
        self.lines = self.broken_lines = 0
        self.ignored: Counter[str] = Counter()

    def add_all(self, other: Counts) -> None:
        """Add the numbers of another part."""
        for name in self.__slots__:
            if name != "ignored":
                setattr(self, name, getattr(self, name) + getattr(other, name))
        self.ignored.update(other.ignored)


class Partial:
    """All that is known about the samples of one part, or of several.

    Attributes:
        by: The dimensions of the groups.
        broken: The first broken lines, by file and offset.
        prompts: Ids of the prompts that samples were joined with.
        similar_keys: Ignored keys with the known key that each nearly is.
        failures: Failing samples to make cases of.
        judgeable: Samples to call judges about.
        part: None for the sum of several parts.
        events: Compressed lines of events, of one part only.
    """

    def __init__(self, by: tuple[Dimension, ...], failures: int = 0, judge: int = 0) -> None:
        self.by = by
        self.part: Part | None = None
        self.counts = Counts()
        self.groups: dict[GroupKey, GroupSums] = {}
        self.unjoined = NameCounts()
        self.broken: list[BrokenLine] = []
        self.similar_keys: dict[str, str] = {}
        self.prompts: set[str] = set()
        self.bugs: set[InternalError] = set()
        self.failures = Failures(failures)
        self.judgeable = Judgeable(judge)
        self.events = b""

    def group(self, key: GroupKey) -> GroupSums:
        """The sums of a group; raises UsageError for too many groups with assertions."""
        found = self.groups.get(key)
        if found is None:
            found = self.groups[key] = GroupSums()
            if len(self.groups) % _CHECKED_EVERY == 0:
                self.check_cells()
        return found

    def check_cells(self) -> None:
        """Raise UsageError for too many groups with assertions."""
        if sum(group.cell_count for group in self.groups.values()) > MOST_CELLS:
            raise _too_many(self.by, self.groups)

    def add_broken(self, line: BrokenLine) -> None:
        """Count a line that can't be read, and the lines that are lost with it."""
        self.counts.broken_lines += line.lines
        self._keep_broken([line])

    def add_similar_key(self, key: str, nearest: str) -> None:
        """Keep an ignored key; of too many, the first ones in the order of the keys."""
        self.similar_keys[key] = nearest
        if len(self.similar_keys) > _MOST_KEYS:
            del self.similar_keys[max(self.similar_keys)]

    def add_all(self, other: Partial) -> None:
        """Add another part, which must not be used afterwards; raises UsageError as `group`."""
        self.counts.add_all(other.counts)
        for key, group in other.groups.items():
            mine = self.groups.get(key)
            if mine is None:
                self.groups[key] = group
            else:
                mine.add_all(group)
        self.unjoined.add_all(other.unjoined)
        self._keep_broken(other.broken)
        for key_, nearest in other.similar_keys.items():
            self.add_similar_key(key_, nearest)
        self.prompts |= other.prompts
        self.bugs |= other.bugs
        self.failures.add_all(other.failures.first)
        self.judgeable.add_all(other.judgeable)
        self.check_cells()

    def _keep_broken(self, lines: Iterable[BrokenLine]) -> None:
        self.broken = sorted([*self.broken, *lines], key=lambda each: (each.path, each.offset))
        del self.broken[MOST_BROKEN:]


def _add_counts(mine: dict[int, int], others: Mapping[int, int]) -> None:
    for key, value in others.items():
        mine[key] = mine.get(key, 0) + value


def _too_many(by: tuple[Dimension, ...], groups: Iterable[GroupKey]) -> UsageError:
    """The error for too many cells; its hint leaves out the dimension with the most values."""
    values = [len(set(each)) for each in zip(*groups, strict=True)]
    largest = max(range(len(by)), key=lambda index: values[index])
    rest = ",".join(name for index, name in enumerate(by) if index != largest)
    return UsageError(
        f"there are more than {MOST_CELLS:,} groups with assertions: "
        f"`{by[largest]}` has at least {values[largest]:,} values",
        hint=f"leave it out: --by {rest}" if rest else "filter the samples first",
    )


# The samples of each group that judges are called about: the same ones in any order.

MOST_SAMPLES = 5_000
_SPARE = 4


class Judgeable:
    """At most so many samples of each group: those whose ids have the smallest SHA-256."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[GroupKey, dict[str, Sample]] = {}

    def add(self, key: GroupKey, sample: Sample) -> None:
        """Keep a sample if it is one of the first of its group; raises UsageError as `add_all`."""
        found = self._found.setdefault(key, {})
        if len(self._found) > MOST_SAMPLES:
            raise _judgeable_too_many()
        found[digest_of(f"judge {sample.id}")] = sample
        if len(found) > _SPARE * self._most:
            self._found[key] = self._first(found)

    def add_all(self, other: Judgeable) -> None:
        """Add the samples of another part; raises UsageError for too many."""
        for key, samples in other._found.items():
            self._found[key] = self._first({**self._found.get(key, {}), **samples})
        chosen = sum(min(self._most, len(found)) for found in self._found.values())
        if chosen > MOST_SAMPLES:
            raise _judgeable_too_many()

    def chosen(self) -> Iterator[tuple[GroupKey, str, Sample]]:
        """Each sample with its group and the SHA-256 that orders it, in order."""
        for key in sorted(self._found):
            for digest, sample in sorted(self._first(self._found[key]).items()):
                yield key, digest, sample

    def _first(self, samples: Mapping[str, Sample]) -> dict[str, Sample]:
        return dict(nsmallest(self._most, samples.items(), key=lambda item: item[0]))


def _judgeable_too_many() -> UsageError:
    return UsageError(
        f"judges would be called about more than {counted(MOST_SAMPLES, 'sample')}",
        hint="lower --judge, or leave out a dimension of --by",
    )


# Count names of any number in bounded memory, with the same result in any order.

MOST_NAMES = 4_096


class NameCounts:
    """How often each name occurs; of too many different names, a share chosen by their SHA-256.

    Every kept name was counted from its first occurrence on, so its number is exact. Which names
    are kept depends only on the set of all names.

    Attributes:
        total: The number of all occurrences.
        counts: By name; the kept ones.
    """

    __slots__ = ("_below", "_places", "counts", "total")

    def __init__(self) -> None:
        self.total = 0
        self.counts: dict[str, int] = {}
        self._places: dict[str, int] = {}
        self._below = HASH_RANGE

    def add(self, name: str, times: int = 1) -> None:
        """Count a name."""
        self.total += times
        if name in self.counts:
            self.counts[name] += times
            return
        place = hash_of(name)
        if place < self._below:
            self.counts[name], self._places[name] = times, place
            self._shrink()

    def add_all(self, other: NameCounts) -> None:
        """Add the counts of another part."""
        dropped = other.total - sum(other.counts.values())
        self.total += dropped
        self._below = min(self._below, other._below)
        for name in [name for name, place in self._places.items() if place >= self._below]:
            del self.counts[name], self._places[name]
        for name, times in other.counts.items():
            self.add(name, times)

    def most_frequent(self, most: int) -> dict[str, int]:
        """The most frequent names first; of equals in the order of the names."""
        ordered = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return dict(ordered[:most])

    def _shrink(self) -> None:
        while len(self.counts) > MOST_NAMES:
            self._below //= 2
            for name in [name for name, place in self._places.items() if place >= self._below]:
                del self.counts[name], self._places[name]


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


# The failing samples to make cases of: the same ones in any order of the samples.

_DIGITS = lazy_pattern(r"\d+")
_BILLION = 1_000_000_000


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


# The bucket of a sample: samples that depend on each other share one.


def bucket_of(sample: Sample) -> int:
    """The number of the bucket, by the SHA-256 of what makes samples dependent."""
    return hash_of(independent_unit(sample)) % BUCKETS


def independent_unit(sample: Sample) -> str:
    """What makes samples dependent: the conversation, else the trace, else the sample itself."""
    return sample.conversation or sample.trace_id or sample.id


# Durations in steps of 2%: quantiles from counts that can be added up.

STEP = 1.02
_SHORTEST_S, _LONGEST_S = 0.001, 100_000.0


def step_of(seconds: float) -> int:
    """The number of the step of a duration; very short and very long ones have the outermost."""
    return bisect_left(_edges(), seconds)


def duration_at(steps: Mapping[int, int], share: float) -> float:
    """The duration that this share of the counted ones does not exceed, to 1%; in seconds."""
    wanted, below = share * sum(steps.values()), 0
    for step in sorted(steps):
        below += steps[step]
        if below >= wanted:
            return _middle(step)
    return 0.0


def _middle(step: int) -> float:
    edges = _edges()
    upper = edges[min(step, len(edges) - 1)]
    return round(upper / sqrt(STEP), 6)


@lru_cache(maxsize=1)
def _edges() -> tuple[float, ...]:
    """The upper edge of each step. Products, because logarithms differ between machines."""
    edges = [_SHORTEST_S]
    while edges[-1] < _LONGEST_S:
        edges.append(edges[-1] * STEP)
    return tuple(edges)


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
