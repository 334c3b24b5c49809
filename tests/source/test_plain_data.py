"""What JSON data is, and how much of it is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.catalog.recordings import MAX_VALUE_DEPTH, MAX_VALUE_ITEMS, is_plain
from promptops.model.place import Place


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53,
        "\ud800",
        {"\ud800": 1},
        {1: 1},
        (1,),
        b"a",
        [[[1.5, {"a": 2**70}]]],
        Place("a", 1, 1),
    ],
    ids=repr,
)
def test_what_is_not_plain_data_is_refused(value: Any) -> None:
    assert not is_plain(value)


def test_deep_and_shared_data_are_refused() -> None:
    deep: Any = []
    for _ in range(MAX_VALUE_DEPTH + 1):
        deep = [deep]
    shared: Any = "a"
    for _ in range(60):
        shared = [shared, shared]

    assert not is_plain(deep)
    assert not is_plain(shared)
    assert not is_plain(["a"] * MAX_VALUE_ITEMS)
    assert is_plain(["a"] * (MAX_VALUE_ITEMS - 1))
