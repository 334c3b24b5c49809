"""Answers that are drawn, for simulations of decisions.

Scores are 0 or 1. Of the cases of a suite 70% are nearly always answered right (.98), 20% mostly
(.85), and 10% every other time (.5), which is a model that gives the figures of the specification;
each case has its own source.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from promptops.evals.deciding.decision import CaseScore
from promptops.evals.deciding.intervals import wilson


def upper_bound(found: int, runs: int) -> float:
    """The rate that is exceeded with a chance of 5% at most, by what was found in so many runs."""
    return wilson(found / runs, runs, 0.05)[1]


def mixed_chances(draw: Random, count: int) -> list[float]:
    """The chance of a right answer to each case."""
    return draw.choices((0.98, 0.85, 0.5), (0.7, 0.2, 0.1), k=count)


def scores(draw: Random, chance: float, count: int = 6) -> tuple[float, ...]:
    return tuple(float(draw.random() < chance) for _ in range(count))


def cases_of(draw: Random, before: Sequence[float], after: Sequence[float]) -> list[CaseScore]:
    """Six answers of each arm to each case."""
    return [
        CaseScore(name=str(index), baseline=scores(draw, old), candidate=scores(draw, new))
        for index, (old, new) in enumerate(zip(before, after, strict=True))
    ]
