"""Statistics of the answers of both arms, before a decision."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.evals.deciding.decision import CaseScore
from promptops.evals.deciding.intervals import (
    Clusters,
    interval,
    mean,
    silent_loss,
    standard_error,
)
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class ScoredPair:
    """A case with answers in both arms.

    Attributes:
        difference: Candidate minus baseline, over `repeats` scores per arm.
    """

    case: CaseScore
    repeats: int
    difference: float


@record(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All pairs at one look.

    Attributes:
        pairs: The greatest loss first; then by name.
        sources: The number of independent sources of the pairs.
        repeats: The smallest number of repeats of a pair; 0 without pairs.
        error: The standard error of the difference; infinite below two sources.
        low: Each bound is wrong with the chance `alpha`; -1 and 1 are no bounds.
    """

    pairs: tuple[ScoredPair, ...]
    sources: int
    repeats: int
    difference: float
    error: float
    low: float
    high: float
    p: float
    alpha: float

    @property
    def answers(self) -> int:
        """Independent ones, an arm."""
        return self.sources * self.repeats

    def count(self, sign: int) -> int:
        """The pairs that are worse (-1), the same (0), better (1)."""
        return sum((pair.difference > 0) - (pair.difference < 0) == sign for pair in self.pairs)


def evidence(cases: Iterable[CaseScore], repeats: int, alpha: float) -> Evidence:
    """Compare up to this many repeats per case; a case without a pair of answers is left out."""
    found = [pair for case in cases if (pair := _pair(case, repeats))]
    # The draw of signs sees an order: it must not be the one the cases came in.
    found.sort(key=lambda pair: (pair.difference, pair.case.name))
    clusters = _clusters(found)
    fewest = min((pair.repeats for pair in found), default=0)
    difference, bounds = mean(clusters), interval(clusters, alpha)
    silent = silent_loss(len(clusters) * fewest, alpha)
    return Evidence(
        pairs=tuple(found),
        sources=len(clusters),
        repeats=fewest,
        difference=difference,
        error=standard_error(clusters),
        low=max(-1.0, min(bounds.low, difference - silent)),
        high=min(1.0, bounds.high),
        p=bounds.p,
        alpha=alpha,
    )


def _pair(case: CaseScore, most: int) -> ScoredPair | None:
    repeats = min(len(case.baseline), len(case.candidate), most)
    if not repeats:
        return None
    loss = (sum(case.candidate[:repeats]) - sum(case.baseline[:repeats])) / repeats
    return ScoredPair(case=case, repeats=repeats, difference=round(loss, 12))  # .1 + .2 - .3 is 0


def _clusters(pairs: Iterable[ScoredPair]) -> Clusters:
    clusters: dict[tuple[bool, str], list[float]] = {}
    for pair in pairs:
        case = pair.case
        key = (True, case.name) if case.source is None else (False, case.source)
        clusters.setdefault(key, []).append(pair.difference)
    return list(clusters.values())
