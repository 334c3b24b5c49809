"""Fetch the state and the results of pending batches from their providers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from promptops.evals.engine.ask import Key
from promptops.evals.providers import BatchProgress, Failure
from promptops.jobs.testing.batch.pending import BatchedRequest, PendingBatch, PendingBatches
from promptops.jobs.testing.batch.service import BatchService
from promptops.jobs.testing.batch.submitting import intent_of, row_of
from promptops.model.answer import Answer
from promptops.model.batch import BatchRow, BatchState
from promptops.model.config import ModelProfile
from promptops.records import field, record, replace

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


Open = tuple[ModelProfile, BatchService]
"""The profile with the endpoint of a batch, and its batch API."""


def fetch(
    batches: Sequence[PendingBatch],
    opened: Mapping[str, Open],
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
    batch: PendingBatch, opened: Mapping[str, Open], pending: PendingBatches, visit: Visit
) -> FetchedBatch:
    found = opened.get(batch.endpoint)
    if found is None:
        reason = f"no profile has its endpoint any more: restore `{batch.profile}`"
        return FetchedBatch(batch=batch, row=_unknown(batch, pending, reason))
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
        row = _unknown(batch, pending, failure.message)
        return FetchedBatch(batch=batch, row=row, profile=profile)


def _unknown(batch: PendingBatch, pending: PendingBatches, reason: str) -> BatchRow:
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
    row = _row(batch, progress)
    row = replace(row, state="ended") if progress.ended else row
    return FetchedBatch(batch=batch, row=row, profile=profile)


async def collected(
    batch: PendingBatch, profile: ModelProfile, service: BatchService, pending: PendingBatches
) -> FetchedBatch:
    """Get its results if it has ended."""
    progress = await service.progress(batch.id)
    if not progress.ended:
        return FetchedBatch(batch=batch, row=_row(batch, progress), profile=profile)
    found, problem = await service.results(batch.id)
    by_id = {request.custom_id: request for request in batch.requests}
    if found and by_id.keys().isdisjoint(found):
        return _mistaken(batch, profile, pending)
    results = {
        key_of(by_id[name], profile.base_url): result.outcome
        for name, result in found.items()
        if name in by_id
    }
    row = replace(
        _row(batch, progress),
        answers=sum(isinstance(outcome, Answer) for outcome in results.values()),
        ignored=len(found.keys() - by_id.keys()),
    )
    if problem:
        row = replace(row, state="unknown", reason=problem, file=str(pending.file(batch)))
    else:
        results = _with_missing(results, batch, profile, progress)
    return FetchedBatch(batch=batch, row=row, profile=profile, results=results)


def _mistaken(batch: PendingBatch, profile: ModelProfile, pending: PendingBatches) -> FetchedBatch:
    """After an interrupted submit, a similar batch was taken for this one."""
    lost = replace(batch, id="")
    pending.write(lost)
    row = _unknown(lost, pending, f"`{batch.id}` is a batch of other requests")
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


def _row(batch: PendingBatch, progress: BatchProgress) -> BatchRow:
    state: BatchState = "running"
    if progress.ended:
        state = "collected"
    elif progress.cancelling:
        state = "cancelling"
    return row_of(batch, state, done=progress.done, reason=progress.reason)


Visit = Callable[
    [PendingBatch, ModelProfile, BatchService, PendingBatches], Awaitable[FetchedBatch]
]
