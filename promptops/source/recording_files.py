"""The names of the files that contain the recordings of a prompt.

`NAME.recordings.jsonl` is next to the prompt file. Recordings that do not fit into it are in
`NAME.recordings.part02.jsonl`, `NAME.recordings.part03.jsonl` and so on. Sorted by name, the files
are in order; none of these names can belong to another prompt's recordings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from promptops.patterns import lazy_pattern

INSIDE = ".recordings."
"""A part of the name of every file of recordings."""

ENDING = f"{INSIDE}jsonl"
"""The suffix of the first file, which also represents all of them."""

APPLICATION_ENDING = f"promptops{ENDING}"
"""The suffix of a file with the recordings of an application's own tests; not of a prompt, unless
there is one of this name."""

MAX_FILES = 99

_PART = lazy_pattern(r"(?s:(.+)\.recordings\.part)(0[2-9]|[1-9][0-9])\.jsonl", re.ASCII)
_PART_MARK = ".recordings.part"


def numbered(first: str, number: int) -> str:
    """The path of file `number` of the recordings that begin with `first`; 1 to MAX_FILES."""
    return first if number == 1 else f"{first.removesuffix(ENDING)}{_PART_MARK}{number:02}.jsonl"


def free_path(first: str, existing: Collection[str]) -> str:
    """The path of the first file of recordings that does not exist yet; `first` if all do."""
    paths = (numbered(first, number) for number in range(1, MAX_FILES + 1))
    return next((path for path in paths if path not in existing), first)


def first_of(path: str) -> str | None:
    """The first file of the recordings that a file belongs to; None for any other file."""
    if path.endswith(ENDING):
        return path
    found = _PART.fullmatch(path) if _PART_MARK in path else None
    return f"{found[1]}{ENDING}" if found else None


def moved(path: str, first: str) -> str:
    """The path of a file of recordings if they began with `first`."""
    return first.removesuffix(ENDING) + path.removeprefix((first_of(path) or path)[: -len(ENDING)])


def is_misnamed(path: str) -> bool:
    """Whether the name is similar to that of a further file of recordings, but never read."""
    return (
        _PART_MARK in path.rpartition("/")[2] and path.endswith(".jsonl") and first_of(path) is None
    )


def by_first(paths: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """From the first file of recordings, existing or not, to the existing files, in order."""
    found: dict[str, list[str]] = {}
    for path in paths:
        first = first_of(path) if INSIDE in path else None
        if first is not None:
            found.setdefault(first, []).append(path)
    return {first: tuple(sorted(files)) for first, files in found.items()}


def with_first(paths: Iterable[str]) -> frozenset[str]:
    """The paths, with the first file of the recordings that each belongs to."""
    found = {*paths}
    return frozenset(found.union(filter(None, map(first_of, found))))
