"""The names in files by the last part of their path, to find the files that may name a path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from promptops.catalog.stored_facts import Names
from promptops.source.paths import confined


class NameIndex:
    """From the last part of a name to the keys of the files with such names, each with one.

    Earlier names of prompts (`a…`) are not in it.
    """

    def __init__(self, facts: Iterable[tuple[str, Names]]) -> None:
        """`facts` are keys of files with their names."""
        self._found: dict[str, list[tuple[str, str]]] = {}
        for key, names in facts:
            self.add(key, names)

    def add(self, key: str, names: Names) -> None:
        """Add the names of the files with a key."""
        for name in names:
            if name[0] != "a":
                self._found.setdefault(last_part(name), []).append((key, name))

    def remove(self, key: str, names: Names) -> None:
        """Remove the names of a key; the reverse of `add`."""
        for name in names:
            found = self._found.get(last_part(name), [])
            if (key, name) in found:
                found.remove((key, name))

    def ending_in(self, last: str) -> Sequence[tuple[str, str]]:
        """The keys with a name whose last part is this, each with the name."""
        return self._found.get(last, ())


@lru_cache(maxsize=65536)
def last_part(name: str) -> str:
    """The last part of the path that a name of `Names` refers to."""
    return confined(name[1:], "", "").path.rpartition("/")[2]
