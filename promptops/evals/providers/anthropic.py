"""Calls Claude models, and servers with an Anthropic-compatible API: the Messages API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from time import time
from typing import Any

import anthropic
import httpx2

from promptops.evals.http_api import (
    CONNECT_S,
    NO_KEY,
    BatchApi,
    ErrorBody,
    Errors,
    SdkProvider,
    bad_answer,
    bounded,
    bounded_file,
    count,
    credentials_in,
    error_response,
    interrupted,
    is_json,
    items,
    json_object,
    mapping,
    no_connection,
    path_of,
    rate_limits,
    refuse_inexpressible,
    refuse_options,
    refuse_other_apis,
    request_line,
    status_in,
    text,
    timed_out,
    tool_call,
    valid_address,
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
    Reply,
)
from promptops.evals.providers.endpoint import address_of
from promptops.evals.providers.redaction import secrets_of
from promptops.evals.providers.registry import provider
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
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


@record(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the Messages API.

    Attributes:
        body: The request, as JSON data.
        headers: Those that select a version of the API.
    """

    body: Mapping[str, Any]
    headers: dict[str, str]


def call_of(request: Request) -> Call:
    """The call for a request; raises Failure if the API can't express it."""
    refuse_other_apis(request, _OWN)
    options = mapping(request.provider_options.get(_OWN))
    refuse_options(_OWN, options, contradict=_OF_THE_PROMPT, managed=_OF_THE_CLIENT)
    headers = _headers(options)
    refuse_inexpressible(request, APIS[_OWN])
    arguments = message_arguments(request)
    arguments.pop("extra_headers", None)
    extra = mapping(arguments.pop("extra_body", None))
    return Call(body={**arguments, **extra}, headers=headers)


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
    return Answer(
        text="".join(texts) or text(mapping(body.get("stop_details")).get("explanation")),
        tool_calls=calls,
        finish_reason=_finish_reason(text(body.get("stop_reason")), bool(calls)),
        model=text(body.get("model")),
        usage=usage_of(mapping(body.get("usage"))),
    )


def _finish_reason(reason: str, has_calls: bool) -> str:
    return _FINISHED.get(reason, reason) or ("tool_calls" if has_calls else "stop")


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
#
# Any value of an event may be missing or have another type.


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
    """The body of a message, as far as it has arrived; text is passed on at once.

    Attributes:
        has_text: Whether any text was passed on.
    """

    def __init__(self, on_text: OnText) -> None:
        self.has_text = False
        self._on_text = on_text
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[Any, _Block] = {}
        self._stopped = False

    def add(self, event: Mapping[str, Any]) -> None:
        """Add the next event; unknown ones are ignored."""
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
        """The body, as without a stream; raises Failure if the stream ended early."""
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
            self.has_text = True
            self._on_text(text(piece))


def _key(event: Mapping[str, Any]) -> str:
    """The index of a block, which may have any type."""
    return json.dumps(event.get("index"))


def _known(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """Later counts replace earlier ones; a missing one does not."""
    return {name: count for name, count in usage.items() if count is not None}


# Convert errors of the `anthropic` package, and those in responses, to failures.
#
# The messages are not redacted yet.

_STATUSES = {
    "rate_limit_error": 429,
    "timeout_error": 408,
    "api_error": 500,
    "overloaded_error": 529,
}


def _failure(error: Exception, now_s: float) -> Failure:
    """The failure for an error of the package."""
    if isinstance(error, anthropic.APIStatusError):
        headers = error.response.headers
        if error.status_code == 200:  # an error event in a stream
            return failure_in_response(mapping(error.body).get("error"), headers, now_s)
        body = mapping(error.body).get("error")
        return error_response(error.status_code, _body(body), headers, now_s)
    if isinstance(error, anthropic.APITimeoutError):
        return timed_out()
    return no_connection(error)


ERRORS = Errors(base=anthropic.AnthropicError, failure=_failure)


def failure_in_response(error: Any, headers: Mapping[str, str], now_s: float) -> Failure:
    """For an error that comes with status 200, as in a stream; `now_s` is Unix time."""
    body = _body(error)
    status = next((_STATUSES[code] for code in body.codes if code in _STATUSES), status_in(error))
    return error_response(status, body, headers, now_s)


def _body(error: Any) -> ErrorBody:
    given = mapping(error)
    details = mapping(given.get("details"))
    codes = filter(None, (text(given.get("type")), text(details.get("error_code"))))
    return ErrorBody(message=text(given.get("message")), codes=frozenset(codes))


# One client of the `anthropic` package for a whole run; responses are parsed here.

_PATH = "/v1/messages"


@provider("anthropic")
class Anthropic(SdkProvider):
    """Calls one address with one key; see `SdkProvider`."""

    _errors = ERRORS

    def __init__(self, profile: ModelProfile, key: str | None) -> None:
        """Raises UsageError if the profile's address is invalid."""
        with valid_address(profile):
            self._profile, self._key = profile, key
            self._secrets = secrets_of(profile, key)
            self._client = _client(profile, key, bounded)

    async def close(self) -> None:
        await self._client.close()

    def batches(self) -> Batches:
        """Its Message Batches API."""
        return AnthropicBatches(_client(self._profile, self._key, bounded_file), self._secrets)

    async def _reply(self, request: Request) -> Reply:
        call = call_of(request)
        response = await self._client.post(
            _PATH, cast_to=httpx2.Response, body=call.body, options={"headers": call.headers}
        )
        limits = rate_limits(response.headers, time())
        return Reply(answer=answer_of(_parsed(response)), limits=limits)

    async def _streamed(self, request: Request, on_text: OnText) -> Reply:
        message = StreamedMessage(on_text)
        async with await self._open(call_of(request)) as stream:
            answer = answer_of(await _joined(stream, message))
        if answer.text and not message.has_text:  # the reason of a refusal, or all in one piece
            on_text(answer.text)
        return Reply(answer=answer, limits=rate_limits(stream.response.headers, time()))

    async def _open(self, call: Call) -> anthropic.AsyncStream[object]:
        """A stream of events, each as parsed JSON."""
        return await self._client.post(
            _PATH,
            cast_to=object,
            body={**call.body, "stream": True},
            options={"headers": call.headers},
            stream=True,
            stream_cls=anthropic.AsyncStream[object],
        )


async def _joined(
    stream: anthropic.AsyncStream[object], message: StreamedMessage
) -> dict[str, Any]:
    """The message that the events of a stream are parts of; raises Failure if one is missing."""
    if is_json(stream.response):  # although a stream was requested
        await stream.response.aread()
        return _parsed(stream.response)
    try:
        async for event in stream:
            message.add(mapping(event))
    except (ValueError, RecursionError):
        raise bad_answer("is a stream of something other than JSON") from None
    return message.whole()


def _client(
    profile: ModelProfile, key: str | None, limit: Callable[[httpx2.Response], Awaitable[None]]
) -> anthropic.AsyncAnthropic:
    address = httpx2.URL(address_of(profile).rstrip("/").removesuffix("/v1"))
    client = anthropic.AsyncAnthropic(
        api_key=key or NO_KEY,
        base_url=address.copy_with(username="", password=""),  # addresses are written into logs
        max_retries=0,
        open_telemetry=False,
        http_client=anthropic.DefaultAsyncHttpxClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_S),
            auth=credentials_in(address),
            follow_redirects=False,  # the API key is sent only to the configured address
            event_hooks={"response": [limit]},
        ),
    )
    # Headers that the package reads from the environment may be for another address.
    client._custom_headers = {"Accept-Encoding": "identity", **profile.headers}
    return client


def _parsed(response: httpx2.Response) -> dict[str, Any]:
    value = json_object(response.content)
    if value.get("error"):
        raise failure_in_response(value["error"], response.headers, time())
    return value


# Message Batches of Anthropic: requests in, and when all are finished a file of results.

_AROUND_BATCH = (b'{"requests":[', b"]}")
LIMITS = BatchLimits(requests=100_000, size=256_000_000 - sum(map(len, _AROUND_BATCH)))

_BATCH_PATH = "/v1/messages/batches"
_BATCHES_A_PAGE = 100
_MOST_PAGES = 50
_CLOCKS_S = 3600
"""How far the clocks of this machine and the server may differ."""
_FINISHED_BATCH = ("succeeded", "errored", "canceled", "expired")
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

    async def close(self) -> None:
        await self._api.close()

    async def _newest(
        self, intent: BatchIntent, deadline_s: float
    ) -> AsyncIterator[Mapping[str, Any]]:
        """The batches of the account, newest first, that are not older than the intent."""
        after = ""
        for _ in range(_MOST_PAGES):
            page = await self._api.get(f"{_BATCH_PATH}?limit={_BATCHES_A_PAGE}{after}", deadline_s)
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
