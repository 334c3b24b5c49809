"""Whether a candidate is better than its original, by cases that its search did not see.

The best of many candidates looks better than it is on the cases by which it was chosen: with 20
candidates none of which is better, the best one is accepted in 70% of runs by all cases, and in 5%
by one look at cases that were held out (simulated, tests/evals/deciding). Each later look at the
same cases has half of the error probability of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isfinite, log, log1p

from promptops.evals.deciding.decision import (
    REPEATS,
    CaseScore,
    Evidence,
    evidence,
    fewest_sources,
)
from promptops.evals.deciding.intervals import silent_loss, student_quantile
from promptops.model.optimization import Goal, HeldOutDecision

ALPHA = 0.05
"""The chance that the first look calls a candidate better that is not."""

FEWEST_CASES = 30
"""Independent cases without which nothing counts as proved."""

_POWER = 0.8


def error_probability(looks: int) -> float:
    """The chance of a false proof at the next look, after so many looks at the same cases."""
    return ALPHA * 0.5 ** min(looks, 1_000)


def decide_improvement(
    cases: Sequence[CaseScore], looks: int = 0, goal: Goal = "better", margin: float = 0.03
) -> HeldOutDecision:
    """Decide by all existing answers.

    Args:
        cases: Baseline and candidate are the original and the proposal.
        looks: How often these cases were looked at before.
        margin: The acceptable loss of a cheaper candidate, as a share.
    """
    alpha = error_probability(looks)
    found = evidence(cases, REPEATS[-1], alpha)
    required = 0.0 if goal == "better" else -margin
    enough = found.sources >= max(FEWEST_CASES, fewest_sources(alpha))
    return HeldOutDecision(
        proved=enough and found.low > required,
        difference=found.difference,
        low=found.low,
        high=found.high,
        cases=len(found.pairs),
        sources=found.sources,
        repeats=found.repeats,
        worse=found.count(-1),
        better=found.count(1),
        same=found.count(0),
        required=required,
        visible=_visible(found, required),
        cases_needed=_cases_needed(found, required),
    )


def _visible(found: Evidence, required: float) -> float:
    """The smallest true improvement that is proved four times in five."""
    if found.sources < fewest_sources(found.alpha) or not isfinite(found.error):
        return 1.0
    freedom = found.sources - 1
    reach = student_quantile(1 - found.alpha, freedom) + student_quantile(_POWER, freedom)
    silent = silent_loss(found.answers, found.alpha)
    return min(1.0, max(required + reach * found.error, required + silent))


def _cases_needed(found: Evidence, required: float) -> int | None:
    """About how many independent cases would prove it if the difference stays the same."""
    room = found.difference - required
    if room <= 0 or found.sources < 2:
        return None
    counts = [FEWEST_CASES, fewest_sources(found.alpha)]
    # Enough cases for a loss of that size to appear in at least one answer.
    silent = log(found.alpha) / log1p(-min(room, 0.99))
    counts.append(ceil(silent / max(found.repeats, 1)))
    if isfinite(found.error):
        reach = student_quantile(1 - found.alpha, found.sources - 1) * found.error
        counts.append(ceil(found.sources * (reach / room) ** 2))
    if found.low <= required:
        counts.append(found.sources + 1)
    return max(counts)
