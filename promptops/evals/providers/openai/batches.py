"""The Batch API of OpenAI: a file of requests, a batch, a file of answers and one of errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from time import time
from typing import Any

import openai

from promptops.evals.providers import (
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
)
from promptops.evals.providers.http_api.batch_api import BatchApi, path_of, request_line
from promptops.evals.providers.http_api.failures import bad_answer
from promptops.evals.providers.http_api.values import count, items, mapping, text
from promptops.evals.providers.openai.apis import APIS, Api
from promptops.evals.providers.openai.client import path_and_body
from promptops.evals.providers.openai.failures import ERRORS, failure_with_status
from promptops.model.answer import Answer
from promptops.model.request import Request

LIMITS = BatchLimits(requests=50_000, size=200_000_000)

_VERSION = "/v1"
_MARK = "promptops"
"""The key of our name for a batch in its metadata."""
_MULTIPART = {"headers": {"Content-Type": "multipart/form-data"}}
_PAGE = 100
_MOST_PAGES = 50
_CLOCKS_S = 3600
"""How far the clocks of this machine and the server may differ."""
_ENDED = {
    "completed": "",
    "failed": "the provider refused the batch",
    "expired": "the batch expired before the provider processed it",
    "cancelled": "the batch was cancelled before the provider processed it",
}


class OpenAIBatches:
    """See `Batches`. One file has the requests of one model to one API."""

    limits = LIMITS

    def __init__(self, client: openai.AsyncOpenAI, secrets: tuple[str, ...]) -> None:
        """It closes the client at the end."""
        self._api = BatchApi(client, openai.AsyncStream[object], ERRORS, secrets)

    def item(self, custom_id: str, request: Request) -> BatchItem:
        path, body = path_and_body(request)
        url = f"{_VERSION}{path}"
        line = {"custom_id": custom_id, "method": "POST", "url": url, "body": body}
        return BatchItem(
            custom_id=custom_id, group=f"{url} {body.get('model')}", line=request_line(line)
        )

    async def upload(self, items: Sequence[BatchItem], mark: str, deadline_s: float) -> str:
        content = b"".join(part for item in items for part in (item.line, b"\n"))
        file = (f"promptops-{mark}.jsonl", content, "application/jsonl")
        found = await self._api.begin(
            "/files",
            deadline_s,
            body={"purpose": "batch"},
            files=[("file", file)],
            options=_MULTIPART,
        )
        return _id_of(found)

    async def create(
        self, items: Sequence[BatchItem], upload: str, mark: str, deadline_s: float
    ) -> BatchProgress:
        body = {
            "input_file_id": upload,
            "endpoint": items[0].group.partition(" ")[0],
            "completion_window": "24h",
            "metadata": {_MARK: mark},
        }
        return _progress(await self._api.post("/batches", deadline_s, body=body))

    async def find(self, intent: BatchIntent, deadline_s: float) -> BatchProgress | None:
        after = ""
        for _ in range(_MOST_PAGES):
            page = await self._api.get(f"/batches?limit={_PAGE}{after}", deadline_s)
            found = items(page.get("data"))
            for batch in found:
                if mapping(batch.get("metadata")).get(_MARK) == intent.mark:
                    return _progress(batch)
            oldest = min((count(batch.get("created_at")) for batch in found), default=0)
            if page.get("has_more") is not True or oldest < intent.created_s - _CLOCKS_S:
                return None
            after = f"&after={path_of(_id_of(found[-1]))[1:]}"
        return None

    async def progress(self, identity: str, deadline_s: float) -> BatchProgress:
        return _progress(await self._batch(identity, deadline_s))

    async def cancel(self, identity: str, deadline_s: float) -> BatchProgress:
        path = f"{path_of('batches', identity)}/cancel"
        return _progress(await self._api.post(path, deadline_s, body={}))

    async def results(self, identity: str, deadline_s: float) -> AsyncIterator[BatchResult]:
        batch = await self._batch(identity, deadline_s)
        api = _api_of(batch)
        for name in ("output_file_id", "error_file_id"):
            file = batch.get(name)
            if isinstance(file, str) and file:
                path = f"{path_of('files', file)}/content"
                async for line in self._api.lines(path, deadline_s):
                    custom_id = text(line.get("custom_id"))
                    yield BatchResult(custom_id=custom_id, outcome=_outcome(line, api))

    async def close(self) -> None:
        await self._api.close()

    async def _batch(self, identity: str, deadline_s: float) -> dict[str, Any]:
        return await self._api.get(path_of("batches", identity), deadline_s)


def _id_of(value: Mapping[str, Any]) -> str:
    identity = value.get("id")
    if not isinstance(identity, str) or not identity:
        raise bad_answer("has no id")
    path_of(identity)
    return identity


def _progress(batch: Mapping[str, Any]) -> BatchProgress:
    status = text(batch.get("status"))
    if not status:
        raise bad_answer("is not a batch")
    counts = mapping(batch.get("request_counts"))
    return BatchProgress(
        id=_id_of(batch),
        ended=status in _ENDED,
        cancelling=status == "cancelling",
        done=count(counts.get("completed")) + count(counts.get("failed")),
        reason=_reason(batch, _ENDED.get(status, "")),
    )


def _reason(batch: Mapping[str, Any], ended: str) -> str:
    errors = [
        text(error.get("message")) for error in items(mapping(batch.get("errors")).get("data"))
    ]
    details = next(filter(None, errors), "")
    return f"{ended}: {details}" if ended and details else ended


def _api_of(batch: Mapping[str, Any]) -> Api:
    path = text(batch.get("endpoint")).removeprefix(_VERSION)
    found = next((api for api in APIS.values() if api.path == path), None)
    if found is None:
        raise bad_answer("is a batch for an unknown API")
    return found


def _outcome(line: Mapping[str, Any], api: Api) -> Answer | Failure:
    """The answer in a line of a file of results, or the reason why it is missing."""
    response, error = mapping(line.get("response")), mapping(line.get("error"))
    body, status = mapping(response.get("body")), response.get("status_code")
    try:
        if status == 200 and not body.get("error"):
            return api.answer(body)
    except Failure as failure:
        return failure
    if isinstance(status, int):
        return failure_with_status(status, body.get("error"), time())
    message = text(error.get("message")) or "the batch has neither an answer nor an error for it"
    return Failure(message=message, kind="refused")
