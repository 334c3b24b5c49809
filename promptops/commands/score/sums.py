"""What is counted of samples, in sums of parts that can be added in any order."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import sqrt

from promptops.commands.score.picked_samples import (
    HASH_RANGE,
    Failures,
    Judgeable,
    hash_of,
    independent_unit,
)
from promptops.errors import UsageError
from promptops.evals.deciding.production import BUCKETS
from promptops.model.internal_error import InternalError
from promptops.model.score import BrokenLine, Dimension, Part, Sample
from promptops.records import field, fields, record

BILLION = 1_000_000_000
"""Scores and costs are counted in billionths."""

MOST_CELLS = 20_000
MOST_BROKEN = 10
_MOST_SIMILAR_KEYS = 20
_CHECKED_EVERY = 256
"""Cells are counted when so many groups were added."""

SCORE_PREFIX = "score "
"""The prefix of the measures that are scores."""

Measure = int | str
"""The number of an assertion; or `contracts`, `refusals`, `errors`, `requests`, `cost`, or
`score NAME`."""

GroupKey = tuple[str, ...]
"""The values of the dimensions, in their order."""


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
        ids: Hashes of the ids of the samples, of one part that was read for them alone.
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
        self.ids: array[int] = array("q")

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
            raise _too_many_groups(self.by, self.groups)

    def add_broken(self, line: BrokenLine) -> None:
        """Count a line that can't be read, and the lines that are lost with it."""
        self.counts.broken_lines += line.lines
        self._keep_broken([line])

    def add_similar_key(self, key: str, nearest: str) -> None:
        """Keep an ignored key; of too many, the first ones in the order of the keys."""
        self.similar_keys[key] = nearest
        if len(self.similar_keys) > _MOST_SIMILAR_KEYS:
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


def _too_many_groups(by: tuple[Dimension, ...], groups: Iterable[GroupKey]) -> UsageError:
    """The error for too many cells; its hint leaves out the dimension with the most values."""
    values = [len(set(each)) for each in zip(*groups, strict=True)]
    largest = max(range(len(by)), key=lambda index: values[index])
    rest = ",".join(name for index, name in enumerate(by) if index != largest)
    return UsageError(
        f"there are more than {MOST_CELLS:,} groups with assertions: "
        f"`{by[largest]}` has at least {values[largest]:,} values",
        hint=f"leave it out: --by {rest}" if rest else "filter the samples first",
    )


class GroupSums:
    """The samples of one group.

    Attributes:
        cells: By measure.
        cell_count: The number of its assertions; 1 for none.
        unscorable: Samples that an assertion could not check, by its number.
        tokens: Samples with usage; their input and output tokens.
        steps: Latencies, by `step_of`.
    """

    __slots__ = ("cell_count", "cells", "steps", "tokens", "unscorable")

    def __init__(self) -> None:
        self.cells: dict[Measure, Cell] = {}
        self.cell_count = 1
        self.unscorable: Counter[int] = Counter()
        self.tokens = [0, 0, 0]
        self.steps: Counter[int] = Counter()

    def add(self, measure: Measure, bucket: int, value: int) -> None:
        """Count a sample for a measure."""
        cell = self.cells.get(measure)
        if cell is None:
            cell = self.cells[measure] = Cell()
            self._count()
        cell.add(bucket, value)

    def add_tokens(self, used: int, answered: int) -> None:
        """Count the tokens of a request and of its answer."""
        for index, number in enumerate((1, used, answered)):
            self.tokens[index] += number

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
        self.unscorable.update(other.unscorable)
        self.steps.update(other.steps)

    def _count(self) -> None:
        self.cell_count = max(1, sum(type(measure) is int for measure in self.cells))


class Cell:
    """One measure of one group, by bucket.

    Attributes:
        sums: For each bucket the number of samples, then for each bucket the sum of their values.
    """

    __slots__ = ("sums",)

    def __init__(self) -> None:
        self.sums = _empty_sums()

    def add(self, bucket: int, value: int) -> None:
        """Count a sample."""
        self.sums[bucket] += 1
        self.sums[BUCKETS + bucket] += value

    def __getstate__(self) -> tuple[tuple[int, int], ...]:
        """What is not 0: of one part that is little."""
        return tuple((index, value) for index, value in enumerate(self.sums) if value)

    def __setstate__(self, state: tuple[tuple[int, int], ...]) -> None:
        self.sums = _empty_sums()
        for index, value in state:
            self.sums[index] = value

    def add_all(self, other: Cell) -> None:
        """Add the cell of another part."""
        for index, value in enumerate(other.sums):
            if value:
                self.sums[index] += value


def _empty_sums() -> array[int]:
    """A count and a sum for each bucket, all 0."""
    return array("q", bytes(2 * BUCKETS * 8))


@record(slots=True)
class Counts:
    """Numbers of samples and lines; see `SampleCounts`."""

    read: int = 0
    repeated: int = 0
    unselected: int = 0
    sampled: int = 0
    scored: int = 0
    by_id_only: int = 0
    altered: int = 0
    lines: int = 0
    broken_lines: int = 0
    text_answers: int = 0
    json_answers: int = 0
    unwrapped_answers: int = 0
    without_answer: int = 0
    without_cost: int = 0
    ignored: Counter[str] = field(default_factory=Counter)

    def add_all(self, other: Counts) -> None:
        """Add the numbers of another part."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


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
            while len(self.counts) > MOST_NAMES:
                self._drop_from(self._below // 2)

    def add_all(self, other: NameCounts) -> None:
        """Add the counts of another part."""
        dropped = other.total - sum(other.counts.values())
        self.total += dropped
        self._drop_from(other._below)
        for name, times in other.counts.items():
            self.add(name, times)

    def most_frequent(self, most: int) -> dict[str, int]:
        """The most frequent names first; of equals in the order of the names."""
        ordered = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return dict(ordered[:most])

    def _drop_from(self, below: int) -> None:
        self._below = min(self._below, below)
        for name in [name for name, place in self._places.items() if place >= self._below]:
            del self.counts[name], self._places[name]


# The bucket of a sample: samples that depend on each other share one.


def bucket_of(sample: Sample) -> int:
    """The number of the bucket, by the SHA-256 of what makes samples dependent."""
    return hash_of(independent_unit(sample)) % BUCKETS


# Durations in steps of 2%: quantiles from counts that can be added up.

STEP_FACTOR = 1.02
_SHORTEST_S, _LONGEST_S = 0.001, 100_000.0


def step_of(seconds: float) -> int:
    """The number of the step of a duration; very short and very long ones have the outermost."""
    return bisect_left(_step_edges(), seconds)


def duration_at(steps: Mapping[int, int], share: float) -> float:
    """The duration that this share of the counted ones does not exceed, to 1%; in seconds."""
    wanted, below = share * sum(steps.values()), 0
    for step in sorted(steps):
        below += steps[step]
        if below >= wanted:
            edges = _step_edges()
            upper = edges[min(step, len(edges) - 1)]
            return round(upper / sqrt(STEP_FACTOR), 6)  # the middle of the step
    return 0.0


@lru_cache(maxsize=1)
def _step_edges() -> tuple[float, ...]:
    """The upper edge of each step. Products, because logarithms differ between machines."""
    edges = [_SHORTEST_S]
    while edges[-1] < _LONGEST_S:
        edges.append(edges[-1] * STEP_FACTOR)
    return tuple(edges)
