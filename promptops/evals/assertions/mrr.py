"""mrr."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from promptops.evals.registry import assertion
from promptops.evals.retrieval_measures import Ranking, RetrievalMeasure
from promptops.records import field, record


@assertion("mrr", narrowed_by=())
@record(frozen=True, slots=True, kw_only=True)
class Mrr(RetrievalMeasure):
    """The first relevant passage is near the top.

    The reciprocal rank is 1 divided by the rank of the first relevant passage: 1 at the top, 0.5 at
    rank 2, 0 if none was returned. Its mean over all cases is the MRR. Grades do not matter.

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
        expected: {relevant: [P1]}
        output: [{type: mrr, value: passages}]

    Fails:
        inputs: {passages: [{id: P4}, {id: P1}]}
        expected: {relevant: [P7]}
        output: [{type: mrr, value: passages}]
    """

    value: str
    threshold: float = 0.5
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def degree(self, ranking: Ranking) -> float:
        ranks = (rank for rank, gain in enumerate(ranking.gains, start=1) if gain)
        return 1 / next(ranks, inf)
