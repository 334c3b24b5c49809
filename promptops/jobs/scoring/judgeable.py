"""The samples of each group that judges are called about: the same ones in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import nsmallest

from promptops.errors import UsageError
from promptops.jobs.scoring.hashes import digest_of
from promptops.model.sample import Sample
from promptops.plurals import counted

MOST_SAMPLES = 5_000
_SPARE = 4

GroupKey = tuple[str, ...]


class Judgeable:
    """At most so many samples of each group: those whose ids have the smallest SHA-256."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[GroupKey, dict[str, Sample]] = {}

    def add(self, key: GroupKey, sample: Sample) -> None:
        """Keep a sample if it is one of the first of its group; raises UsageError as `add_all`."""
        found = self._found.setdefault(key, {})
        if len(self._found) > MOST_SAMPLES:
            raise _too_many()
        found[digest_of(f"judge {sample.id}")] = sample
        if len(found) > _SPARE * self._most:
            self._found[key] = self._first(found)

    def add_all(self, other: Judgeable) -> None:
        """Add the samples of another part; raises UsageError for too many."""
        for key, samples in other._found.items():
            self._found[key] = self._first({**self._found.get(key, {}), **samples})
        chosen = sum(min(self._most, len(found)) for found in self._found.values())
        if chosen > MOST_SAMPLES:
            raise _too_many()

    def chosen(self) -> Iterator[tuple[GroupKey, str, Sample]]:
        """Each sample with its group and the SHA-256 that orders it, in order."""
        for key in sorted(self._found):
            for digest, sample in sorted(self._first(self._found[key]).items()):
                yield key, digest, sample

    def _first(self, samples: Mapping[str, Sample]) -> dict[str, Sample]:
        return dict(nsmallest(self._most, samples.items(), key=lambda item: item[0]))


def _too_many() -> UsageError:
    return UsageError(
        f"judges would be called about more than {counted(MOST_SAMPLES, 'sample')}",
        hint="lower --judge, or leave out a dimension of --by",
    )
