"""What the measures of a retriever share: their arguments, the ranking, and the verdict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from promptops.evals.assertion_sets import check_threshold
from promptops.evals.retrieved_passages import (
    Passage,
    checked_arguments,
    grades_of,
    listed_ids,
    named_inputs,
    passages_of,
)
from promptops.evals.subject import Subject
from promptops.evals.texts import not_blank
from promptops.evals.verdict import NamedPart, Verdict
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


class RetrievalMeasure(ABC):
    """A measure from 0 to 1 of the passages that a retriever returned, named like its class.

    Attributes:
        value: The name of the input that contains the passages, best first.
        threshold: The lowest degree that passes.
        arguments: `k` and `id`; see `passages_of`.
    """

    __slots__ = ()

    value: str
    threshold: float
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Raises Refused for wrong fields."""
        not_blank(self.value)
        check_threshold(self.threshold)
        checked_arguments(self.arguments, ("k", "id"))

    @property
    def named(self) -> tuple[NamedPart, ...]:
        return named_inputs(self.value, self.arguments)

    def check(self, subject: Subject) -> Verdict:
        grades = grades_of(subject.record)
        returned = passages_of(subject.record, self.value, self.arguments)
        ranking = Ranking(returned, grades, self.arguments.get("k"))
        degree, name = self.degree(ranking), type(self).__name__.lower()
        among = {None: "passages", 1: "first passage"}
        return Verdict(
            passed=degree >= self.threshold,
            expected=f"{name} of at least {self.threshold:g}",
            opposite=f"{name} below {self.threshold:g}",
            where=f"in the {among.get(ranking.k, f'first {ranking.k} passages')} "
            f"of the input {shown(self.value)}",
            got=f"{degree:.2f}: {_found(ranking)}",
            degree=degree,
        )

    @abstractmethod
    def degree(self, ranking: Ranking) -> float:
        """The measure of a ranking, 0 to 1."""


def _found(ranking: Ranking) -> str:
    returned = dict.fromkeys(passage.id for passage in ranking.returned)
    missing = tuple(name for name in ranking.grades if name not in returned)
    lacks = f"; relevant and not among them: {listed_ids(missing)}" if missing else ""
    return f"{listed_ids(tuple(returned))}{lacks}"
