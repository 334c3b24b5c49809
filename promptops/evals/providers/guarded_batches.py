"""Keep secrets out of what a batch API returns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import TypeVar

from promptops.evals.providers import (
    Batches,
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
)
from promptops.evals.providers.redaction import (
    contains_secret,
    forms_of_secrets,
    redacted,
    secrets_of,
)
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.records import replace

T = TypeVar("T")


def guarded_batches(batches: Batches, profile: ModelProfile, key: str | None) -> Batches:
    """A batch API that never shows its key, and discards answers that contain it."""
    return _GuardedBatches(batches, forms_of_secrets(profile, key), secrets_of(profile, key))


class _GuardedBatches:
    def __init__(self, batches: Batches, forms: frozenset[str], secrets: tuple[str, ...]) -> None:
        self._batches = batches
        self._forms = forms
        self._secrets = secrets

    @property
    def limits(self) -> BatchLimits:
        return self._batches.limits

    def item(self, custom_id: str, request: Request) -> BatchItem:
        return self._batches.item(custom_id, request)

    async def upload(self, items: Sequence[BatchItem], mark: str, deadline_s: float) -> str:
        return await self._safely(self._batches.upload(items, mark, deadline_s))

    async def create(
        self, items: Sequence[BatchItem], upload: str, mark: str, deadline_s: float
    ) -> BatchProgress:
        return self._shown(
            await self._safely(self._batches.create(items, upload, mark, deadline_s))
        )

    async def find(self, intent: BatchIntent, deadline_s: float) -> BatchProgress | None:
        found = await self._safely(self._batches.find(intent, deadline_s))
        return None if found is None else self._shown(found)

    async def progress(self, identity: str, deadline_s: float) -> BatchProgress:
        return self._shown(await self._safely(self._batches.progress(identity, deadline_s)))

    async def cancel(self, identity: str, deadline_s: float) -> BatchProgress:
        return self._shown(await self._safely(self._batches.cancel(identity, deadline_s)))

    async def results(self, identity: str, deadline_s: float) -> AsyncIterator[BatchResult]:
        failure: Failure
        try:
            async for result in self._batches.results(identity, deadline_s):
                yield self._checked(result)
        except Failure as original:
            failure = self._redacted(original)
        else:
            return
        raise failure

    async def close(self) -> None:
        await self._batches.close()

    async def _safely(self, calling: Awaitable[T]) -> T:
        try:
            return await calling
        except Failure as original:
            # A new failure, not raised in the `except`: its causes may contain the key, too.
            failure = self._redacted(original)
        raise failure

    def _redacted(self, failure: Failure) -> Failure:
        return Failure(
            message=redacted(failure.message, self._secrets),
            kind=failure.kind,
            retryable=failure.retryable,
            retry_after_s=failure.retry_after_s,
            limits=failure.limits,
        )

    def _shown(self, progress: BatchProgress) -> BatchProgress:
        return replace(progress, reason=redacted(progress.reason, self._secrets))

    def _checked(self, result: BatchResult) -> BatchResult:
        outcome = result.outcome
        if isinstance(outcome, Failure):
            return replace(result, outcome=self._redacted(outcome))
        if contains_secret(outcome, self._forms):
            message = "the answer is discarded because it contains the API key that was sent"
            return replace(result, outcome=Failure(message=message, kind="bad_answer"))
        return result
