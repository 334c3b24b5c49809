"""Store the answers of batches as a recording run does."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.evals.engine.ask import Key
from promptops.evals.providers import Failure
from promptops.jobs.recordings.store import AnswerCache
from promptops.jobs.testing.batch.fetching import FetchedBatch
from promptops.jobs.testing.batch.senders import PENDING, CollectedAnswers, batch_cost_usd
from promptops.jobs.testing.model_calls import Sender
from promptops.model.answer import Answer, Recording
from promptops.model.batch import UnansweredCase
from promptops.model.test_run import CaseRun
from promptops.records import record
from promptops.repo.repository import Repository


@record(frozen=True, slots=True, kw_only=True)
class Rerun:
    """A recording run with collected answers.

    Attributes:
        needed: Digest and repeat of each request that it looked up.
        then: The command that shows what was recorded, or "".
    """

    cases: tuple[CaseRun, ...]
    needed: Collection[tuple[str, int]]
    then: str = ""


RunAgain = Callable[[Mapping[str, Any], Sender], Rerun]
"""Runs the plan of a submit again in recording mode; a sender has the answers."""


@record(frozen=True, slots=True, kw_only=True)
class StoredBatches:
    """What became of collected answers; see `BatchReport`.

    Attributes:
        then: The command that shows what was recorded, or "".
    """

    answers: int = 0
    outdated: int = 0
    cost_usd: float | None = 0.0
    unanswered: tuple[UnansweredCase, ...] = ()
    refused: tuple[UnansweredCase, ...] = ()
    then: str = ""


def store(
    fetched: Sequence[FetchedBatch],
    pending: Collection[Key],
    repository: Repository,
    run_again: RunAgain,
) -> StoredBatches:
    """Write answers to the recordings; those that are no longer needed go to the local cache.

    Nothing is lost if the process dies: collecting again writes the same.

    Args:
        pending: The keys of requests in batches that have not ended.
    """
    reruns: list[Rerun] = []
    results: dict[Key, Answer | Failure] = {}
    for plan, batches in _by_plan(fetched):
        own = _merged(batches)
        reruns.append(run_again(plan, CollectedAnswers(results=own, pending=pending).send))
        results |= own
    needed = {key for rerun in reruns for key in rerun.needed}
    answers = {key: found for key, found in results.items() if isinstance(found, Answer)}
    outdated = [_unused(key, answers[key]) for key in answers if key[:2] not in needed]
    AnswerCache(repository.common_dir).keep(outdated)
    cases = [case for rerun in reruns for case in rerun.cases]
    return StoredBatches(
        answers=len(answers),
        outdated=len(outdated),
        cost_usd=_cost_usd(fetched),
        unanswered=tuple(map(shown_case, filter(_has_no_answer, cases))),
        refused=tuple(map(shown_case, filter(is_broken, cases))),
        then=next((rerun.then for rerun in reruns if rerun.then), ""),
    )


def _by_plan(
    fetched: Iterable[FetchedBatch],
) -> Iterator[tuple[Mapping[str, Any], list[FetchedBatch]]]:
    """Batches with results, by the plan of their submit."""
    groups: dict[str, list[FetchedBatch]] = {}
    for each in fetched:
        if each.results:
            groups.setdefault(json.dumps(each.batch.plan, sort_keys=True), []).append(each)
    for batches in groups.values():
        yield batches[0].batch.plan, batches


def _merged(batches: Iterable[FetchedBatch]) -> dict[Key, Answer | Failure]:
    """All results; an answer wins over a failure in another batch."""
    found: dict[Key, Answer | Failure] = {}
    for batch in batches:
        for key, result in batch.results.items():
            if not isinstance(found.get(key), Answer):
                found[key] = result
    return found


def _unused(key: Key, answer: Answer) -> Recording:
    digest, repeat, _ = key
    return Recording(request=digest, repeat=repeat, case="", answer=answer)


def _cost_usd(fetched: Iterable[FetchedBatch]) -> float | None:
    """The cost of all answers; None if that of one is unknown."""
    costs = [
        batch_cost_usd(each.profile, result) if each.profile is not None else None
        for each in fetched
        for result in each.results.values()
        if isinstance(result, Answer)
    ]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _has_no_answer(case: CaseRun) -> bool:
    """Whether an answer is missing that no pending batch will bring."""
    return case.infrastructure and PENDING not in case.reason


def is_broken(case: CaseRun) -> bool:
    """Whether it is a case or a file with an error, or an answer that may not be recorded."""
    return case.status == "error" and not case.infrastructure and case.answer is None


def shown_case(case: CaseRun) -> UnansweredCase:
    """A case for the report."""
    return UnansweredCase(
        prompt=case.prompt, case=case.name, repeat=case.repeat, reason=case.reason
    )
