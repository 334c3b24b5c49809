"""Confirm a violated contract with two more answers before the case fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptops.evals.judge_answer import status_of
from promptops.jobs.testing.judging import Heard, Judging, heard
from promptops.jobs.testing.plan import Asked, Planned
from promptops.records import replace

_FRESH = 2
_FIRST = 2_000
"""The repeat of the first such answer; far above any that a prompt has."""


def confirmed(judging: Judging, found: Sequence[Heard]) -> tuple[list[Heard], dict[Asked, str]]:
    """The answers, and notes on those that passed at the second attempt.

    A violating answer stays if one of two more violates too or is missing; else the first of the
    two replaces it.
    """
    failed = [each.planned for each in found if status_of(each.said) == "failed"]
    if not failed:
        return list(found), {}
    more, _ = heard(judging, [_again(each, n) for each in failed for n in range(_FRESH)])
    held = {each.planned.asked: each for each in more if status_of(each.said) == "passed"}
    better = {each.asked: held[_again(each, 0).asked] for each in failed if _all(each, held)}
    note = f"one of {_FRESH + 1} answers violates a contract that the others meet"
    notes = dict.fromkeys(better, note)
    kept = [better.get(each.planned.asked, each) for each in found]
    return [replace(new, planned=old.planned) for old, new in zip(found, kept, strict=True)], notes


def _all(planned: Planned, held: Mapping[Asked, Heard]) -> bool:
    return all(_again(planned, number).asked in held for number in range(_FRESH))


def _again(planned: Planned, number: int) -> Planned:
    return replace(planned, repeat=_FIRST + _FRESH * planned.repeat + number)
