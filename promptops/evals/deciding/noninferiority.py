"""Decide whether a candidate is worse than its baseline, and what would settle an open decision.

The first stage looks at the mean difference, at 1, 3 and 6 repeats per case. What it leaves open
goes to the second: suspect cases get fresh answers, and fail by name. The probabilities of failing
a candidate that is not worse add up to 5%; in simulations to about half (tests/evals/deciding).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import comb, sqrt
from typing import Any, Literal

from promptops.evals.deciding.decision import CaseScore, Decision, Needs, Verdict
from promptops.evals.deciding.evidence import (
    Evidence,
    ScoredPair,
    cases_to_decide,
    evidence,
    smallest_visible,
)
from promptops.records import replace

Look = Literal[1, 2, 3]
Margin = float | Literal["auto"]

DEFAULT_MARGIN = 0.03
REPEATS: tuple[int, ...] = (1, 3, 6)
"""The repeats of each case and arm at each look."""

_ALPHAS = (0.005, 0.010, 0.015)
_FRESH = 8
_FRESH_ALPHA = 0.02
_SUSPECTS = 5  # with one more, a case with two right answers of 8 could not be significant
_BROKEN = 0.25  # the loss that makes a suspect; of graded scores, far less can be significant


def decide(
    cases: Sequence[CaseScore], look: Look, margin: Margin = DEFAULT_MARGIN, share: int = 1
) -> Decision:
    """Decide by the existing answers, or return what else is needed.

    Request what `needs` names and call again: with the next look for repeats, with the same one for
    suspects. The order of the cases does not matter, and answers beyond those of the look are
    ignored.

    Args:
        cases: With at least the repeats of this look each, as far as they are available.
        margin: The acceptable loss, above 0 and up to 1; "auto" is three percentage points, or what
            the suite can detect with all its repeats if that is more.
        share: The number of candidates that are compared with one baseline. It divides the error
            probabilities, so that those of all candidates together are those of one.

    Raises:
        ValueError: Two cases have one name, or the margin or the share is invalid.
    """
    _refuse_what_makes_no_sense(cases, margin, share)
    statistics = evidence(cases, REPEATS[look - 1], error_probability(look, share))
    applied = _auto_margin(statistics, share) if margin == "auto" else margin
    verdict = _first_stage(statistics, applied)
    is_last_look = verdict == "inconclusive" and look == len(REPEATS)
    culprits = _significant_cases(_suspects(statistics)) if is_last_look else ()
    if culprits:
        verdict = "fail"
    return Decision(
        verdict=verdict,
        difference=statistics.difference,
        low=statistics.low,
        high=statistics.high,
        p=statistics.p,
        n=len(statistics.pairs),
        repeats=statistics.repeats,
        worse=statistics.count(-1),
        better=statistics.count(1),
        same=statistics.count(0),
        smallest_visible=smallest_visible(statistics, applied),
        margin=applied,
        worst=_names(_worst(statistics)),
        culprits=culprits,
        unpaired=tuple(case.name for case in cases if not (case.baseline and case.candidate)),
        needs=_needs(statistics, look, applied) if verdict == "inconclusive" else None,
    )


def error_probability(look: Look, share: int = 1) -> float:
    """The chance that a bound is wrong at this look, with so many candidates; see `decide`."""
    return _ALPHAS[look - 1] / share


def reachable_look(cases: Sequence[CaseScore]) -> Look:
    """The last look for which every case has enough repeats in both arms."""
    fewest = min(min(len(case.baseline), len(case.candidate)) for case in cases)
    if fewest >= REPEATS[2]:
        return 3
    return 2 if fewest >= REPEATS[1] else 1


def next_look(look: Look) -> Look:
    """The look after this one; the last one is repeated."""
    return 2 if look == 1 else 3


def margin_of(evaluation: Mapping[str, Any]) -> Margin:
    """The margin of a prompt, as a share; its file states it in percentage points."""
    margin = evaluation.get("margin")
    if margin == "auto":
        return "auto"
    return margin / 100 if isinstance(margin, int | float) and margin > 0 else DEFAULT_MARGIN


def _refuse_what_makes_no_sense(cases: Sequence[CaseScore], margin: Margin, share: int) -> None:
    if share < 1:
        raise ValueError(f"the share is {share}, not at least 1")
    if margin != "auto" and not 0 < margin <= 1:
        raise ValueError(f"the margin is {margin}, not above 0 and up to 1")
    names: set[str] = set()
    for case in cases:
        if case.name in names:
            raise ValueError(f"two cases are named {case.name!r}")
        names.add(case.name)


def _auto_margin(statistics: Evidence, share: int) -> float:
    """By the smallest visible loss of the last look, so that fewer repeats do not widen it."""
    error = (
        statistics.error * sqrt(statistics.repeats / REPEATS[-1])
        if statistics.repeats
        else statistics.error
    )
    alpha = error_probability(3, share)
    last = replace(statistics, repeats=REPEATS[-1], error=error, alpha=alpha)
    return max(DEFAULT_MARGIN, smallest_visible(last, DEFAULT_MARGIN))


def _first_stage(statistics: Evidence, margin: float) -> Verdict:
    if statistics.high < 0 and statistics.difference <= -margin / 2:
        return "fail"
    return "pass" if statistics.low > -margin else "inconclusive"


def _suspects(statistics: Evidence) -> tuple[ScoredPair, ...]:
    """The worst cases that lost much, and at least half of the greatest loss."""
    worst = _worst(statistics)
    return tuple(
        pair
        for pair in worst
        if pair.difference <= -_BROKEN and pair.difference <= worst[0].difference / 2
    )


def _worst(statistics: Evidence) -> tuple[ScoredPair, ...]:
    return tuple(pair for pair in statistics.pairs[:_SUSPECTS] if pair.difference < 0)


def _significant_cases(suspects: tuple[ScoredPair, ...]) -> tuple[str, ...]:
    significant = holm([_chance(pair.case) for pair in suspects], _FRESH_ALPHA)
    return _names(pair for pair, holds in zip(suspects, significant, strict=True) if holds)


def _chance(case: CaseScore) -> float:
    """The p value of the fresh answers of a case; 1 while some are missing."""
    before, after = case.fresh_baseline[:_FRESH], case.fresh_candidate[:_FRESH]
    if _lacks_fresh_answers(case) or sum(after) - sum(before) > -_BROKEN * _FRESH:
        return 1.0
    return fisher(before, after)


def _lacks_fresh_answers(case: CaseScore) -> bool:
    return min(len(case.fresh_baseline), len(case.fresh_candidate)) < _FRESH


def _needs(statistics: Evidence, look: Look, margin: float) -> Needs:
    if look < len(REPEATS):
        return Needs(repeats=REPEATS[look])
    missing = _names(pair for pair in _suspects(statistics) if _lacks_fresh_answers(pair.case))
    if missing:
        return Needs(suspects=missing, fresh=_FRESH)
    return Needs(cases=cases_to_decide(statistics, margin))


def _names(pairs: Iterable[ScoredPair]) -> tuple[str, ...]:
    return tuple(pair.case.name for pair in pairs)


_SCORE_UNITS = 10**9  # scores are counted in whole parts, so that equal sums are equal


def fisher(before: Sequence[float], after: Sequence[float]) -> float:
    """Fisher's exact test, one-sided: the chance of so low a sum in `after` if both are alike.

    For scores of 0 and 1 it is Fisher's test; for graded ones the same test of their sum. The work
    doubles with every different score: meant for some 16.
    """
    scores = [round(score * _SCORE_UNITS) for score in (*before, *after)]
    observed = sum(scores[len(before) :])
    sums = Counter({(0, 0): 1})
    for score in scores:
        for (taken, total), count in list(sums.items()):
            if taken < len(after):
                sums[taken + 1, total + score] += count
    low = sum(
        count for (taken, total), count in sums.items() if taken == len(after) and total <= observed
    )
    return low / comb(len(scores), len(after))


def holm(chances: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which of these p values are significant, in their order; a false one with chance `alpha`."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    significant: set[int] = set()
    for rank, index in enumerate(order):
        if chances[index] > alpha / (len(chances) - rank):
            break
        significant.add(index)
    return tuple(index in significant for index in range(len(chances)))
