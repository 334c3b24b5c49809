"""Secrets: removed from the messages of servers, and never accepted in an answer."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from promptops.evals.providers import (
    Batches,
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
    OnText,
    Provider,
    RateLimits,
    Reply,
    streamed,
)
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.patterns import lazy_pattern
from promptops.records import replace

HIDDEN = "[hidden]"
MOST_SHOWN = 300
_MOST_READ = 5_000
_PIECE = 8
"""A part of a key of this length is redacted; servers often show its beginning or end."""

_LIKE_A_KEY = lazy_pattern(
    r"(?i:bearer|basic)\s+[\w+/=.~-]{8,}"
    r"|(?<=://)[^\s/@]+@"
    r"|(?i:(?<=[?&]key=)|(?<=[?&]api_key=))[\w.%+/=~-]{8,}"
    r"|(?i:(?<=-key:\s)|(?<=-key['\"]:\s['\"]))[\w.+/=~-]{16,}"
    r"|\b(?:(?:sk|pk|rk|xai|gsk|hf)[-_]|AIza)[\w*.-]{6,}"
    r"|(?<![\w-])[\w-]*\*{3,}[\w*.-]*"  # half hidden by the server
)


def secrets_of(profile: ModelProfile, key: str | None) -> tuple[str, ...]:
    """The secrets of a profile and its key, including those in headers and address."""
    address = urlsplit(profile.base_url or "")
    user = [unquote(part) for part in (address.username, address.password) if part]
    secrets = (key, *user, *profile.headers.values())
    return tuple(secret for secret in secrets if secret)


def shown_profile(profile: ModelProfile, environment: Mapping[str, str]) -> str:
    """A profile by its name and its address, without possible secrets."""
    name = f"`{profile.name}`"
    try:
        address = urlsplit(profile.base_url or "")
    except ValueError:
        return name
    host = address.netloc.rpartition("@")[2]
    if not host:
        return name
    key = environment.get(profile.api_key_env or "", "").strip()
    shown = urlunsplit((address.scheme, host, address.path, "", ""))
    return f"{name} ({redacted(shown, secrets_of(profile, key))})"


def redacted(text: str, secrets: tuple[str, ...]) -> str:
    """One line, with secrets and everything like a key hidden, nothing invisible, and cut."""
    text = text[:_MOST_READ]
    for secret in sorted(secrets, key=len, reverse=True):
        for form in spellings(secret):
            text = _without(text, form)
    text = _LIKE_A_KEY.sub(HIDDEN, text)
    text = "".join(map(_visible, " ".join(text.split())))
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def spellings(secret: str) -> Iterator[str]:
    """A secret as it may be written: plain, in an address, in JSON, in base64 at any offset."""
    yield from dict.fromkeys((secret, quote(secret, safe=""), json.dumps(secret)[1:-1]))
    data = secret.encode("utf-8", "surrogatepass")
    for before in range(3):
        # The characters at both ends also encode bits of the adjacent bytes.
        first, end = (0, 2, 3)[before], (before + len(data)) * 8 // 6
        written = base64.b64encode(bytes(before) + data).decode()[first:end]
        yield from dict.fromkeys((written, written.replace("+", "-").replace("/", "_")))


def _without(text: str, secret: str) -> str:
    if len(secret) < _PIECE:
        return text.replace(secret, HIDDEN) if len(secret) > 3 else text
    pieces = {secret[at : at + _PIECE] for at in range(len(secret) - _PIECE + 1)}
    parts: list[str] = []
    at = done = 0
    while at <= len(text) - _PIECE:
        if text[at : at + _PIECE] not in pieces:
            at += 1
            continue
        parts += text[done:at], HIDDEN
        at += _PIECE
        while at < len(text) and text[at - _PIECE + 1 : at + 1] in pieces:
            at += 1
        done = at
    return "".join(parts) + text[done:]


def _visible(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


SHORTEST = 12
"""Real keys are longer; a shorter value, such as `none`, may be a word of any answer."""

_FOR_KEYS = lazy_pattern(r"auth|key|token|secret|cookie|passw", re.IGNORECASE)


def guarded(provider: Provider, profile: ModelProfile, key: str | None) -> Provider:
    """The provider, which fails if an answer contains its key, and never shows it in a failure."""
    return _Guarded(provider, _Secrets(profile, key))


T = TypeVar("T")


class _Secrets:
    """The secrets of one profile.

    Attributes:
        forms: All spellings of those that no answer may contain.
    """

    def __init__(self, profile: ModelProfile, key: str | None) -> None:
        self.forms = frozenset(form for one in _of_answers(profile, key) for form in spellings(one))
        self._shown = secrets_of(profile, key)

    def are_in(self, answer: Answer) -> bool:
        texts = list(_texts(answer))
        return any(form in text for form in self.forms for text in texts)

    def without(self, text: str) -> str:
        return redacted(text, self._shown)

    async def safely(self, calling: Awaitable[T]) -> T:
        """The result of a call, whose failure shows no secret."""
        try:
            return await calling
        except Failure as original:
            # A new failure, not raised in the `except`: its causes may contain the key, too.
            failure = self.redacted(original)
        raise failure

    def redacted(self, failure: Failure) -> Failure:
        return replace(failure, message=self.without(failure.message))


class _Guarded:
    def __init__(self, provider: Provider, secrets: _Secrets) -> None:
        self._provider = provider
        self._secrets = secrets

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return await self._checked(self._provider.ask(request, deadline_s))

    async def stream(self, request: Request, deadline_s: float, on_text: OnText) -> Reply:
        safe = _SafeText(self._secrets.forms, on_text)
        reply = await self._checked(streamed(self._provider, request, deadline_s, safe.add))
        safe.end()
        return reply

    async def _checked(self, answering: Awaitable[Reply]) -> Reply:
        reply = await self._secrets.safely(answering)
        if self._secrets.are_in(reply.answer):
            raise _discarded(reply.limits)
        return reply

    async def close(self) -> None:
        await self._provider.close()


class _SafeText:
    """Passes on the pieces of a text, except an end that may be the beginning of a secret."""

    def __init__(self, hidden: frozenset[str], on_text: OnText) -> None:
        self._hidden = hidden
        self._longest = max(map(len, hidden), default=1)
        self._on_text = on_text
        self._rest = ""

    def add(self, piece: str) -> None:
        """Raises Failure if the text contains a secret."""
        text = self._rest + piece
        if any(form in text for form in self._hidden):
            raise _discarded(RateLimits())
        self._rest = self._beginning_at_end(text)
        if len(self._rest) < len(text):
            self._on_text(text[: len(text) - len(self._rest)])

    def end(self) -> None:
        """Pass on the rest, which is no secret."""
        if self._rest:
            self._on_text(self._rest)
            self._rest = ""

    def _beginning_at_end(self, text: str) -> str:
        """The longest end of the text that is the beginning of a secret, or ""."""
        ends = (text[-length:] for length in range(min(len(text), self._longest - 1), 0, -1))
        return next((end for end in ends if any(form.startswith(end) for form in self._hidden)), "")


def _discarded(limits: RateLimits) -> Failure:
    message = "the answer is discarded because it contains the API key that was sent"
    return Failure(message=message, kind="bad_answer", limits=limits)


def _of_answers(profile: ModelProfile, key: str | None) -> Iterator[str]:
    headers = [value for name, value in profile.headers.items() if _FOR_KEYS.search(name)]
    # `Bearer KEY` contains the key as a secret of its own.
    words = [word for value in headers for word in value.split()]
    password = unquote(urlsplit(profile.base_url or "").password or "")
    for secret in (key, password, *headers, *words):
        if secret and len(secret) >= SHORTEST:
            yield secret


def _texts(answer: Answer) -> Iterator[str]:
    yield from (answer.text, answer.model, answer.fingerprint or "", answer.finish_reason)
    for call in answer.tool_calls:
        yield json.dumps(dict(call), ensure_ascii=False, default=str)


# Keep secrets out of what a batch API returns.


def guarded_batches(batches: Batches, profile: ModelProfile, key: str | None) -> Batches:
    """A batch API that never shows its key, and discards answers that contain it."""
    return _GuardedBatches(batches, _Secrets(profile, key))


class _GuardedBatches:
    def __init__(self, batches: Batches, secrets: _Secrets) -> None:
        self._batches = batches
        self._secrets = secrets

    @property
    def limits(self) -> BatchLimits:
        return self._batches.limits

    def item(self, custom_id: str, request: Request) -> BatchItem:
        return self._batches.item(custom_id, request)

    async def upload(self, items: Sequence[BatchItem], mark: str, deadline_s: float) -> str:
        return await self._secrets.safely(self._batches.upload(items, mark, deadline_s))

    async def create(
        self, items: Sequence[BatchItem], upload: str, mark: str, deadline_s: float
    ) -> BatchProgress:
        return self._shown(
            await self._secrets.safely(self._batches.create(items, upload, mark, deadline_s))
        )

    async def find(self, intent: BatchIntent, deadline_s: float) -> BatchProgress | None:
        found = await self._secrets.safely(self._batches.find(intent, deadline_s))
        return None if found is None else self._shown(found)

    async def progress(self, identity: str, deadline_s: float) -> BatchProgress:
        return self._shown(await self._secrets.safely(self._batches.progress(identity, deadline_s)))

    async def cancel(self, identity: str, deadline_s: float) -> BatchProgress:
        return self._shown(await self._secrets.safely(self._batches.cancel(identity, deadline_s)))

    async def results(self, identity: str, deadline_s: float) -> AsyncIterator[BatchResult]:
        failure: Failure
        try:
            async for result in self._batches.results(identity, deadline_s):
                yield self._checked(result)
        except Failure as original:
            failure = self._secrets.redacted(original)
        else:
            return
        raise failure

    async def close(self) -> None:
        await self._batches.close()

    def _shown(self, progress: BatchProgress) -> BatchProgress:
        return replace(progress, reason=self._secrets.without(progress.reason))

    def _checked(self, result: BatchResult) -> BatchResult:
        outcome = result.outcome
        if isinstance(outcome, Failure):
            return replace(result, outcome=self._secrets.redacted(outcome))
        if self._secrets.are_in(outcome):
            return replace(result, outcome=_discarded(RateLimits()))
        return result
