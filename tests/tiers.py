"""What the fast tier runs of tables of cases and of properties; `.ci/run` runs all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import settings

FAST = "fast"
"""The profile of hypothesis for the fast tier."""

FULL = "full"
"""The profile of hypothesis with which properties are tested at full size."""

RANDOM = "random"
"""As `FULL`, with other examples in each run; those of the other profiles are always the same."""


def examples(full: int) -> int:
    """How many examples of a property to try: a tenth in the profile `FAST`, at least 20."""
    return max(full // 10, 20) if settings.get_current_profile_name() == FAST else full


def fast_first(cases: Iterable[Any], first: int) -> list[Any]:
    """The cases for `parametrize`: all but the first so many are slow.

    A case of several values is a tuple.
    """
    listed = list(cases)
    return [*listed[:first], *(_slow(each) for each in listed[first:])]


def fast_spread(cases: Iterable[Any], count: int) -> list[Any]:
    """The cases for `parametrize`: all are slow but so many, in equal distances from the first."""
    listed = list(cases)
    fast = {round(index * len(listed) / count) for index in range(count)}
    return [each if at in fast else _slow(each) for at, each in enumerate(listed)]


def fast_only(cases: Iterable[Any], fast: Sequence[Any]) -> list[Any]:
    """The cases for `parametrize`: all are slow but those that are listed, which must exist."""
    listed = list(cases)
    assert [each for each in fast if each not in listed] == []
    return [each if each in fast else _slow(each) for each in listed]


def _slow(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)
