"""Which cases of a table run in the fast tier; `.ci/run` runs the others with `-m slow`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest


def fast_first(cases: Iterable[Any], first: int) -> list[Any]:
    """The cases for `parametrize`: all but the first so many are slow.

    A case of several values is a tuple.
    """
    listed = list(cases)
    return [*listed[:first], *(_slow(each) for each in listed[first:])]


def fast_only(cases: Iterable[Any], fast: Sequence[Any]) -> list[Any]:
    """The cases for `parametrize`: all are slow but those that are listed, which must exist."""
    listed = list(cases)
    assert [each for each in fast if each not in listed] == []
    return [each if each in fast else _slow(each) for each in listed]


def _slow(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)
