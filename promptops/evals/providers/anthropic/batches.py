"""Message Batches of Anthropic: requests in, and when all are finished a file of results."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import anthropic

from promptops.evals.providers import (
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
)
from promptops.evals.providers.anthropic.failures import ERRORS
from promptops.evals.providers.anthropic.messages import answer_of, call_of
from promptops.evals.providers.http_api.batch_api import BatchApi, path_of, request_line
from promptops.evals.providers.http_api.failures import bad_answer
from promptops.evals.providers.http_api.values import count, items, mapping, text
from promptops.model.answer import Answer
from promptops.model.request import Request

_AROUND = (b'{"requests":[', b"]}")
LIMITS = BatchLimits(requests=100_000, size=256_000_000 - sum(map(len, _AROUND)))

_PATH = "/v1/messages/batches"
_PAGE = 100
_MOST_PAGES = 50
_CLOCKS_S = 3600
"""How far the clocks of this machine and the server may differ."""
_FINISHED = ("succeeded", "errored", "canceled", "expired")
_NOT_TRIED = {
    "expired": "the batch expired before the provider processed it",
    "canceled": "the batch was cancelled before the provider processed it",
}


class AnthropicBatches:
    """See `Batches`. The requests of one batch have the same headers, and here the same model."""

    limits = LIMITS

    def __init__(self, client: anthropic.AsyncAnthropic, secrets: tuple[str, ...]) -> None:
        """It closes the client at the end."""
        self._api = BatchApi(client, anthropic.AsyncStream[object], ERRORS, secrets)

    def item(self, custom_id: str, request: Request) -> BatchItem:
        call = call_of(request)
        group = json.dumps([call.body.get("model"), call.headers], sort_keys=True)
        line = request_line({"custom_id": custom_id, "params": call.body})
        return BatchItem(custom_id=custom_id, group=group, line=line)

    async def upload(self, items: Sequence[BatchItem], mark: str, deadline_s: float) -> str:
        return ""  # `create` sends the requests themselves

    async def create(
        self, items: Sequence[BatchItem], upload: str, mark: str, deadline_s: float
    ) -> BatchProgress:
        _, headers = json.loads(items[0].group)
        content = b",".join(item.line for item in items).join(_AROUND)
        options = {"headers": {"Content-Type": "application/json", **headers}}
        return _progress(await self._api.begin(_PATH, deadline_s, content=content, options=options))

    async def find(self, intent: BatchIntent, deadline_s: float) -> BatchProgress | None:
        """The API stores no name for a batch, so it is recognized by its results.

        Before it has ended, by the number of its requests and the time.
        """
        async for batch in self._newest(intent, deadline_s):
            if _may_be(batch, intent):
                found = _progress(batch)
                if not found.ended or await self._is_of(found.id, intent, deadline_s):
                    return found
        return None

    async def progress(self, identity: str, deadline_s: float) -> BatchProgress:
        return _progress(await self._api.get(_path_to(identity), deadline_s))

    async def cancel(self, identity: str, deadline_s: float) -> BatchProgress:
        return _progress(await self._api.post(f"{_path_to(identity)}/cancel", deadline_s))

    async def results(self, identity: str, deadline_s: float) -> AsyncIterator[BatchResult]:
        # Not `results_url`: the API key is sent only to the configured address.
        async for line in self._api.lines(f"{_path_to(identity)}/results", deadline_s):
            outcome = _outcome(mapping(line.get("result")))
            yield BatchResult(custom_id=text(line.get("custom_id")), outcome=outcome)

    async def close(self) -> None:
        await self._api.close()

    async def _newest(
        self, intent: BatchIntent, deadline_s: float
    ) -> AsyncIterator[Mapping[str, Any]]:
        """The batches of the account, newest first, that are not older than the intent."""
        after = ""
        for _ in range(_MOST_PAGES):
            page = await self._api.get(f"{_PATH}?limit={_PAGE}{after}", deadline_s)
            found = items(page.get("data"))
            for batch in found:
                if _created_s(batch) < intent.created_s - _CLOCKS_S:
                    return
                yield batch
            if page.get("has_more") is not True or not found:
                return
            after = f"&after_id={path_of(text(found[-1].get('id')))[1:]}"

    async def _is_of(self, identity: str, intent: BatchIntent, deadline_s: float) -> bool:
        """Whether the first result of an ended batch is for one of our requests."""
        async for result in self.results(identity, deadline_s):
            return result.custom_id in intent.custom_ids
        return False


def _path_to(identity: str) -> str:
    return f"{_PATH}{path_of(identity)}"


def _may_be(batch: Mapping[str, Any], intent: BatchIntent) -> bool:
    total = sum(_counts(batch))
    return batch.get("id") not in intent.taken and total == len(intent.custom_ids)


def _counts(batch: Mapping[str, Any]) -> Iterator[int]:
    counts = mapping(batch.get("request_counts"))
    return (count(counts.get(name)) for name in (*_FINISHED, "processing"))


def _created_s(batch: Mapping[str, Any]) -> float:
    """Unix time; raises Failure if it is missing."""
    try:
        created = datetime.fromisoformat(text(batch.get("created_at")))
    except ValueError:
        raise bad_answer("is a batch without the time of its creation") from None
    return (created if created.tzinfo else created.replace(tzinfo=UTC)).timestamp()


def _progress(batch: Mapping[str, Any]) -> BatchProgress:
    identity, status = batch.get("id"), text(batch.get("processing_status"))
    if not isinstance(identity, str) or not status:
        raise bad_answer("is not a batch")
    path_of(identity)
    counts = mapping(batch.get("request_counts"))
    return BatchProgress(
        id=identity,
        ended=status == "ended",
        cancelling=status == "canceling",
        done=sum(count(counts.get(name)) for name in _FINISHED),
    )


def _outcome(result: Mapping[str, Any]) -> Answer | Failure:
    kind = text(result.get("type"))
    if kind == "succeeded":
        try:
            return answer_of(mapping(result.get("message")))
        except Failure as failure:
            return failure
    error = mapping(mapping(result.get("error")).get("error"))
    message = _NOT_TRIED.get(kind) or ": ".join(
        filter(None, (text(error.get("type")), text(error.get("message"))))
    )
    return Failure(message=message or f"its result is `{kind}`", kind="refused")
