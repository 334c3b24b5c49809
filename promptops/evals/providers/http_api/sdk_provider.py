"""What the providers share that call one address through an official client package."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import httpx2

from promptops.errors import UsageError
from promptops.evals.providers import OnText, Reply
from promptops.evals.providers.http_api.single_try import Errors, single_try
from promptops.model.config import ModelProfile
from promptops.model.request import Request

NO_KEY = "no-key"
"""For servers without API keys: the packages require one."""


class SdkProvider(ABC):
    """See `StreamingProvider`: each request is tried once, without the retries of the package."""

    _errors: ClassVar[Errors]
    _secrets: tuple[str, ...]

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return await single_try(self._reply(request), deadline_s, self._errors, self._secrets)

    async def stream(self, request: Request, deadline_s: float, on_text: OnText) -> Reply:
        reply = self._streamed(request, on_text)
        return await single_try(reply, deadline_s, self._errors, self._secrets)

    @abstractmethod
    async def _reply(self, request: Request) -> Reply: ...

    @abstractmethod
    async def _streamed(self, request: Request, on_text: OnText) -> Reply: ...


@contextmanager
def valid_address(profile: ModelProfile) -> Iterator[None]:
    """Raises UsageError if a client refuses the address of the profile."""
    try:
        yield
    except (ValueError, httpx2.InvalidURL):
        raise UsageError(
            "this is not a valid address", where=f"models.{profile.name}.base_url"
        ) from None
