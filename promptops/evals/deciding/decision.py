"""What is decided on, and the decision."""

from __future__ import annotations

from math import isfinite
from typing import Literal

from promptops.records import record

Verdict = Literal["pass", "fail", "inconclusive"]


@record(frozen=True, slots=True, kw_only=True)
class CaseScore:
    """The primary score of one test case, in both arms.

    Attributes:
        name: No other case of the decision has it.
        baseline: One score a repeat, 0 to 1; what got no answer is left out.
        candidate: The same; the n-th belongs to the n-th of the baseline.
        source: Cases of one source are not independent: one document, one conversation.
        fresh_baseline: Scores of answers that were asked for since the case is a suspect. They
            are no repeats: a suspect is one for its repeats, which can't also prove it.

    Raises:
        ValueError: A score is not a number from 0 to 1.
    """

    name: str
    baseline: tuple[float, ...]
    candidate: tuple[float, ...]
    source: str | None = None
    fresh_baseline: tuple[float, ...] = ()
    fresh_candidate: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        scores = *self.baseline, *self.candidate, *self.fresh_baseline, *self.fresh_candidate
        for score in scores:
            if not (isfinite(score) and 0 <= score <= 1):
                raise ValueError(f"case {self.name!r} has the score {score}, not one from 0 to 1")


@record(frozen=True, slots=True, kw_only=True)
class Needs:
    """What would settle it: one of the three, by what comes next.

    Attributes:
        repeats: So many a case and arm, those that are there included; then look again.
        suspects: Cases to ask again, `fresh` times an arm; then decide again at the same look.
        fresh: Answers an arm for each suspect; 0 without suspects.
        cases: About so many would decide, should the difference stay what it is. Nothing that
            can be asked for now would.
    """

    repeats: int | None = None
    suspects: tuple[str, ...] = ()
    fresh: int = 0
    cases: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether the candidate is worse. Scores are shares: .03 is three points.

    Attributes:
        difference: Candidate minus baseline, the mean over cases.
        low: Each bound is wrong with the chance that this look may spend (.005, .010, .015). Never
            closer to the difference than a loss that might well have shown in no answer at all.
        p: One-sided, of a mean difference as low as this one, were there none.
        n: Cases with answers in both arms.
        repeats: The fewest that any of them has.
        smallest_visible: The smallest true loss that these answers show four times in five.
        margin: The loss that does not matter, as it was applied.
        worst: Up to five cases that lost, the greatest loss first.
        culprits: Cases that fresh answers proved worse, where that decided; else empty.
        unpaired: Cases without an answer in one arm or both: they took no part.
        needs: None once it is decided.
    """

    verdict: Verdict
    difference: float
    low: float
    high: float
    p: float
    n: int
    repeats: int
    worse: int
    better: int
    same: int
    smallest_visible: float
    margin: float
    worst: tuple[str, ...]
    culprits: tuple[str, ...]
    unpaired: tuple[str, ...]
    needs: Needs | None
