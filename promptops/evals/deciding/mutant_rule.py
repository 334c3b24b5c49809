"""When a violated contract proves that a case notices a mutant, although models are not exact."""

from __future__ import annotations

from collections.abc import Sequence


def proves_mutant(original: Sequence[bool], mutant: Sequence[bool]) -> bool:
    """Whether one case proves that a prompt is broken.

    The original keeps all contracts in three answers, and the mutant in none of three. In
    simulations with 200 cases, this calls a prompt that is not broken a mutant in 1.4% of runs if
    a tenth of the cases passes nine times in ten, and in 7.9% if it passes eight times in ten
    (tests/evals/deciding).

    Args:
        original: Whether each answer to the original keeps all contracts: the recorded one and two
            fresh ones.
        mutant: The same for the mutant, in the order of the requests.
    """
    answered = len(original) >= 3 and len(mutant) >= 3
    return answered and all(original) and not any(mutant[:3])
