"""Calls the OpenAI API and compatible servers: four APIs, streams and batches.

Any value of a response may be missing or have another type.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from sys import float_info
from time import time
from typing import Any

import httpx2
import openai

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
    error_response,
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
    OWN,
    Batches,
    BatchIntent,
    BatchItem,
    BatchLimits,
    BatchProgress,
    BatchResult,
    Failure,
    OnText,
    api_of,
)
from promptops.evals.providers.endpoint import address_of
from promptops.evals.providers.registry import provider
from promptops.model.answer import Answer, Usage
from promptops.model.prompt import Request
from promptops.records import field, record, replace
from promptops.runtime.request.api_limits import COMPATIBLE_RESPONSES
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.request.openai import chat_arguments, response_arguments

DIGITS = 6
"""Significant digits of each number of a vector: enough for a cosine, and the line stays short."""

_FINISHED = {"max_output_tokens": "length", "content_filter": "content_filter"}


def _error_body(error: Mapping[str, Any]) -> ErrorBody:
    return ErrorBody(
        message=text(error.get("message")),
        codes={text(error.get("code")), text(error.get("type"))} - {""},
        parameter=text(error.get("param")),
    )


_ERRORS = errors_of(openai, openai.OpenAIError, _error_body)


def call_of(request: Request) -> Call:
    """The call for a request; raises Failure if no API can express it.

    Also for options that return several answers, or streams: the budget is based on the request.
    """
    name = api_of(request)
    api = APIS.get(name)
    if api is None:
        message = f"there is no API `{name}`; expected one of {', '.join(APIS)}"
        raise Failure(message=message, kind="refused")
    options = mapping(request.provider_options.get(OWN))
    refuse_options(OWN, options, contradict=("model", "messages", "input"), managed=())
    if name == "responses":
        refuse_inexpressible(request, COMPATIBLE_RESPONSES)
    others = {key: value for key, value in options.items() if key != "api"}
    options = {**request.provider_options, OWN: others}
    arguments = api.arguments(replace(request, provider_options=options))
    extra = arguments.pop("extra_body", None) or {}
    body = {**arguments, **extra}
    for name, harmless in (("stream", (None, False)), ("n", (None, 1))):
        if body.get(name) not in harmless:
            message = f"`{name}` in `provider_options.{OWN}` requests more than one answer"
            raise Failure(message=message, kind="refused")
    return Call(api=api, body=body)


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
        raise _ERRORS.in_response(body.get("error"), {}, 0.0)
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


# Streams of the two APIs that answer with text: their events become the body of one response.


@record(slots=True)
class _ToolCall:
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
        self._calls: list[_ToolCall] = []
        self._call_at: dict[Any, _ToolCall] = {}
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
            call = self._call_at[index] = _ToolCall(delta.get("id"), name)
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
            raise _ERRORS.in_response(event, {}, 0.0)

    def whole(self) -> dict[str, Any]:
        if self._body is None:
            raise interrupted()
        return self._body


APIS: Mapping[str, PostedApi] = {
    "chat": PostedApi(
        path="/chat/completions",
        arguments=chat_arguments,
        answer=_completion,
        streamed=_Chunks,
        stream_options={"stream": True, "stream_options": {"include_usage": True}},
    ),
    "responses": PostedApi(
        path="/responses", arguments=response_arguments, answer=_response, streamed=_Events
    ),
    "embeddings": PostedApi(path="/embeddings", arguments=_one_text, answer=_vector),
    "moderations": PostedApi(path="/moderations", arguments=_one_text, answer=_flagged),
}
"""By the names that `api_of` returns."""


# The Batch API of OpenAI: a file of requests, a batch, a file of answers and one of errors.

LIMITS = BatchLimits(requests=50_000, size=200_000_000)

_VERSION = "/v1"
_BATCH_NAME_KEY = "promptops"
"""The key of our name for a batch in its metadata."""
_MULTIPART = {"headers": {"Content-Type": "multipart/form-data"}}
_ENDED_BATCH = {
    "completed": "",
    "failed": "the provider refused the batch",
    "expired": "the batch expired before the provider processed it",
    "cancelled": "the batch was cancelled before the provider processed it",
}


class OpenAIBatches(SdkBatches):
    """One file has the requests of one model to one API."""

    limits = LIMITS

    def item(self, custom_id: str, request: Request) -> BatchItem:
        call = call_of(request)
        url = f"{_VERSION}{call.api.path}"
        line = {"custom_id": custom_id, "method": "POST", "url": url, "body": call.body}
        return BatchItem(
            custom_id=custom_id, group=f"{url} {call.body.get('model')}", line=request_line(line)
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
        for _ in range(MOST_PAGES):
            page = await self._api.get(f"/batches?limit={BATCHES_A_PAGE}{after}", deadline_s)
            found = items(page.get("data"))
            for batch in found:
                if mapping(batch.get("metadata")).get(_BATCH_NAME_KEY) == intent.mark:
                    return _progress(batch)
            oldest = min((count(batch.get("created_at")) for batch in found), default=0)
            if page.get("has_more") is not True or oldest < intent.created_s - CLOCKS_S:
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


def _api_of(batch: Mapping[str, Any]) -> PostedApi:
    path = text(batch.get("endpoint")).removeprefix(_VERSION)
    found = next((api for api in APIS.values() if api.path == path), None)
    if found is None:
        raise bad_answer("is a batch for an unknown API")
    return found


def _outcome(line: Mapping[str, Any], api: PostedApi) -> Answer | Failure:
    """The answer in a line of a file of results, or the reason why it is missing."""
    response, error = mapping(line.get("response")), mapping(line.get("error"))
    body, status = mapping(response.get("body")), response.get("status_code")
    try:
        if status == 200 and not body.get("error"):
            return api.answer(body)
    except Failure as failure:
        return failure
    if isinstance(status, int):
        return error_response(status, _error_body(mapping(body.get("error"))), {}, time())
    message = text(error.get("message")) or "the batch has neither an answer nor an error for it"
    return Failure(message=message, kind="refused")


@provider("openai")
class OpenAI(PostingProvider):
    """The API of OpenAI, and of every server that speaks its protocol."""

    _errors = _ERRORS
    _stream_class = openai.AsyncStream[object]

    def _call(self, request: Request) -> Call:
        return call_of(request)

    def batches(self) -> Batches:
        """Its batch API, at half the price."""
        return OpenAIBatches(self._batch_api())

    def _new_client(self, limit: Limit) -> Any:
        address = httpx2.URL(address_of(self._profile))
        classes = openai.AsyncOpenAI, openai.DefaultAsyncHttpxClient
        client = self._connected(*classes, address, limit)
        # Values that the package reads from the environment may be for another address.
        if self._profile.base_url is not None:
            client.organization = client.project = None
        return client
