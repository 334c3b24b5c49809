"""ndcg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, log2
from typing import Any

from promptops.evals.registry import assertion
from promptops.evals.retrieval_measures import Ranking, RetrievalMeasure
from promptops.records import field, record


@assertion("ndcg", narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class Ndcg(RetrievalMeasure):
    """The best passages are at the top.

    nDCG (normalised discounted cumulative gain) compares the order with the best possible one:
    the gain of a passage is 2^grade - 1, divided by the binary logarithm of its rank + 1.

    The passages are a list in an input of the case: mappings with an `id`, or the ids themselves.
    The case labels the relevant ones: `expected: {relevant: [P1, P7]}`, or with grades
    `{P1: 3, P7: 1}`. A repeated id counts once, at its first rank. A case without labels is an
    error; one with empty labels is skipped.

    Attributes:
        value: The name of the input that contains the passages, best first.
        threshold: The lowest value that passes; with `not-`, any lower one.
        arguments: `k`, the number of passages that count, without it all; `id`, the key of the id.

    Holds:
        inputs: {passages: [{id: P4}, {id: P1}]}
        expected: {relevant: {P1: 2, P4: 1}}
        output: [{type: ndcg, value: passages}]

    Fails:
        inputs: {passages: [{id: P4}, {id: P1}]}
        expected: {relevant: {P1: 3, P7: 3}}
        output: [{type: ndcg, value: passages}]
    """

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def degree(self, ranking: Ranking) -> float:
        best = sorted(ranking.grades.values(), reverse=True)[: ranking.k]
        # Rounding may give a digit above 1.
        return min(_dcg(ranking.gains) / _dcg(best), 1.0)


def _dcg(grades: Sequence[float]) -> float:
    return fsum((2**grade - 1) / log2(rank + 1) for rank, grade in enumerate(grades, start=1))
