"""The smallest effect that a suite can detect, and the size it would need."""

from __future__ import annotations

from math import ceil, isfinite, log, log1p, log2

from promptops.evals.deciding.evidence import Evidence
from promptops.evals.deciding.intervals import silent_loss
from promptops.evals.deciding.student import student_quantile

_POWER = 0.8


def smallest_visible(seen: Evidence, margin: float) -> float:
    """The smallest true loss that fails four times in five, by the observed spread.

    1 if there are too few cases to distinguish any loss from chance.
    """
    if seen.sources < _fewest_sources(seen.alpha):
        return 1.0
    freedom = seen.sources - 1
    # A smaller one than half the margin does not fail, however certain.
    reach = max(student_quantile(1 - seen.alpha, freedom) * seen.error, margin / 2)
    visible = reach + student_quantile(_POWER, freedom) * seen.error
    return min(1.0, max(visible, silent_loss(seen.answers, 1 - _POWER)))


def cases_to_decide(seen: Evidence, margin: float) -> int:
    """About how many cases would decide at the same look if the difference stays the same."""
    cases = len(seen.pairs)
    room = margin + seen.difference  # to the bound that passes
    if seen.difference <= -margin / 2:
        room = max(room, -seen.difference)
    wanted = [cases + 1, _fewest_sources(seen.alpha)]
    # So many that a loss of that size would have shown in some answer.
    wanted.append(ceil(log(seen.alpha) / log1p(-min(room, 0.99)) / max(seen.repeats, 1)))
    if isfinite(seen.error):
        reach = student_quantile(1 - seen.alpha, seen.sources - 1) * seen.error
        wanted.append(ceil(cases * (reach / room) ** 2))
    return max(wanted)


def _fewest_sources(alpha: float) -> int:
    """With fewer, even a loss in every one could be chance: signs agree by chance too often."""
    return ceil(log2(1 / alpha))
