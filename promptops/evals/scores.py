"""The scores of one answer, from the measures that count in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.evals.parse import QUALITY
from promptops.evals.result import Judgement


def scores(judged: Iterable[Judgement]) -> dict[str, float]:
    """Each score of an answer by its name, 0 to 1: the mean of its measures by weight.

    What could not be judged is 0 where that is the answer's doing: its JSON lacks what is looked
    at. Where it is nobody's, the measure is left out, and a score without any measure left, too.
    """
    sums: dict[str, tuple[float, float]] = {}
    for each in judged:
        if each.score is not None and each.degree is not None:
            total, weight = sums.get(each.score, (0.0, 0.0))
            sums[each.score] = (total + each.weight * each.degree, weight + each.weight)
    # Sums of fractions of a weight may end a digit above 1.
    return {name: min(max(total / weight, 0.0), 1.0) for name, (total, weight) in sums.items()}


def primary(evaluation: Mapping[str, object], names: Iterable[str]) -> str | None:
    """The primary score: the one that `evaluation` names, else `quality`, else the only one.

    None if there is none of them: nothing is measured, or there are several scores.
    """
    chosen = evaluation.get("score")
    known = sorted(set(names))
    if isinstance(chosen, str):
        return chosen
    if QUALITY in known:
        return QUALITY
    return known[0] if len(known) == 1 else None
