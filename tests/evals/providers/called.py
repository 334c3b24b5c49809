"""One call of a provider, for tests on a server of their own."""

from __future__ import annotations

import asyncio

from promptops.evals.providers import Failure, Reply
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of

PATIENCE_S = 60.0
SHORT_S = 0.5


def result_of(
    profile: ModelProfile, request: Request, key: str, deadline_s: float = PATIENCE_S
) -> Reply | Failure:
    """The reply or the failure; the profile names the variable `THE_KEY`."""

    async def result() -> Reply | Failure:
        provider = provider_of(profile, {"THE_KEY": key})
        try:
            return await provider.ask(request, deadline_s)
        except Failure as failure:
            return failure
        finally:
            await provider.close()

    return asyncio.run(result())
