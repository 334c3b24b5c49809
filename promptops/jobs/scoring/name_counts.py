"""Count names of any number in bounded memory, with the same result in any order."""

from __future__ import annotations

from promptops.jobs.scoring.hashes import HASH_RANGE, hash_of

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
