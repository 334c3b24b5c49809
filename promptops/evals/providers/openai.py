"""Calls the OpenAI API and compatible servers: four APIs, streams and batches.

Any value of a response may be missing or have another type.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from sys import float_info
from time import time
from typing import Any, Protocol

import httpx2
import openai

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
    request_line,
    status_in,
    text,
    timed_out,
    tool_call,
    valid_address,
)
from promptops.evals.providers import (
    OWN,
    Batches,
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
    OnText,
    Reply,
    api_of,
)
from promptops.evals.providers.endpoint import address_of
from promptops.evals.providers.redaction import secrets_of
from promptops.evals.providers.registry import provider
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.records import field, record, replace
from promptops.runtime.request.api_limits import COMPATIBLE_RESPONSES
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.request.openai import chat_arguments, response_arguments

DIGITS = 6
"""Significant digits of each number of a vector: enough for a cosine, and the line stays short."""

_FINISHED = {"max_output_tokens": "length", "content_filter": "content_filter"}


@record(frozen=True, slots=True, kw_only=True)
class Api:
    """One API.

    Attributes:
        path: Appended to the server's address.
        arguments: From a request to its body; raises Failure if the API can't send it.
        answer: From the body of a response to the answer; raises Failure if it is missing.
    """

    path: str
    arguments: Callable[[Request], dict[str, Any]]
    answer: Callable[[Mapping[str, Any]], Answer]


def _completion(body: Mapping[str, Any]) -> Answer:
    """The first choice of a chat completion."""
    choices = items(body.get("choices"))
    if not choices or not isinstance(choices[0].get("message"), dict):
        raise bad_answer("is not a chat completion")
    message = choices[0]["message"]
    calls = [mapping(call.get("function")) for call in items(message.get("tool_calls"))]
    usage = mapping(body.get("usage"))
    return Answer(
        text=text(message.get("content")) or text(message.get("refusal")),
        tool_calls=tuple(tool_call(call.get("name"), call.get("arguments")) for call in calls),
        finish_reason=text(choices[0].get("finish_reason")) or "stop",
        model=text(body.get("model")),
        fingerprint=text(body.get("system_fingerprint")) or None,
        usage=Usage(
            input=count(usage.get("prompt_tokens")),
            output=count(usage.get("completion_tokens")),
            cached=count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        ),
    )


def _response(body: Mapping[str, Any]) -> Answer:
    """Text and tool calls of a response of the Responses API."""
    if body.get("status") == "failed":
        raise failure_in_response(body.get("error"), {}, 0.0)
    if not isinstance(body.get("output"), list):
        raise bad_answer("is not a response")
    output = items(body["output"])
    calls = tuple(
        tool_call(item.get("name"), item.get("arguments"))
        for item in output
        if item.get("type") == "function_call"
    )
    usage = mapping(body.get("usage"))
    return Answer(
        text="".join(_output_texts(output)),
        tool_calls=calls,
        finish_reason=_finish_reason(body, bool(calls)),
        model=text(body.get("model")),
        usage=Usage(
            input=count(usage.get("input_tokens")),
            output=count(usage.get("output_tokens")),
            cached=count(mapping(usage.get("input_tokens_details")).get("cached_tokens")),
        ),
    )


def _output_texts(output: list[Mapping[str, Any]]) -> Iterator[str]:
    for item in output:
        if item.get("type") == "message":
            for part in items(item.get("content")):
                yield text(part.get("text")) or text(part.get("refusal"))


def _finish_reason(body: Mapping[str, Any], has_calls: bool) -> str:
    if body.get("status") == "incomplete":
        reason = text(mapping(body.get("incomplete_details")).get("reason"))
        return _FINISHED.get(reason, reason or "length")
    return "tool_calls" if has_calls else "stop"


def _one_text(request: Request) -> dict[str, Any]:
    """The body of a request about one text; raises Failure if the request has more."""
    texts = [message.get("content") for message in request.messages]
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise Failure(message="this API accepts only one message of text", kind="refused")
    options = request.provider_options.get(OWN, {})
    return {"model": request.model.get("id"), "input": texts[0], **options}


def _vector(body: Mapping[str, Any]) -> Answer:
    """The first embedding, as the text of an answer: `{"vector": [...]}`."""
    found = items(body.get("data"))
    vector = found[0].get("embedding") if found else None
    if not isinstance(vector, list) or not vector:
        raise bad_answer("is not an embedding")
    return Answer(
        text=canonical_json({"vector": [_rounded(number) for number in vector]}),
        model=text(body.get("model")),
        usage=Usage(input=count(mapping(body.get("usage")).get("prompt_tokens"))),
    )


def _rounded(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise bad_answer("is an embedding of something other than numbers")
    if not abs(number) <= float_info.max:  # false of NaN, too
        raise bad_answer("is an embedding with a number that is not finite")
    return float(f"{number:.{DIGITS}g}")


def _flagged(body: Mapping[str, Any]) -> Answer:
    """The flagged categories, sorted, as the text of an answer: `{"flagged": [...]}`."""
    found = items(body.get("results"))
    categories = found[0].get("categories") if found else None
    if not isinstance(categories, dict):
        raise bad_answer("is not a moderation result")
    if not all(flag is None or isinstance(flag, bool) for flag in categories.values()):
        raise bad_answer("is a moderation result whose categories are neither true nor false")
    flagged = sorted(text(name) for name, flag in categories.items() if flag)
    if found[0].get("flagged") is True and not flagged:
        raise bad_answer("is a moderation result that flags the text without naming a category")
    return Answer(text=canonical_json({"flagged": flagged}), model=text(body.get("model")))


APIS: Mapping[str, Api] = {
    "chat": Api(path="/chat/completions", arguments=chat_arguments, answer=_completion),
    "responses": Api(path="/responses", arguments=response_arguments, answer=_response),
    "embeddings": Api(path="/embeddings", arguments=_one_text, answer=_vector),
    "moderations": Api(path="/moderations", arguments=_one_text, answer=_flagged),
}
"""By the names that `api_of` returns."""


# Streams of the two APIs that answer with text: their events become the body of one response.
#
# Any value of an event may be missing or have another type.


class StreamedBody(Protocol):
    """The body of a response, as far as it has arrived; text is passed on at once."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Add the next event; raises Failure if it is an error."""

    def whole(self) -> dict[str, Any]:
        """The body, as without a stream; raises Failure if the stream ended early."""


@record(frozen=True, slots=True, kw_only=True)
class Streaming:
    """How one API streams.

    Attributes:
        options: Added to the body of a request.
        body: An empty body; the function gets each piece of text.
    """

    options: Mapping[str, Any]
    body: Callable[[OnText], StreamedBody]


@record(slots=True)
class _Call:
    """A tool call; its arguments arrive in pieces."""

    identity: Any
    name: str
    arguments: list[str] = field(default_factory=list)


class _Chunks:
    """Chunks of a chat completion; only the first choice counts."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._facts: dict[str, Any] = {}
        self._pieces: dict[str, list[str]] = {"content": [], "refusal": []}
        self._calls: list[_Call] = []
        self._call_at: dict[Any, _Call] = {}
        self._finish_reason: Any = None

    def add(self, event: Mapping[str, Any]) -> None:
        names = ("model", "system_fingerprint", "usage")
        self._facts |= {name: event[name] for name in names if event.get(name)}
        for choice in items(event.get("choices")):
            if choice.get("index", 0) == 0:
                self._add_delta(mapping(choice.get("delta")))
                self._finish_reason = choice.get("finish_reason") or self._finish_reason

    def whole(self) -> dict[str, Any]:
        if self._finish_reason is None:
            raise interrupted()
        calls = [
            {"function": {"name": call.name, "arguments": "".join(call.arguments)}}
            for call in self._calls
        ]
        texts = {name: "".join(pieces) for name, pieces in self._pieces.items()}
        message = {**texts, "tool_calls": calls}
        choice = {"message": message, "finish_reason": self._finish_reason}
        return {**self._facts, "choices": [choice]}

    def _add_delta(self, delta: Mapping[str, Any]) -> None:
        for name, pieces in self._pieces.items():
            piece = text(delta.get(name))
            # The text of an answer is its content; a refusal counts only without content.
            if piece and (name == "content" or not self._pieces["content"]):
                pieces.append(piece)
                self._on_text(piece)
        for call in items(delta.get("tool_calls")):
            self._add_call(call)

    def _add_call(self, delta: Mapping[str, Any]) -> None:
        """Part of a call; some servers give all calls the same index."""
        function = mapping(delta.get("function"))
        index, name = delta.get("index"), text(function.get("name"))
        call = self._call_at.get(index)
        if call is None or (name and delta.get("id") not in (None, "", call.identity)):
            call = self._call_at[index] = _Call(delta.get("id"), name)
            self._calls.append(call)
        call.arguments.append(text(function.get("arguments")))


_TEXT_EVENTS = ("response.output_text.delta", "response.refusal.delta")
_LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed")


class _Events:
    """Events of the Responses API; the last one has the whole body."""

    def __init__(self, on_text: OnText) -> None:
        self._on_text = on_text
        self._body: dict[str, Any] | None = None

    def add(self, event: Mapping[str, Any]) -> None:
        kind = event.get("type")
        if kind in _TEXT_EVENTS:
            self._on_text(text(event.get("delta")))
        elif kind in _LAST_EVENTS:
            self._body = dict(mapping(event.get("response")))
        elif kind == "error":
            raise failure_in_response(event, {}, 0.0)

    def whole(self) -> dict[str, Any]:
        if self._body is None:
            raise interrupted()
        return self._body


STREAMING: Mapping[str, Streaming] = {
    "chat": Streaming(
        options={"stream": True, "stream_options": {"include_usage": True}}, body=_Chunks
    ),
    "responses": Streaming(options={"stream": True}, body=_Events),
}
"""By the names that `api_of` returns; the other APIs can't stream."""


# Convert errors of the `openai` package, and those in responses, to failures.
#
# The messages are not redacted yet.


def _failure(error: Exception, now_s: float) -> Failure:
    """The failure for an error of the package."""
    if isinstance(error, openai.APIStatusError):
        return error_response(
            error.status_code, _error_body(error.body), error.response.headers, now_s
        )
    if isinstance(error, openai.APITimeoutError):
        return timed_out()
    return no_connection(error)


ERRORS = Errors(base=openai.OpenAIError, failure=_failure)


def failure_in_response(error: Any, headers: Mapping[str, str], now_s: float) -> Failure:
    """For an error that a gateway sends with status 200; `now_s` is Unix time."""
    return error_response(status_in(error), _error_body(error), headers, now_s)


def _error_body(body: Any) -> ErrorBody:
    error = body if isinstance(body, Mapping) else {}
    message, parameter = error.get("message"), error.get("param")
    return ErrorBody(
        message=message if isinstance(message, str) else "",
        codes={value for name in ("code", "type") if isinstance(value := error.get(name), str)},
        parameter=parameter if isinstance(parameter, str) else "",
    )


# One client of the `openai` package for a whole run; responses are parsed here.
#
# The package's own response classes cost half of the time of a request, and accept any shape.


@provider("openai")
class OpenAI(SdkProvider):
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
        """Its Batch API."""
        return OpenAIBatches(_client(self._profile, self._key, bounded_file), self._secrets)

    async def _reply(self, request: Request) -> Reply:
        api = _api(request)
        arguments = _body(api.arguments(_without_api(request)))
        response = await self._client.post(api.path, cast_to=httpx2.Response, body=arguments)
        limits = rate_limits(response.headers, time())
        return Reply(answer=api.answer(_parsed(response)), limits=limits)

    async def _streamed(self, request: Request, on_text: OnText) -> Reply:
        api, streaming = _api(request), STREAMING.get(api_of(request))
        if streaming is None:
            reply = await self._reply(request)
            on_text(reply.answer.text)
            return reply
        body = {**_body(api.arguments(_without_api(request))), **streaming.options}
        async with await self._open(api, body) as stream:
            if is_json(stream.response):  # although a stream was requested
                await stream.response.aread()
                answer = api.answer(_parsed(stream.response))
                on_text(answer.text)
            else:
                answer = api.answer(await _joined(stream, streaming.body(on_text)))
        return Reply(answer=answer, limits=rate_limits(stream.response.headers, time()))

    async def _open(self, api: Api, body: dict[str, Any]) -> openai.AsyncStream[object]:
        """A stream of events, each as parsed JSON."""
        return await self._client.post(
            api.path,
            cast_to=object,
            body=body,
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )


def _api(request: Request) -> Api:
    name = api_of(request)
    api = APIS.get(name)
    if api is None:
        message = f"there is no API `{name}`; expected one of {', '.join(APIS)}"
        raise Failure(message=message, kind="refused")
    # The budget is based on the request.
    options = mapping(request.provider_options.get(OWN))
    refuse_options(OWN, options, contradict=("model", "messages", "input"), managed=())
    if name == "responses":
        refuse_inexpressible(request, COMPATIBLE_RESPONSES)
    return api


async def _joined(stream: openai.AsyncStream[object], body: StreamedBody) -> dict[str, Any]:
    """The body that the events of a stream are parts of; raises Failure if one is missing."""
    try:
        async for event in stream:
            body.add(mapping(event))
    except (ValueError, RecursionError):
        raise bad_answer("is a stream of something other than JSON") from None
    except openai.APIError as error:
        if error.body is None:
            raise
        raise failure_in_response(error.body, stream.response.headers, time()) from None
    return body.whole()


def path_and_body(request: Request) -> tuple[str, dict[str, Any]]:
    """The path and the body of a request; raises Failure if no API can express it."""
    api = _api(request)
    return api.path, _body(api.arguments(_without_api(request)))


def _client(
    profile: ModelProfile, key: str | None, limit: Callable[[httpx2.Response], Awaitable[None]]
) -> openai.AsyncOpenAI:
    address = httpx2.URL(address_of(profile))
    client = openai.AsyncOpenAI(
        api_key=key or NO_KEY,
        base_url=address.copy_with(username="", password=""),  # addresses are written into logs
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_S),
            auth=credentials_in(address),
            follow_redirects=False,  # the API key is sent only to the configured address
            event_hooks={"response": [limit]},
        ),
    )
    # Values that the package reads from the environment may be for another address.
    client._custom_headers = {"Accept-Encoding": "identity", **profile.headers}
    if profile.base_url is not None:
        client.organization = client.project = None
    return client


def _without_api(request: Request) -> Request:
    options = {
        key: value for key, value in request.provider_options.get(OWN, {}).items() if key != "api"
    }
    return replace(request, provider_options={**request.provider_options, OWN: options})


def _body(arguments: dict[str, Any]) -> dict[str, Any]:
    """The request body; raises Failure for options that return several answers, or streams."""
    body = {**arguments, **(arguments.get("extra_body") or {})}
    body.pop("extra_body", None)
    for name, harmless in (("stream", (None, False)), ("n", (None, 1))):
        if body.get(name) not in harmless:
            message = f"`{name}` in `provider_options.{OWN}` requests more than one answer"
            raise Failure(message=message, kind="refused")
    return body


def _parsed(response: httpx2.Response) -> dict[str, Any]:
    value = json_object(response.content)
    if value.get("error"):
        raise failure_in_response(value["error"], response.headers, time())
    return value


# The Batch API of OpenAI: a file of requests, a batch, a file of answers and one of errors.

LIMITS = BatchLimits(requests=50_000, size=200_000_000)

_VERSION = "/v1"
_BATCH_NAME_KEY = "promptops"
"""The key of our name for a batch in its metadata."""
_MULTIPART = {"headers": {"Content-Type": "multipart/form-data"}}
_BATCHES_A_PAGE = 100
_MOST_PAGES = 50
_CLOCKS_S = 3600
"""How far the clocks of this machine and the server may differ."""
_ENDED_BATCH = {
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
            "metadata": {_BATCH_NAME_KEY: mark},
        }
        return _progress(await self._api.post("/batches", deadline_s, body=body))

    async def find(self, intent: BatchIntent, deadline_s: float) -> BatchProgress | None:
        after = ""
        for _ in range(_MOST_PAGES):
            page = await self._api.get(f"/batches?limit={_BATCHES_A_PAGE}{after}", deadline_s)
            found = items(page.get("data"))
            for batch in found:
                if mapping(batch.get("metadata")).get(_BATCH_NAME_KEY) == intent.mark:
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
        ended=status in _ENDED_BATCH,
        cancelling=status == "cancelling",
        done=count(counts.get("completed")) + count(counts.get("failed")),
        reason=_reason(batch, _ENDED_BATCH.get(status, "")),
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
        return error_response(status, _error_body(body.get("error")), {}, time())
    message = text(error.get("message")) or "the batch has neither an answer nor an error for it"
    return Failure(message=message, kind="refused")
