"""The batch API of one endpoint, with retries after temporary errors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from promptops.errors import UsageError
from promptops.evals.engine.ask import Settings
from promptops.evals.providers import (
    BatchIntent,
    BatchItem,
    BatchProgress,
    BatchResult,
    Failure,
)
from promptops.evals.providers.endpoint import Approved
from promptops.evals.providers.registry import batches_of

T = TypeVar("T")


_NOT_CREATED = ("refused", "unsupported", "content_filter", "rate")
"""Kinds of failures after which a batch does certainly not exist."""


class Unconfirmed(Exception):
    """It is unknown whether a batch was created."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BatchService:
    """Calls one batch API."""

    def __init__(self, approved: Approved, settings: Settings) -> None:
        """Raises UsageError if the provider has no batch API, or its key or package is missing."""
        batches = batches_of(approved, os.environ)
        if batches is None:
            raise no_batch_api(f"the provider `{approved.profile.provider}` has no batch API")
        self._batches = batches
        self._patience = settings.patience
        self._chance = settings.chance
        self.limits = self._batches.limits
        self.item = self._batches.item

    async def upload(self, items: Sequence[BatchItem], mark: str) -> str:
        """Upload items; see `Batches.upload`."""
        return await self._patiently(lambda: self._batches.upload(items, mark, self._long_s))

    async def create(
        self, items: Sequence[BatchItem], upload: str, intent: BatchIntent
    ) -> BatchProgress:
        """Create a batch once.

        Raises Failure if it was not created, Unconfirmed if that is unknown.
        """
        try:
            return await self._patiently(
                lambda: self._batches.create(items, upload, intent.mark, self._long_s),
                _is_rate_limit,
            )
        except Failure as failure:
            if failure.kind in _NOT_CREATED:
                raise
            original = failure
        try:
            found = await self.find(intent)
        except Failure:
            raise Unconfirmed(original.message) from None
        if found is None:
            raise original
        return found

    async def find(self, intent: BatchIntent) -> BatchProgress | None:
        """The batch of an interrupted `create`, or None."""
        return await self._patiently(lambda: self._batches.find(intent, self._short_s))

    async def progress(self, identity: str) -> BatchProgress:
        """How far a batch is."""
        return await self._patiently(lambda: self._batches.progress(identity, self._short_s))

    async def cancel(self, identity: str) -> BatchProgress:
        """End a batch."""
        return await self._patiently(lambda: self._batches.cancel(identity, self._short_s))

    async def results(self, identity: str) -> tuple[dict[str, BatchResult], str]:
        """The results by custom id, and why some can't be read, or "".

        Of several results for one id, the answer counts.
        """
        found: dict[str, BatchResult] = {}
        for tries in range(1, self._patience.tries + 1):
            try:
                async for result in self._batches.results(identity, self._long_s):
                    known = found.get(result.custom_id)
                    if known is None or isinstance(known.outcome, Failure):
                        found[result.custom_id] = result
                return found, ""
            except Failure as failure:
                if not failure.retryable or tries == self._patience.tries:
                    return found, failure.message
                await self._pause(failure, tries)
        return found, ""

    async def close(self) -> None:
        """Close connections."""
        with suppress(Exception):
            await self._batches.close()

    @property
    def _short_s(self) -> float:
        return self._patience.try_s

    @property
    def _long_s(self) -> float:
        """Files of some hundred MB take longer than an answer."""
        return self._patience.total_s

    async def _patiently(
        self,
        call: Callable[[], Awaitable[T]],
        may_retry: Callable[[Failure], bool] = lambda failure: failure.retryable,
    ) -> T:
        """The result of a call, which is repeated after some failures."""
        tries = 1
        while True:
            try:
                return await call()
            except Failure as failure:
                if not may_retry(failure) or tries == self._patience.tries:
                    raise
                await self._pause(failure, tries)
            tries += 1

    async def _pause(self, failure: Failure, tries: int) -> None:
        """As long as the server wants, or a random time that grows with each try.

        Raises the failure if the server wants a longer pause than one request may take.
        """
        patience = self._patience
        longest_s = min(patience.first_wait_s * 2 ** (tries - 1), patience.longest_wait_s)
        wait_s = failure.retry_after_s
        if wait_s is not None and wait_s > patience.total_s:
            raise failure
        await asyncio.sleep(self._chance.uniform(0.0, longest_s) if wait_s is None else wait_s)


def _is_rate_limit(failure: Failure) -> bool:
    return failure.kind == "rate" and failure.retryable


def no_batch_api(message: str) -> UsageError:
    """The error for an endpoint without a batch API."""
    return UsageError(message, hint="send the requests one by one: --record, without --batch")
