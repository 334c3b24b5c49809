"""Whether an answer keeps its contracts, for a comparison with a reference.

An answer without the value that a contract is about, such as text in place of JSON, violates it. In
a test run the same is an error, because the assertion may be wrong; here the answers of the
reference show whether it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from promptops.evals.result import Judgement


def violations(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The contracts that an answer violates."""
    return tuple(
        each
        for each in judgements
        if each.must and (each.status == "failed" or (each.status == "error" and _at_fault(each)))
    )


def unjudged(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The assertions that could not be checked, for which the answer is not the reason."""
    return tuple(each for each in judgements if each.status == "error" and not _at_fault(each))


def _at_fault(judgement: Judgement) -> bool:
    """Whether the answer is the reason why an assertion could not be checked."""
    return judgement.degree is not None and not judgement.internal
