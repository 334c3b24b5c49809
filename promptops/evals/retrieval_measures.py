"""Shared parts of the measures of a retriever: their arguments, the ranking, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.assertion_sets import check_threshold
from promptops.evals.retrieved_passages import (
    Passage,
    checked_arguments,
    grades_of,
    listed_ids,
    passages_of,
)
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import Verdict
from promptops.evals.wording import shown
from promptops.records import record


@record(frozen=True, slots=True)
class Ranking:
    """The returned passages of a case, best first, and the relevant ones with their grades.

    Attributes:
        k: How many passages count; None for all.
    """

    returned: tuple[Passage, ...]
    grades: Mapping[str, float]
    k: int | None

    @property
    def gains(self) -> tuple[float, ...]:
        """The grade of each returned passage; 0 for one that is not relevant."""
        return tuple(self.grades.get(passage.id, 0) for passage in self.returned)

    @property
    def hits(self) -> int:
        """The number of returned passages that are relevant."""
        return sum(map(bool, self.gains))


def check_measure(value: str, threshold: float, arguments: Mapping[str, Any]) -> None:
    """Raises Refused for wrong fields of a measure."""
    not_blank(value)
    check_threshold(threshold)
    checked_arguments(arguments, ("k", "id"))


def ranking_of(subject: Subject, value: str, arguments: Mapping[str, Any]) -> Ranking:
    """The ranking of a case; raises Unjudgeable as `passages_of` and `grades_of` do."""
    grades = grades_of(subject.record)
    returned = passages_of(subject.record, value, arguments)
    return Ranking(returned, grades, arguments.get("k"))


def measured(name: str, degree: float, threshold: float, ranking: Ranking, value: str) -> Verdict:
    """The verdict on a measure from 0 to 1 over the passages of the input `value`."""
    among = {None: "passages", 1: "first passage"}.get(ranking.k, f"first {ranking.k} passages")
    return Verdict(
        passed=degree >= threshold,
        expected=f"{name} of at least {threshold:g}",
        opposite=f"{name} below {threshold:g}",
        where=f"in the {among} of the input {shown(value)}",
        got=f"{degree:.2f}: {_found(ranking)}",
        degree=degree,
    )


def _found(ranking: Ranking) -> str:
    returned = tuple(passage.id for passage in ranking.returned)
    missing = tuple(name for name in ranking.grades if name not in returned)
    lacks = f"; relevant and not among them: {listed_ids(missing)}" if missing else ""
    return f"{listed_ids(returned)}{lacks}"
