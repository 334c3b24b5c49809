"""The blocks of YAML by their indentation, found without parsing: a file may be half typed."""

from __future__ import annotations

from collections.abc import Iterator

Block = tuple[int, int]
"""The first and the last line of a block, 1-based."""


def indented_blocks(text: str) -> Iterator[Block]:
    """Each line with the deeper lines below it, in the order in which the blocks end.

    A list may have the indentation of its key; the key's block then contains the list.
    """
    opened: list[tuple[int, int]] = []
    last = 0
    for number, line in enumerate(text.split("\n"), 1):
        depth = _depth(line)
        if depth is None:
            continue
        yield from _closed(opened, depth, last)
        opened.append((depth, number))
        last = number
    yield from _closed(opened, -1, last)


def _depth(line: str) -> int | None:
    """Twice the indentation, and one more for an item of a list; None for an empty line."""
    bare = line.strip()
    if not bare:
        return None
    is_item = bare == "-" or bare.startswith("- ")
    return 2 * (len(line) - len(line.lstrip())) + is_item


def _closed(opened: list[tuple[int, int]], depth: int, last: int) -> Iterator[Block]:
    while opened and opened[-1][0] >= depth:
        first = opened.pop()[1]
        if last > first:
            yield first, last
