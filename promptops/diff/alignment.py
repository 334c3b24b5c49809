"""Aligns messages: equal ones first, then those with the same role, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeVar

M = TypeVar("M")


def align(
    old: Sequence[M], new: Sequence[M], key: Callable[[M], tuple[str, Any]]
) -> Iterator[tuple[M | None, M | None]]:
    """Pairs in order; None if a side has no counterpart.

    Args:
        key: The role and the text of a message.
    """
    for _, start, end, new_start, new_end in _matched(
        [repr(key(each)) for each in old], [repr(key(each)) for each in new]
    ):
        yield from _by_role(old[start:end], new[new_start:new_end], key)


def _by_role(
    old: Sequence[M], new: Sequence[M], key: Callable[[M], tuple[str, Any]]
) -> Iterator[tuple[M | None, M | None]]:
    olds, news = ([key(message)[0] for message in side] for side in (old, new))
    for tag, start, end, new_start, new_end in _matched(olds, news):
        if tag == "equal":
            yield from zip(old[start:end], new[new_start:new_end], strict=True)
            continue
        yield from ((message, None) for message in old[start:end])
        yield from ((None, message) for message in new[new_start:new_end])


def _matched(old: list[str], new: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
