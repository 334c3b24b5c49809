"""Discard answers that contain the API key, which would otherwise be shown and committed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from promptops.evals.providers import Failure, Provider, Reply
from promptops.evals.providers.redaction import redacted, secrets_of, spellings
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.patterns import lazy_pattern

SHORTEST = 12
"""Real keys are longer; what is shorter, such as `none`, may be a word of any answer."""

_FOR_KEYS = lazy_pattern(r"auth|key|token|secret|cookie|passw", re.IGNORECASE)


def guarded(provider: Provider, profile: ModelProfile, key: str | None) -> Provider:
    """The provider, which fails if an answer contains its key, and never shows it in a failure."""
    hidden = {form for secret in _secrets(profile, key) for form in spellings(secret)}
    return _Guarded(provider, frozenset(hidden), secrets_of(profile, key))


class _Guarded:
    def __init__(
        self, provider: Provider, hidden: frozenset[str], secrets: tuple[str, ...]
    ) -> None:
        self._provider = provider
        self._hidden = hidden
        self._secrets = secrets

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        try:
            reply = await self._provider.ask(request, deadline_s)
        except Failure as said:
            # A new one, not raised in the `except`: what led to a failure may hold the key, too.
            failure = Failure(
                message=redacted(said.message, self._secrets),
                kind=said.kind,
                retryable=said.retryable,
                retry_after_s=said.retry_after_s,
                limits=said.limits,
            )
        else:
            return self._checked(reply)
        raise failure

    def _checked(self, reply: Reply) -> Reply:
        texts = list(_texts(reply.answer))
        if any(form in text for form in self._hidden for text in texts):
            message = "the answer is discarded because it contains the API key that was sent"
            raise Failure(message=message, kind="bad_answer", limits=reply.limits)
        return reply

    async def close(self) -> None:
        await self._provider.close()


def _secrets(profile: ModelProfile, key: str | None) -> Iterator[str]:
    headers = [value for name, value in profile.headers.items() if _FOR_KEYS.search(name)]
    # Of `Bearer KEY` the key alone is secret, too.
    words = [word for value in headers for word in value.split()]
    password = unquote(urlsplit(profile.base_url or "").password or "")
    for secret in (key, password, *headers, *words):
        if secret and len(secret) >= SHORTEST:
            yield secret


def _texts(answer: Answer) -> Iterator[str]:
    yield from (answer.text, answer.model, answer.fingerprint or "", answer.finish_reason)
    for call in answer.tool_calls:
        yield json.dumps(dict(call), ensure_ascii=False, default=str)
