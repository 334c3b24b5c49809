"""Submit planned requests as batches."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.evals.engine.ask import Ask, Settings
from promptops.evals.engine.budget import Estimate, endless_models, unpriced_models
from promptops.evals.providers import BatchIntent, BatchItem, BatchLimits, Failure
from promptops.evals.providers.endpoint import Approved, Endpoint, addressed, endpoint_of
from promptops.model.batch import BatchRow, BatchState
from promptops.model.config import ModelProfile
from promptops.records import field, record, replace
from promptops.testing.batch.state import (
    BatchedRequest,
    BatchService,
    PendingBatch,
    PendingBatches,
    PlannedRequests,
    Unconfirmed,
    no_batch_api,
)


@record(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What batches are for.

    Attributes:
        command: The command that collects them.
        plan: What it needs to find their requests again, as JSON data.
    """

    command: str
    plan: Mapping[str, Any]


@record(frozen=True, slots=True, kw_only=True)
class Submission:
    """The result of a submit.

    Attributes:
        refused: Requests that the batch API can't express.
        failure: Why the remaining batches were not submitted, or "".
    """

    rows: tuple[BatchRow, ...] = ()
    refused: tuple[Inexpressible, ...] = ()
    failure: str = ""


def submit(
    planned: PlannedRequests,
    purpose: Purpose,
    pending: PendingBatches,
    settings: Settings,
    shows: Callable[[Estimate], None],
) -> Submission:
    """Submit planned requests; each batch is in `pending` before anything is sent.

    Args:
        shows: Gets the estimate before the first upload.

    Raises UsageError if a provider has no batch API, or a key or package is missing; InputError if
    a batch can't be stored.
    """
    services: dict[Endpoint, BatchService] = {}
    for _, approved in planned.asks.values():
        endpoint = endpoint_of(approved.profile)
        if endpoint not in services:
            services[endpoint] = BatchService(approved, settings)
    parts, refused = split_into_parts(planned.asks.values(), services)
    if not parts:
        return Submission(refused=tuple(refused))
    shows(_estimate(planned, len(parts), settings))
    submitting = _Submitting(purpose, pending)
    asyncio.run(submitting.run(parts, tuple(services.values())))
    return Submission(
        rows=tuple(submitting.rows), refused=tuple(refused), failure=submitting.failure
    )


def _estimate(planned: PlannedRequests, batches: int, settings: Settings) -> Estimate:
    asks = [ask for ask, _ in planned.asks.values()]
    return Estimate(
        requests=len(asks),
        worst_usd=planned.worst_usd,
        unpriced=unpriced_models(asks),
        endless=endless_models(asks),
        left_usd=settings.max_cost_usd,
        batches=batches,
    )


class _Submitting:
    def __init__(self, purpose: Purpose, pending: PendingBatches) -> None:
        self._purpose = purpose
        self._pending = pending
        self.rows: list[BatchRow] = []
        self.failure = ""

    async def run(
        self, parts: Sequence[tuple[BatchService, BatchPart]], services: Sequence[BatchService]
    ) -> None:
        """Submit one after the other; the first failure ends it."""
        try:
            for service, part in parts:
                await self._submit(service, part)
        except Failure as failure:
            self.failure = failure.message
            if failure.kind == "unsupported":
                raise no_batch_api(failure.message) from None
        finally:
            for service in services:
                await service.close()

    async def _submit(self, service: BatchService, part: BatchPart) -> None:
        batch = self._intent(part)
        self._pending.write(batch)
        try:
            upload = await service.upload(part.items, batch.mark)
            created = await service.create(part.items, upload, intent_of(batch, self._pending))
        except Failure:
            self._pending.remove(batch)
            raise
        except Unconfirmed as unconfirmed:
            self.rows.append(row_of(batch, "unknown", reason=unconfirmed.message))
            return
        batch = replace(batch, id=created.id)
        self._pending.write(batch)
        self.rows.append(row_of(batch, "submitted"))

    def _intent(self, part: BatchPart) -> PendingBatch:
        profile = part.asks[0].profile
        return PendingBatch(
            mark=os.urandom(8).hex(),
            created_s=int(time.time()),
            tree=self._pending.tree,
            command=self._purpose.command,
            plan=self._purpose.plan,
            profile=profile.name,
            provider=profile.provider,
            model=str(part.asks[0].request.model.get("id", profile.id)),
            endpoint=digest_of_endpoint(profile),
            requests=part.requests,
        )


def digest_of_endpoint(profile: ModelProfile) -> str:
    """The digest of the endpoint that a profile has in this environment."""
    return endpoint_of(addressed(profile, os.environ)).digest


def intent_of(batch: PendingBatch, pending: PendingBatches) -> BatchIntent:
    """What is known of a batch without an id, to look for it."""
    return BatchIntent(
        mark=batch.mark,
        created_s=batch.created_s,
        custom_ids=frozenset(request.custom_id for request in batch.requests),
        taken=frozenset(other.id for other in pending.all() if other.id),
    )


def row_of(batch: PendingBatch, state: BatchState, *, done: int = 0, reason: str = "") -> BatchRow:
    """A batch for the report."""
    return BatchRow(
        id=batch.id,
        profile=batch.profile,
        model=batch.model,
        state=state,
        requests=len(batch.requests),
        done=done,
        reason=reason,
    )


# Split planned requests into batches that their providers accept.

_DIGEST_DIGITS = 48
"""Hexadecimal digits of a digest in a custom id, which has at most 64 characters."""


@record(frozen=True, slots=True, kw_only=True)
class BatchPart:
    """The requests of one batch; all have the same endpoint, API and model."""

    asks: tuple[Ask, ...]
    items: tuple[BatchItem, ...]

    @property
    def requests(self) -> tuple[BatchedRequest, ...]:
        """The requests as they are stored."""
        return tuple(
            BatchedRequest(
                custom_id=item.custom_id,
                request=ask.digest,
                repeat=ask.repeat,
                prompt=ask.payer.prompt,
                judge=ask.payer.judge,
            )
            for ask, item in zip(self.asks, self.items, strict=True)
        )


@record(frozen=True, slots=True, kw_only=True)
class Inexpressible:
    """A request that the batch API can't take, and why."""

    ask: Ask
    reason: str


@record(slots=True)
class _RequestGroup:
    service: BatchService
    asks: list[Ask] = field(default_factory=list)
    items: list[BatchItem] = field(default_factory=list)


def custom_id(ask: Ask) -> str:
    """The id of a request in a batch: its digest and repeat."""
    return f"{ask.digest[:_DIGEST_DIGITS]}-{ask.repeat}"


def split_into_parts(
    planned: Iterable[tuple[Ask, Approved]], services: Mapping[Endpoint, BatchService]
) -> tuple[list[tuple[BatchService, BatchPart]], list[Inexpressible]]:
    """The batches, in the order of their first requests, and what can't be in any."""
    groups: dict[tuple[Endpoint, str], _RequestGroup] = {}
    refused: list[Inexpressible] = []
    for ask, approved in planned:
        endpoint = endpoint_of(approved.profile)
        service = services[endpoint]
        try:
            item = service.item(custom_id(ask), ask.request)
            _refuse_oversized(item, service.limits)
        except Failure as failure:
            refused.append(Inexpressible(ask=ask, reason=failure.message))
        else:
            group = groups.setdefault((endpoint, item.group), _RequestGroup(service))
            group.asks.append(ask)
            group.items.append(item)
    parts = [(group.service, part) for group in groups.values() for part in _parts_of(group)]
    return parts, refused


def _refuse_oversized(item: BatchItem, limits: BatchLimits) -> None:
    if len(item.line) >= limits.size:
        raise Failure(message=f"it is larger than {limits.size:,} bytes", kind="refused")


def _parts_of(group: _RequestGroup) -> Iterator[BatchPart]:
    """Parts within the limits of the provider."""
    limits = group.service.limits
    start = size = 0
    for index, item in enumerate(group.items):
        length = len(item.line) + 1
        if index - start == limits.requests or size + length > limits.size:
            yield _part_between(group, start, index)
            start, size = index, 0
        size += length
    if group.items:
        yield _part_between(group, start, len(group.items))


def _part_between(group: _RequestGroup, start: int, end: int) -> BatchPart:
    return BatchPart(asks=tuple(group.asks[start:end]), items=tuple(group.items[start:end]))
