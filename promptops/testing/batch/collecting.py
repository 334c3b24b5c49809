"""Submit, collect and cancel the batches of a command, and resume what was interrupted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.engine.ask import Key, Settings
from promptops.evals.engine.budget import Estimate
from promptops.evals.providers import BatchProgress, Failure
from promptops.model.answer import Answer, Recording
from promptops.model.batch import BatchAction, BatchReport, BatchRow, BatchState, UnansweredCase
from promptops.model.config import ModelProfile
from promptops.model.test_run import CaseRun
from promptops.records import field, record, replace
from promptops.repo.repository import Repository
from promptops.testing.batch.state import (
    PENDING,
    BatchedRequest,
    BatchService,
    CollectedAnswers,
    PendingBatch,
    PendingBatches,
    PlannedRequests,
    batch_cost_usd,
)
from promptops.testing.batch.submitting import (
    Purpose,
    Submission,
    digest_of_endpoint,
    intent_of,
    row_of,
    submit,
)
from promptops.testing.model_calls import Sender
from promptops.testing.options import RunOptions, approvals_of
from promptops.testing.recordings.store import AnswerCache, endpoint_digest
from promptops.workspace.approved_endpoints import Approvals
from promptops.workspace.profiles import unnamed_profile
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class RehearsedRun:
    """A recording run whose missing requests were planned instead of sent.

    Attributes:
        from_cache: The number of answers that it recorded from the local cache.
    """

    cases: tuple[CaseRun, ...]
    from_cache: int


@record(frozen=True, slots=True, kw_only=True)
class BatchRuns:
    """The batches of one command in one work tree.

    Attributes:
        command: Such as `test`; the start of the commands that a report suggests.
        approvals: The endpoints that may be called.
        shows: Gets the estimate before the first upload.
    """

    workspace: Workspace
    command: str
    settings: Settings
    approvals: Approvals
    shows: Callable[[Estimate], None]

    @classmethod
    def of(
        cls,
        command: str,
        workspace: Workspace,
        options: RunOptions,
        shows: Callable[[Estimate], None],
    ) -> BatchRuns:
        """Those of a command with the options of its runs."""
        return cls(
            workspace=workspace,
            command=command,
            settings=options.settings,
            approvals=approvals_of(workspace.repository, options),
            shows=shows,
        )

    def submit(self, purpose: Purpose, run: Callable[[Sender], RehearsedRun]) -> BatchReport:
        """Submit what `run` would send.

        Raises UsageError as the run does, and if a provider has no batch API; InputError if a batch
        can't be stored.
        """
        with self._pending.locked():
            lost = [batch for batch in self._own() if not batch.id]
            uncertain = [each.row for each in self._fetched(lost, confirmed) if each.is_uncertain]
            planned = PlannedRequests(pending=self._keys(self._pending.all()))
            rehearsed = run(planned.send)
            broken = tuple(map(shown_case, filter(is_broken, rehearsed.cases)))
            done = submit(planned, purpose, self._pending, self.settings, self.shows)
            waits = bool(self._own())
        report = self._submitted(planned, done)
        advice = self._advice("collect") if waits else ""
        batches = (*uncertain, *report.batches)
        return replace(
            report,
            batches=batches,
            from_cache=rehearsed.from_cache,
            refused=broken,
            advice=advice,
        )

    def collect(self, run_again: RunAgain) -> BatchReport:
        """Store the answers of ended batches, and report on the others.

        Collecting again is harmless. Raises UsageError if an endpoint is not approved; InputError
        if recordings can't be written.
        """
        with self._pending.locked():
            own = self._own()
            fetched = self._fetched(own, collected)
            waiting = [each.batch for each in fetched if not each.ended]
            repository = self.workspace.repository
            stored = store(fetched, self._keys(waiting), repository, run_again)
            for each in fetched:
                if each.ended:
                    self._pending.remove(each.batch)
        report = self._report("collect", fetched)
        return self._collected(report, stored)

    def cancel(self) -> BatchReport:
        """Cancel running batches; what is finished can be collected when they have ended."""
        with self._pending.locked():
            fetched = self._fetched(self._own(), cancelled)
        report = self._report("cancel", fetched)
        return replace(report, advice=self._advice("collect") if report.batches else "")

    @property
    def _pending(self) -> PendingBatches:
        return PendingBatches(self.workspace.repository)

    def _own(self) -> list[PendingBatch]:
        """The batches of this command in this work tree."""
        batches = (batch for batch in self._pending.all() if batch.command == self.command)
        return [batch for batch in batches if self._pending.is_own(batch)]

    def _fetched(self, batches: Sequence[PendingBatch], visit: Visit) -> tuple[FetchedBatch, ...]:
        catalog = self.workspace.catalog
        opened = open_services(batches, catalog, self.approvals, self.settings)
        return fetch(batches, opened, self._pending, visit)

    def _keys(self, batches: Sequence[PendingBatch]) -> frozenset[Key]:
        """The keys of all requests in batches whose endpoint a profile has."""
        found: set[Key] = set()
        for batch in batches:
            profile = profile_of(batch, self.workspace.catalog)
            if profile is not None:
                found |= {key_of(request, profile.base_url) for request in batch.requests}
        return frozenset(found)

    def _submitted(self, planned: PlannedRequests, done: Submission) -> BatchReport:
        refused = [
            UnansweredCase(
                prompt=each.ask.payer.prompt,
                case="",
                repeat=each.ask.repeat,
                reason=f"its request can't be submitted: {each.reason}",
            )
            for each in done.refused
        ]
        sent = sum(row.requests for row in done.rows)
        return BatchReport(
            action="submit",
            batches=done.rows,
            unanswered=tuple(refused),
            left=planned.left + len(planned.asks) - sent - len(refused),
            ended=done.failure or planned.ended,
            waiting=len(planned.pending),
        )

    def _collected(self, report: BatchReport, stored: StoredBatches) -> BatchReport:
        if report.running or any(row.state == "unknown" for row in report.batches):
            advice = self._advice("collect")
        elif report.incomplete or stored.unanswered:
            advice = self._advice("submit")
        else:
            advice = stored.then
        return replace(
            report,
            answers=stored.answers,
            outdated=stored.outdated,
            cost_usd=stored.cost_usd,
            unanswered=stored.unanswered,
            refused=stored.refused,
            advice=advice,
        )

    def _report(self, action: BatchAction, fetched: Sequence[FetchedBatch]) -> BatchReport:
        others = [batch for batch in self._pending.all() if not self._pending.is_own(batch)]
        return BatchReport(
            action=action, batches=tuple(each.row for each in fetched), elsewhere=len(others)
        )

    def _advice(self, action: BatchAction) -> str:
        return f"promptops {self.command} --batch {action}"


# The batch APIs of pending batches, for the profiles that the work tree configures.

OpenedService = tuple[ModelProfile, BatchService]
"""The profile with the endpoint of a batch, and its batch API."""


def open_services(
    batches: Sequence[PendingBatch], catalog: Catalog, approvals: Approvals, settings: Settings
) -> dict[str, OpenedService]:
    """By the digest of the endpoint; endpoints that no profile has any more are left out.

    Raises UsageError if an endpoint is not approved, or a key or package is missing.
    """
    found: dict[str, ModelProfile] = {}
    for batch in batches:
        if batch.endpoint not in found:
            profile = profile_of(batch, catalog)
            if profile is not None:
                found[batch.endpoint] = profile
    if not found:
        return {}
    approved = approvals.approve_profiles(tuple(found.values()), catalog)
    return {
        digest: (profile, BatchService(approved(profile), settings))
        for digest, profile in found.items()
    }


def profile_of(batch: PendingBatch, catalog: Catalog) -> ModelProfile | None:
    """The profile that can collect a batch; None if no profile has its endpoint."""
    return next(_profiles_of(batch, catalog), None)


def _profiles_of(batch: PendingBatch, catalog: Catalog) -> Iterator[ModelProfile]:
    """Profiles with the endpoint of a batch, that with its name first."""
    named = catalog.config.models.get(batch.profile)
    unnamed = unnamed_profile({"provider": batch.provider, "id": batch.model})
    for profile in (named, *catalog.config.models.values(), unnamed):
        if profile is not None and digest_of_endpoint(profile) == batch.endpoint:
            yield profile


# Fetch the state and the results of pending batches from their providers.

NO_RESULT = "its batch has no result for it"


@record(frozen=True, slots=True, kw_only=True)
class FetchedBatch:
    """A pending batch, as its provider reported it.

    Attributes:
        profile: The profile that can collect it, or None if it was removed.
        results: For all its requests if it has ended; for some if its results are damaged.
    """

    batch: PendingBatch
    row: BatchRow
    profile: ModelProfile | None = None
    results: Mapping[Key, Answer | Failure] = field(default_factory=dict)

    @property
    def is_uncertain(self) -> bool:
        """Whether it is still unknown if it was created."""
        return self.row.state == "unknown" and not self.batch.id

    @property
    def ended(self) -> bool:
        """Whether nothing more can be collected from it."""
        return self.row.state in ("collected", "absent")


def key_of(request: BatchedRequest, base_url: str | None) -> Key:
    """The key that an `Ask` for this request has."""
    return request.request, request.repeat, base_url or ""


Visit = Callable[
    [PendingBatch, ModelProfile, BatchService, PendingBatches], Awaitable[FetchedBatch]
]


def fetch(
    batches: Sequence[PendingBatch],
    opened: Mapping[str, OpenedService],
    pending: PendingBatches,
    visit: Visit,
) -> tuple[FetchedBatch, ...]:
    """Visit batches one after the other.

    Args:
        opened: By the digest of the endpoint.
        visit: What to do with each existing batch: `collected`, `confirmed` or `cancelled`.
    """

    if not batches:
        return ()

    async def run() -> list[FetchedBatch]:
        try:
            return [await _visited(batch, opened, pending, visit) for batch in batches]
        finally:
            for _, service in opened.values():
                await service.close()

    return tuple(asyncio.run(run()))


async def _visited(
    batch: PendingBatch, opened: Mapping[str, OpenedService], pending: PendingBatches, visit: Visit
) -> FetchedBatch:
    found = opened.get(batch.endpoint)
    if found is None:
        reason = f"no profile has its endpoint any more: restore `{batch.profile}`"
        return FetchedBatch(batch=batch, row=_unknown_row(batch, pending, reason))
    profile, service = found
    try:
        if not batch.id:
            progress = await service.find(intent_of(batch, pending))
            if progress is None:
                pending.remove(batch)
                return FetchedBatch(batch=batch, row=row_of(batch, "absent"), profile=profile)
            batch = replace(batch, id=progress.id)
            pending.write(batch)
        return await visit(batch, profile, service, pending)
    except Failure as failure:
        row = _unknown_row(batch, pending, failure.message)
        return FetchedBatch(batch=batch, row=row, profile=profile)


def _unknown_row(batch: PendingBatch, pending: PendingBatches, reason: str) -> BatchRow:
    return replace(row_of(batch, "unknown", reason=reason), file=str(pending.file(batch)))


async def confirmed(
    batch: PendingBatch, profile: ModelProfile, service: BatchService, pending: PendingBatches
) -> FetchedBatch:
    """Only make sure that it exists."""
    return FetchedBatch(batch=batch, row=row_of(batch, "running"), profile=profile)


async def cancelled(
    batch: PendingBatch, profile: ModelProfile, service: BatchService, pending: PendingBatches
) -> FetchedBatch:
    """Cancel it unless it has ended."""
    progress = await service.progress(batch.id)
    if not progress.ended and not progress.cancelling:
        progress = await service.cancel(batch.id)
    row = _row_of_progress(batch, progress)
    row = replace(row, state="ended") if progress.ended else row
    return FetchedBatch(batch=batch, row=row, profile=profile)


async def collected(
    batch: PendingBatch, profile: ModelProfile, service: BatchService, pending: PendingBatches
) -> FetchedBatch:
    """Get its results if it has ended."""
    progress = await service.progress(batch.id)
    if not progress.ended:
        return FetchedBatch(batch=batch, row=_row_of_progress(batch, progress), profile=profile)
    found, problem = await service.results(batch.id)
    by_id = {request.custom_id: request for request in batch.requests}
    if found and by_id.keys().isdisjoint(found):
        return _without_mistaken_id(batch, profile, pending)
    results = {
        key_of(by_id[name], profile.base_url): result.outcome
        for name, result in found.items()
        if name in by_id
    }
    row = replace(
        _row_of_progress(batch, progress),
        answers=sum(isinstance(outcome, Answer) for outcome in results.values()),
        ignored=len(found.keys() - by_id.keys()),
    )
    if problem:
        row = replace(row, state="unknown", reason=problem, file=str(pending.file(batch)))
    else:
        results = _with_missing(results, batch, profile, progress)
    return FetchedBatch(batch=batch, row=row, profile=profile, results=results)


def _without_mistaken_id(
    batch: PendingBatch, profile: ModelProfile, pending: PendingBatches
) -> FetchedBatch:
    """After an interrupted submit, a similar batch was taken for this one."""
    lost = replace(batch, id="")
    pending.write(lost)
    row = _unknown_row(lost, pending, f"`{batch.id}` is a batch of other requests")
    return FetchedBatch(batch=lost, row=row, profile=profile)


def _with_missing(
    results: Mapping[Key, Answer | Failure],
    batch: PendingBatch,
    profile: ModelProfile,
    progress: BatchProgress,
) -> dict[Key, Answer | Failure]:
    """A failure for each request that an ended batch has no result for."""
    why = progress.reason or NO_RESULT
    keys = (key_of(request, profile.base_url) for request in batch.requests)
    missing = {key: Failure(message=why, kind="refused") for key in keys if key not in results}
    return {**results, **missing}


def _row_of_progress(batch: PendingBatch, progress: BatchProgress) -> BatchRow:
    state: BatchState = "running"
    if progress.ended:
        state = "collected"
    elif progress.cancelling:
        state = "cancelling"
    return row_of(batch, state, done=progress.done, reason=progress.reason)


# Store the answers of batches as a recording run does.


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
        own = _merged_results(batches)
        reruns.append(run_again(plan, CollectedAnswers(results=own, pending=pending).send))
        results |= own
    needed = {key for rerun in reruns for key in rerun.needed}
    answers = {key: found for key, found in results.items() if isinstance(found, Answer)}
    outdated = [_outdated_recording(key, answers[key]) for key in answers if key[:2] not in needed]
    given_by = {key: endpoint_digest(each.profile) for each in fetched for key in each.results}
    endpoints = [given_by[key] for key in answers if key[:2] not in needed]
    AnswerCache(repository.common_dir).keep(zip(endpoints, outdated, strict=True))
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


def _merged_results(batches: Iterable[FetchedBatch]) -> dict[Key, Answer | Failure]:
    """All results; an answer wins over a failure in another batch."""
    found: dict[Key, Answer | Failure] = {}
    for batch in batches:
        for key, result in batch.results.items():
            if not isinstance(found.get(key), Answer):
                found[key] = result
    return found


def _outdated_recording(key: Key, answer: Answer) -> Recording:
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
