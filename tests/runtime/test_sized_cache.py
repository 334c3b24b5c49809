"""Results that are remembered up to a size."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from promptops.runtime.template.limits import ENTRIES_OF_A_RUN, cached_by_size, limit_entries
from promptops.runtime.template.template import Template, parse


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


@pytest.fixture
def few() -> Iterator[int]:
    before = limit_entries(3)
    yield before
    limit_entries(before)


@pytest.mark.usefixtures("few")
def test_a_process_sets_how_many_results_are_remembered() -> None:
    calls, upper = counting(100)

    for source in ("a", "b", "c", "a", "d", "a"):
        upper(source)  # type: ignore[operator]

    assert (ENTRIES_OF_A_RUN, calls) == (4_096, ["a", "b", "c", "d", "a"])


@pytest.mark.usefixtures("few")
def test_the_templates_of_earlier_edits_do_not_stay_behind() -> None:
    for edit in range(50):
        parse(f"Edit {edit} of a sized cache: {{{{ ticket }}}}")

    gc.collect()
    texts = (found.source for found in gc.get_objects() if type(found) is Template)
    assert sum(text.startswith("Edit ") for text in texts) <= 3
