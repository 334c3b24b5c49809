"""Whether cases that violated a contract are broken, or as flaky as before.

Models give different answers to the same request, so a case that keeps its contracts nine times in
ten violates one in every tenth run. What the first answers leave in doubt is decided by fresh ones,
to at most five cases. In simulations with 20 to 400 cases, a run in which nothing changed fails in
at most .1%, and a case that is broken for good is found in at least 96% (tests/evals/deciding).
"""

from __future__ import annotations

from collections.abc import Sequence

from promptops.evals.deciding.decision import fisher, holm
from promptops.records import record

FRESH_ANSWERS = 8
"""To each case in doubt, on each side."""

MOST_CASES = 5
"""The cases in doubt that get fresh answers: with one more, 2 of 8 kept would prove nothing."""

FEWEST_VIOLATIONS = 7
"""So many violations among the fresh answers fail a case, whatever the baseline does."""

_ALPHA = 0.02


@record(frozen=True, slots=True, kw_only=True)
class FreshAnswers:
    """Whether each fresh answer to a case keeps all contracts.

    Attributes:
        baseline: Empty without a baseline, or if it does not accept the inputs of the case.
    """

    candidate: tuple[bool, ...]
    baseline: tuple[bool, ...] = ()


def are_broken(cases: Sequence[FreshAnswers]) -> tuple[bool, ...]:
    """Which cases are worse than at the baseline, or violate a contract in nearly all answers.

    Worse: by Fisher's exact test, one-sided, with Holm's correction over these cases, which are all
    of a run; any is wrong with a chance of 2% at most.
    """
    worse = holm([_chance(case) for case in cases], _ALPHA)
    return tuple(
        is_worse or case.candidate.count(False) >= FEWEST_VIOLATIONS
        for case, is_worse in zip(cases, worse, strict=True)
    )


def are_mostly_broken(cases: Sequence[FreshAnswers]) -> tuple[bool, ...]:
    """Which cases violate a contract in more than half of their answers; for one case at a time."""
    return tuple(2 * case.candidate.count(False) > len(case.candidate) for case in cases)


def _chance(case: FreshAnswers) -> float:
    """The p value of a case without a change; 1 without a baseline."""
    if not case.baseline:
        return 1.0
    return fisher([float(kept) for kept in case.baseline], [float(k) for k in case.candidate])
