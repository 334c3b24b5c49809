"""The lines that a change adds or replaces."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher

from promptops.catalog.files import Files
from promptops.model.place import Place
from promptops.records import field, record


@record(slots=True)
class ChangedLines:
    """The changed lines of files between a base and a head, each file compared once."""

    base: Files
    head: Files
    _lines: dict[str, frozenset[int]] = field(default_factory=dict)

    def cover(self, place: Place) -> bool:
        """Whether any line of a place is new or was changed."""
        if place.path not in self._lines:
            before, after = (_read(side.data, place.path) for side in (self.base, self.head))
            self._lines[place.path] = frozenset(changed_lines(before, after))
        lines = range(place.line, max(place.end_line, place.line) + 1)
        return not self._lines[place.path].isdisjoint(lines)


def _read(data: Callable[[str], bytes | None], path: str) -> list[str]:
    return (data(path) or b"").decode("utf-8", "replace").replace("\r\n", "\n").split("\n")


def changed_lines(before: list[str], after: list[str]) -> set[int]:
    """The 1-based numbers of the lines of `after` that `before` lacks at their place."""
    changed: set[int] = set()
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, _, _, start, end in matcher.get_opcodes():
        if tag in ("replace", "insert"):
            changed |= set(range(start + 1, end + 1))
    return changed
