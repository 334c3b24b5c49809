"""Split planned requests into batches that their providers accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from promptops.evals.engine.ask import Ask
from promptops.evals.providers import BatchItem, BatchLimits, Failure
from promptops.evals.providers.endpoint import Approved, Endpoint, endpoint_of
from promptops.jobs.testing.batch.pending import BatchedRequest
from promptops.jobs.testing.batch.service import BatchService
from promptops.records import field, record

_DIGITS = 48
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
class _Group:
    service: BatchService
    asks: list[Ask] = field(default_factory=list)
    items: list[BatchItem] = field(default_factory=list)


def custom_id(ask: Ask) -> str:
    """The id of a request in a batch: its digest and repeat."""
    return f"{ask.digest[:_DIGITS]}-{ask.repeat}"


def split_into_parts(
    planned: Iterable[tuple[Ask, Approved]], services: Mapping[Endpoint, BatchService]
) -> tuple[list[tuple[BatchService, BatchPart]], list[Inexpressible]]:
    """The batches, in the order of their first requests, and what can't be in any."""
    groups: dict[tuple[Endpoint, str], _Group] = {}
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
            group = groups.setdefault((endpoint, item.group), _Group(service))
            group.asks.append(ask)
            group.items.append(item)
    parts = [(group.service, part) for group in groups.values() for part in _parts(group)]
    return parts, refused


def _refuse_oversized(item: BatchItem, limits: BatchLimits) -> None:
    if len(item.line) >= limits.size:
        raise Failure(message=f"it is larger than {limits.size:,} bytes", kind="refused")


def _parts(group: _Group) -> Iterator[BatchPart]:
    """Parts within the limits of the provider."""
    limits = group.service.limits
    start = size = 0
    for index, item in enumerate(group.items):
        length = len(item.line) + 1
        if index - start == limits.requests or size + length > limits.size:
            yield _part(group, start, index)
            start, size = index, 0
        size += length
    if group.items:
        yield _part(group, start, len(group.items))


def _part(group: _Group, start: int, end: int) -> BatchPart:
    return BatchPart(asks=tuple(group.asks[start:end]), items=tuple(group.items[start:end]))
