"""Calls Claude models, and servers with an Anthropic-compatible API: the Messages API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import anthropic
import httpx2

from promptops.evals.http_api import (
    BATCHES_A_PAGE,
    CLOCKS_S,
    MOST_PAGES,
    Call,
    ErrorBody,
    Limit,
    PostedApi,
    PostingProvider,
    SdkBatches,
    bad_answer,
    count,
    errors_of,
    interrupted,
    items,
    mapping,
    path_of,
    refuse_inexpressible,
    refuse_options,
    request_line,
    text,
    tool_call,
)
from promptops.evals.providers import (
    Batches,
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
    OnText,
    refuse_other_apis,
)
from promptops.evals.providers.endpoint import address_of
from promptops.evals.providers.registry import provider
from promptops.model.answer import Answer, Usage
from promptops.model.prompt import Request
from promptops.records import field, record
from promptops.runtime.request.anthropic import message_arguments
from promptops.runtime.request.api_limits import APIS

_OWN = "anthropic"
_OF_THE_PROMPT = ("model", "messages", "system")
_OF_THE_CLIENT = ("extra_query", "timeout", "stream")
_HEADERS = ("anthropic-beta", "anthropic-version")
_FINISHED = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",  # a turn of server tools is unfinished
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def call_of(request: Request) -> Call:
    """The call for a request; raises Failure if the API can't express it."""
    refuse_other_apis(request, _OWN)
    options = mapping(request.provider_options.get(_OWN))
    refuse_options(_OWN, options, contradict=_OF_THE_PROMPT, managed=_OF_THE_CLIENT)
    headers = _headers(options)
    refuse_inexpressible(request, APIS[_OWN])
    arguments = _MESSAGES.arguments(request)
    arguments.pop("extra_headers", None)
    extra = mapping(arguments.pop("extra_body", None))
    return Call(api=_MESSAGES, body={**arguments, **extra}, headers=headers)


def _headers(options: Mapping[str, Any]) -> dict[str, str]:
    """Only headers that select a version: others could carry anything to an approved address."""
    headers = mapping(options.get("extra_headers"))
    for name, value in headers.items():
        if name.lower() not in _HEADERS or not isinstance(value, str):
            message = (
                f"`{name}` in `provider_options.{_OWN}.extra_headers` is not supported; "
                "set `headers` in the profile"
            )
            raise Failure(message=message, kind="refused")
    return dict(headers)


def answer_of(body: Mapping[str, Any]) -> Answer:
    """The answer in a message; raises Failure if it is not a message."""
    if not isinstance(body.get("content"), list):
        raise bad_answer("is not a message")
    blocks = items(body["content"])
    calls = tuple(
        tool_call(block.get("name"), block.get("input"))
        for block in blocks
        if block.get("type") == "tool_use"
    )
    texts = [text(block.get("text")) for block in blocks if block.get("type") == "text"]
    reason = text(body.get("stop_reason"))
    return Answer(
        text="".join(texts) or text(mapping(body.get("stop_details")).get("explanation")),
        tool_calls=calls,
        finish_reason=_FINISHED.get(reason, reason) or ("tool_calls" if calls else "stop"),
        model=text(body.get("model")),
        usage=usage_of(mapping(body.get("usage"))),
    )


def usage_of(usage: Mapping[str, Any]) -> Usage:
    """Tokens of a message; the API counts those of its cache separately."""
    cached = count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    return Usage(
        input=count(usage.get("input_tokens")) + written + cached,
        output=count(usage.get("output_tokens")),
        cached=cached,
    )


# A stream of the Messages API: its events become the body of one message.


@record(slots=True)
class _Block:
    """A block of content; its text, or the arguments of its tool call, arrive in pieces."""

    start: Mapping[str, Any]
    texts: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    def whole(self) -> dict[str, Any]:
        kind = self.start.get("type")
        if kind == "text":
            return {**self.start, "text": "".join(self.texts)}
        if kind == "tool_use" and any(self.arguments):
            return {**self.start, "input": "".join(self.arguments)}
        return dict(self.start)


class StreamedMessage:
    """See `StreamedBody`; unknown events are ignored."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[Any, _Block] = {}
        self._stopped = False

    def add(self, event: Mapping[str, Any]) -> None:
        match event.get("type"):
            case "message_start":
                self._message = dict(mapping(event.get("message")))
                self._usage = dict(mapping(self._message.get("usage")))
            case "content_block_start":
                self._start(event)
            case "content_block_delta":
                self._add_delta(_key(event), mapping(event.get("delta")))
            case "message_delta":
                self._message |= mapping(event.get("delta"))
                self._usage |= _known(mapping(event.get("usage")))
            case "message_stop":
                self._stopped = True

    def whole(self) -> dict[str, Any]:
        if not self._stopped:
            raise interrupted()
        content = [block.whole() for block in self._blocks.values()]
        return {**self._message, "content": content, "usage": self._usage}

    def _start(self, event: Mapping[str, Any]) -> None:
        block = _Block(mapping(event.get("content_block")))
        self._blocks[_key(event)] = block
        self._add_text(block, block.start.get("text"))

    def _add_delta(self, key: str, delta: Mapping[str, Any]) -> None:
        block = self._blocks.get(key)
        if block is None:
            return
        if delta.get("type") == "text_delta":
            self._add_text(block, delta.get("text"))
        elif delta.get("type") == "input_json_delta":
            block.arguments.append(text(delta.get("partial_json")))

    def _add_text(self, block: _Block, piece: Any) -> None:
        if block.start.get("type") == "text" and text(piece):
            block.texts.append(text(piece))
            self._on_text(text(piece))


def _key(event: Mapping[str, Any]) -> str:
    """The index of a block, which may have any type."""
    return json.dumps(event.get("index"))


def _known(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Later counts replace earlier ones; a missing one does not."""
    return {name: count for name, count in usage.items() if count is not None}


_MESSAGES = PostedApi(
    path="/v1/messages", arguments=message_arguments, answer=answer_of, streamed=StreamedMessage
)
_STATUSES = {
    "rate_limit_error": 429,
    "timeout_error": 408,
    "api_error": 500,
    "overloaded_error": 529,
}


def _error_body(given: Mapping[str, Any]) -> ErrorBody:
    details = mapping(given.get("details"))
    codes = filter(None, (text(given.get("type")), text(details.get("error_code"))))
    return ErrorBody(message=text(given.get("message")), codes=frozenset(codes))


# Message Batches of Anthropic: requests in, and when all are finished a file of results.

_AROUND_BATCH = (b'{"requests":[', b"]}")
LIMITS = BatchLimits(requests=100_000, size=256_000_000 - sum(map(len, _AROUND_BATCH)))

_BATCH_PATH = "/v1/messages/batches"
_FINISHED_BATCH = ("succeeded", "errored", "canceled", "expired")
_NOT_TRIED = {
    "expired": "the batch expired before the provider processed it",
    "canceled": "the batch was cancelled before the provider processed it",
}


class AnthropicBatches(SdkBatches):
    """The requests of one batch have the same headers, and here the same model."""

    limits = LIMITS

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
        content = b",".join(item.line for item in items).join(_AROUND_BATCH)
        options = {"headers": {"Content-Type": "application/json", **headers}}
        return _progress(
            await self._api.begin(_BATCH_PATH, deadline_s, content=content, options=options)
        )

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

    async def _newest(
        self, intent: BatchIntent, deadline_s: float
    ) -> AsyncIterator[Mapping[str, Any]]:
        """The batches of the account, newest first, that are not older than the intent."""
        after = ""
        for _ in range(MOST_PAGES):
            page = await self._api.get(f"{_BATCH_PATH}?limit={BATCHES_A_PAGE}{after}", deadline_s)
            found = items(page.get("data"))
            for batch in found:
                if _created_s(batch) < intent.created_s - CLOCKS_S:
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
    return f"{_BATCH_PATH}{path_of(identity)}"


def _may_be(batch: Mapping[str, Any], intent: BatchIntent) -> bool:
    total = sum(_counts(batch))
    return batch.get("id") not in intent.taken and total == len(intent.custom_ids)


def _counts(batch: Mapping[str, Any]) -> Iterator[int]:
    counts = mapping(batch.get("request_counts"))
    return (count(counts.get(name)) for name in (*_FINISHED_BATCH, "processing"))


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
        done=sum(count(counts.get(name)) for name in _FINISHED_BATCH),
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


@provider("anthropic")
class Anthropic(PostingProvider):
    """The API of Anthropic."""

    _errors = errors_of(anthropic, anthropic.AnthropicError, _error_body, _STATUSES)
    _stream_class = anthropic.AsyncStream[object]

    def _call(self, request: Request) -> Call:
        return call_of(request)

    def batches(self) -> Batches:
        """Its batch API, at half the price."""
        return AnthropicBatches(self._batch_api())

    def _new_client(self, limit: Limit) -> Any:
        address = httpx2.URL(address_of(self._profile).rstrip("/").removesuffix("/v1"))
        classes = anthropic.AsyncAnthropic, anthropic.DefaultAsyncHttpxClient
        return self._connected(*classes, address, limit, open_telemetry=False)
