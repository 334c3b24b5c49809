"""When a violated contract proves that a case notices a mutant, although models are not exact."""

from __future__ import annotations

from collections.abc import Sequence


def proves_mutant(original: Sequence[bool], mutant: Sequence[bool]) -> bool:
    """Whether one case proves that a prompt is broken.

    The original keeps all contracts in three answers, and the mutant violates one in its first
    answer and in at least one of two more. In simulations with ten cases, this calls a prompt that
    is not broken a mutant in 1.3% of runs if a tenth of the cases passes nine times in ten
    (tests/evals/deciding).

    Args:
        original: Whether each answer to the original keeps all contracts: the recorded one and two
            fresh ones.
        mutant: The same for the mutant, in the order of the requests.
    """
    reliable = len(original) >= 3 and all(original)
    return reliable and len(mutant) >= 3 and not mutant[0] and list(mutant[:3]).count(False) >= 2
