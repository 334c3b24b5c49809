"""Statistics of the answers of both arms: the difference, and the effect that they can detect."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, isfinite, log, log1p, log2

from promptops.evals.deciding.decision import CaseScore
from promptops.evals.deciding.intervals import (
    Clusters,
    interval,
    mean,
    silent_loss,
    standard_error,
)
from promptops.evals.deciding.student import student_quantile
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
        low: Each bound is wrong with the chance `alpha`; -1 and 1 mean unbounded.
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
        """The number of independent answers in each arm."""
        return self.sources * self.repeats

    def count(self, sign: int) -> int:
        """The pairs that are worse (-1), the same (0), better (1)."""
        return sum((pair.difference > 0) - (pair.difference < 0) == sign for pair in self.pairs)


def evidence(cases: Iterable[CaseScore], repeats: int, alpha: float) -> Evidence:
    """Compare up to this many repeats per case; a case without a pair of answers is left out."""
    found = [pair for case in cases if (pair := _pair(case, repeats))]
    # The drawn signs depend on an order, which must not be the order of the arguments.
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


_POWER = 0.8


def smallest_visible(statistics: Evidence, margin: float) -> float:
    """The smallest true loss that fails four times in five, by the observed spread.

    1 if there are too few cases to distinguish any loss from chance.
    """
    if statistics.sources < _fewest_sources(statistics.alpha):
        return 1.0
    freedom = statistics.sources - 1
    # A smaller one than half the margin does not fail, however certain.
    reach = max(student_quantile(1 - statistics.alpha, freedom) * statistics.error, margin / 2)
    visible = reach + student_quantile(_POWER, freedom) * statistics.error
    return min(1.0, max(visible, silent_loss(statistics.answers, 1 - _POWER)))


def cases_to_decide(statistics: Evidence, margin: float) -> int:
    """About how many cases would decide at the same look if the difference stays the same."""
    cases = len(statistics.pairs)
    room = margin + statistics.difference  # to the bound that passes
    if statistics.difference <= -margin / 2:
        room = max(room, -statistics.difference)
    counts = [cases + 1, _fewest_sources(statistics.alpha)]
    # Enough cases for a loss of that size to appear in at least one answer.
    counts.append(
        ceil(log(statistics.alpha) / log1p(-min(room, 0.99)) / max(statistics.repeats, 1))
    )
    if isfinite(statistics.error):
        reach = student_quantile(1 - statistics.alpha, statistics.sources - 1) * statistics.error
        counts.append(ceil(cases * (reach / room) ** 2))
    return max(counts)


def _fewest_sources(alpha: float) -> int:
    """The minimum number of sources: with fewer, a loss in all of them could be chance."""
    return ceil(log2(1 / alpha))
