"""Results that are remembered up to a size."""

from __future__ import annotations

import pytest

from promptops.runtime.sized_cache import cached_by_size


def counting(max_bytes: int) -> tuple[list[str], object]:
    calls: list[str] = []

    @cached_by_size(max_bytes, lambda source, _result: len(source))
    def upper(source: str) -> str:
        calls.append(source)
        return source.upper()

    return calls, upper


def test_a_result_is_computed_once() -> None:
    calls, upper = counting(10)

    assert [upper("ab"), upper("ab")] == ["AB", "AB"]  # type: ignore[operator]
    assert calls == ["ab"]


def test_the_oldest_results_are_dropped_when_all_exceed_the_size() -> None:
    calls, upper = counting(5)

    for source in ("aa", "bb", "cc", "bb", "aa"):
        upper(source)  # type: ignore[operator]

    assert calls == ["aa", "bb", "cc", "aa"]


def test_a_result_larger_than_the_cache_is_remembered_alone() -> None:
    calls, upper = counting(3)

    for source in ("a", "bbbbbb", "bbbbbb", "a"):
        upper(source)  # type: ignore[operator]

    assert calls == ["a", "bbbbbb", "a"]


def test_what_fails_is_not_remembered() -> None:
    calls: list[str] = []

    @cached_by_size(100)
    def fails(source: str) -> str:
        calls.append(source)
        raise ValueError(source)

    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            fails("x")

    assert calls == ["x", "x"]
