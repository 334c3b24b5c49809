"""What providers share that call an HTTP API by an official package."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from time import time
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import quote

import httpx2

from promptops.errors import UsageError
from promptops.evals.providers import (
    Failure,
    FailureKind,
    OnText,
    RateLimits,
    Reply,
    Window,
)
from promptops.evals.providers.redaction import redacted, secrets_of
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import field, record
from promptops.runtime.loading.server_time import seconds_from
from promptops.runtime.request.api_limits import Api
from promptops.runtime.request.unsupported import unsupported


def refuse_options(
    provider: str,
    options: Mapping[str, Any],
    *,
    contradict: Collection[str],
    managed: Collection[str],
) -> None:
    """Raises Failure for options, also in `extra_body`, that may not be set.

    `contradict` names what the prompt has, on which the budget is based; `managed` names
    what promptops sets itself.
    """
    named = {_spelled(name) for name in (*options, *mapping(options.get("extra_body")))}
    for name in (*contradict, *managed):
        if _spelled(name) in named:
            why = "contradicts the prompt" if name in contradict else "is not supported"
            message = f"`{name}` in `provider_options.{provider}` {why}"
            raise Failure(message=message, kind="refused")


def _spelled(name: object) -> str:
    """Equal for `base_url` and `baseUrl`: some clients accept both."""
    return str(name).replace("_", "").lower()


def refuse_inexpressible(request: Request, api: Api) -> None:
    """Raises Failure for the first field that an API can't express."""
    for found in unsupported(request, api):
        raise Failure(message=f"{found.message}, at {found.at}", kind="refused")


# Values of a response, any of which may be missing or have another type.


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string that UTF-8 can encode; "" for anything else."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def count(value: Any) -> int:
    """A number of tokens; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def tool_call(name: Any, arguments: Any) -> Mapping[str, Any]:
    """A tool call; its arguments as JSON data, or as a string if they are not JSON."""
    return {"name": text(name), "arguments": _arguments(arguments)}


def _arguments(given: Any) -> Any:
    if given is None:
        return {}
    try:
        value = json.loads(given) if isinstance(given, str) else given
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return text(given if isinstance(given, str) else json.dumps(given))
    return value


# Providers: each request is tried once, without the retries of the package.

NO_KEY = "no-key"
"""For servers without API keys: the packages require one."""


class SdkProvider(ABC):
    """See `StreamingProvider`."""

    _errors: ClassVar[Errors]
    _secrets: tuple[str, ...]

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        return await single_try(self._reply(request), deadline_s, self._errors, self._secrets)

    async def stream(self, request: Request, deadline_s: float, on_text: OnText) -> Reply:
        pieces = 0

        def pass_on(piece: str) -> None:
            nonlocal pieces
            pieces += 1
            on_text(piece)

        streamed = self._streamed(request, pass_on)
        reply = await single_try(streamed, deadline_s, self._errors, self._secrets)
        if reply.answer.text and not pieces:  # the reason of a refusal, or no stream
            on_text(reply.answer.text)
        return reply

    @abstractmethod
    async def _reply(self, request: Request) -> Reply: ...

    @abstractmethod
    async def _streamed(self, request: Request, on_text: OnText) -> Reply: ...


class StreamedBody(Protocol):
    """The body of a response, as far as it has arrived; text is passed on at once."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Add the next event, of which any value may be missing or have another type.

        Raises Failure if it is an error.
        """

    def whole(self) -> dict[str, Any]:
        """The body, as without a stream; raises Failure if the stream ended early."""


@record(frozen=True, slots=True, kw_only=True)
class PostedApi:
    """An API to which a request is posted as JSON.

    Attributes:
        path: Appended to the server's address.
        arguments: From a request to its body; raises Failure if the API can't send it.
        answer: From the body of a response to the answer; raises Failure if it is missing.
        streamed: An empty body, which gets each piece of text; None if the API can't stream.
        stream_options: Added to the body of a request for a stream.
    """

    path: str
    arguments: Callable[[Request], dict[str, Any]]
    answer: Callable[[Mapping[str, Any]], Answer]
    streamed: Callable[[OnText], StreamedBody] | None = None
    stream_options: Mapping[str, Any] = field(default_factory=lambda: {"stream": True})


@record(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of an API: its body as JSON data, and headers that select a version."""

    api: PostedApi
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class PostingProvider(SdkProvider):
    """Posts to one address with one key by one client of a package, and parses the responses.

    The package's own response classes cost half of the time of a request, and accept any shape.
    """

    _stream_class: ClassVar[type[Any]]

    def __init__(self, profile: ModelProfile, key: str | None) -> None:
        """Raises UsageError if the profile's address is invalid."""
        with valid_address(profile):
            self._profile, self._key = profile, key
            self._secrets = secrets_of(profile, key)
            self._client = self._new_client(bounded)

    @abstractmethod
    def _call(self, request: Request) -> Call:
        """The call for a request; raises Failure if the API can't express it."""

    @abstractmethod
    def _new_client(self, limit: Limit) -> Any:
        """A client with the profile and the key; see `_connected`."""

    def _connected(
        self, client: Any, http: Any, address: httpx2.URL, limit: Limit, **settings: Any
    ) -> Any:
        """A client of a package, from its classes of clients and of HTTP clients."""
        connected = client(
            api_key=self._key or NO_KEY,
            base_url=address.copy_with(username="", password=""),  # addresses are written into logs
            max_retries=0,
            http_client=http(
                timeout=httpx2.Timeout(None, connect=CONNECT_S),
                auth=credentials_in(address),
                follow_redirects=False,  # the API key is sent only to the configured address
                event_hooks={"response": [limit]},
            ),
            **settings,
        )
        # Headers that the package reads from the environment may be for another address.
        connected._custom_headers = {"Accept-Encoding": "identity", **self._profile.headers}
        return connected

    async def close(self) -> None:
        await self._client.close()

    def _batch_api(self) -> BatchApi:
        client = self._new_client(bounded_file)
        return BatchApi(client, self._stream_class, self._errors, self._secrets)

    async def _reply(self, request: Request) -> Reply:
        call = self._call(request)
        response = await self._client.post(
            call.api.path,
            cast_to=httpx2.Response,
            body=call.body,
            options={"headers": call.headers},
        )
        limits = rate_limits(response.headers, time())
        return Reply(answer=call.api.answer(self._parsed(response)), limits=limits)

    async def _streamed(self, request: Request, on_text: OnText) -> Reply:
        call = self._call(request)
        if call.api.streamed is None:
            return await self._reply(request)
        opened = await self._client.post(
            call.api.path,
            cast_to=object,
            body={**call.body, **call.api.stream_options},
            options={"headers": call.headers},
            stream=True,
            stream_cls=self._stream_class,
        )
        async with opened as stream:
            answer = call.api.answer(await self._joined(stream, call.api.streamed(on_text)))
        return Reply(answer=answer, limits=rate_limits(stream.response.headers, time()))

    async def _joined(self, stream: Any, body: StreamedBody) -> dict[str, Any]:
        """The body that the events of a stream are parts of; raises Failure if one is missing."""
        if _type(stream.response) == "application/json":  # although a stream was requested
            await stream.response.aread()
            return self._parsed(stream.response)
        try:
            async for event in stream:
                body.add(mapping(event))
        except (ValueError, RecursionError):
            raise bad_answer("is a stream of something other than JSON") from None
        except self._errors.base as error:
            found = getattr(error, "body", None)
            if found is None:
                raise
            raise self._errors.in_response(found, stream.response.headers, time()) from None
        return body.whole()

    def _parsed(self, response: httpx2.Response) -> dict[str, Any]:
        value = json_object(response.content)
        if value.get("error"):
            raise self._errors.in_response(value["error"], response.headers, time())
        return value


@contextmanager
def valid_address(profile: ModelProfile) -> Iterator[None]:
    """Raises UsageError if a client refuses the address of the profile."""
    try:
        yield
    except (ValueError, httpx2.InvalidURL):
        raise UsageError(
            "this is not a valid address", where=f"models.{profile.name}.base_url"
        ) from None


# One try of a request, whose every error is a Failure without the API key.

T = TypeVar("T")


@record(frozen=True, slots=True, kw_only=True)
class Errors:
    """The errors of an SDK.

    Attributes:
        base: The class of all its errors.
        failure: The failure for one of them; also gets the Unix time.
        in_response: The failure for an error with status 200, as in a stream or from a gateway;
            gets the headers and the Unix time.
    """

    base: type[Exception]
    failure: Callable[[Exception, float], Failure]
    in_response: Callable[[Any, Mapping[str, str], float], Failure]


def errors_of(
    package: Any,
    base: type[Exception],
    body: Callable[[Mapping[str, Any]], ErrorBody],
    statuses: Mapping[str, int] = MappingProxyType({}),
) -> Errors:
    """The errors of `openai`, or of a package whose errors have the same names.

    `body` reads an error in a response; `statuses` has the status of a code that it may contain.
    """

    def failure(error: Exception, now_s: float) -> Failure:
        if isinstance(error, package.APIStatusError):
            headers: Mapping[str, str] = error.response.headers
            return error_response(error.status_code, body(_inner(error.body)), headers, now_s)
        return timed_out() if isinstance(error, package.APITimeoutError) else no_connection(error)

    def in_response(error: Any, headers: Mapping[str, str], now_s: float) -> Failure:
        found = body(_inner(error))
        known = (statuses[code] for code in found.codes if code in statuses)
        return error_response(next(known, status_in(_inner(error))), found, headers, now_s)

    return Errors(base=base, failure=failure, in_response=in_response)


def _inner(error: Any) -> Mapping[str, Any]:
    """The error in the body of an error response, which may be the error itself."""
    inner = mapping(error).get("error")
    return inner if isinstance(inner, dict) else mapping(error)


async def single_try(
    reply: Awaitable[T], deadline_s: float, errors: Errors, secrets: tuple[str, ...]
) -> T:
    """The reply, within the deadline; raises Failure, and nothing else for bad responses."""
    failure: Failure
    try:
        async with asyncio.timeout(deadline_s):
            return await reply
    except Failure as original:
        failure = original
    except TimeoutError:
        message = f"no answer within {deadline_s:.3g} s"
        failure = Failure(message=message, kind="timeout", retryable=True)
    except errors.base as error:
        failure = errors.failure(error, time())
    except httpx2.TimeoutException:
        failure = timed_out()
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        failure = no_connection(error)
    except (ValueError, TypeError) as error:  # raised while body and headers are encoded
        failure = Failure(message=f"the request can't be sent: {error}", kind="refused")
    failure.message = redacted(failure.message, secrets)
    failure.__context__ = None
    raise failure  # not in an `except`: the caught error contains the headers


# Responses of a limited size.

Limit = Callable[[httpx2.Response], Awaitable[None]]
MOST_BYTES = 8 * 2**20
MOST_FILE_BYTES = 1024 * 2**20


async def bounded(response: httpx2.Response) -> None:
    """Limit the size of a response; raises Failure if its headers already exceed the limit.

    Also raises it for a web page.
    """
    if response.is_success and _type(response) == "text/html":
        raise bad_answer("is a web page (text/html): is the address right?")
    _limit(response, MOST_BYTES)


async def bounded_file(response: httpx2.Response) -> None:
    """As `bounded`, for a file with the results of many requests."""
    _limit(response, MOST_FILE_BYTES)


def _limit(response: httpx2.Response, most: int) -> None:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # A few bytes could unpack to gigabytes, and no compression was requested.
        raise bad_answer("is compressed, although no compression was requested")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > most):
        raise _too_large(most)
    stream = response.stream
    if isinstance(stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(stream, most)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > self._most:
                raise _too_large(self._most)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _too_large(most: int) -> Exception:
    return bad_answer(f"is larger than {most // 2**20} MB")


def json_value(content: bytes) -> Any:
    """The JSON value of a response; raises Failure for anything else."""
    try:
        return json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise bad_answer("is not JSON") from None


def json_object(content: bytes) -> dict[str, Any]:
    """The JSON object of a response; raises Failure for anything else."""
    value = json_value(content)
    if not isinstance(value, dict):
        raise bad_answer("is not an object")
    return value


def _type(response: httpx2.Response) -> str:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


# Settings of connections.

# The HTTP library and asyncio import these during the first request. The event loop stops for as
# long, so that the latency of all first requests would be unknown.
for _name in ("anyio._backends._asyncio", "concurrent.futures.thread"):
    with suppress(ImportError):
        import_module(_name)

CONNECT_S = 10.0


def credentials_in(address: httpx2.URL) -> tuple[str, str] | None:
    """The user and password in an address."""
    return (address.username, address.password) if address.userinfo else None


# Failures of calls: error responses and broken connections, in our words and the server's.
#
# The messages are not redacted yet.

_FILTERED = frozenset({"content_filter", "content_policy_violation"})
_UNPAID = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_error",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
    }
)


@record(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """The error in a response.

    Attributes:
        message: For people, or "".
        codes: All codes and types by which clients can recognize it.
        parameter: The parameter of the request that the server refuses, or "".
    """

    message: str = ""
    codes: Collection[str] = ()
    parameter: str = ""


def bad_answer(why: str) -> Failure:
    """`why` completes "the answer …"."""
    return Failure(message=f"the answer {why}", kind="bad_answer")


def interrupted() -> Failure:
    """A stream ended before its last event."""
    message = "the stream ended before the answer was complete"
    return Failure(message=message, kind="connection", retryable=True)


def error_response(
    status: int, error: ErrorBody, headers: Mapping[str, str], now_s: float
) -> Failure:
    """For a response with an error; `headers` in any spelling, `now_s` is Unix time."""
    headers = {name.lower(): value for name, value in headers.items()}
    unpaid = not _UNPAID.isdisjoint(error.codes)
    return Failure(
        message=f"the server answered with status {status}{_details(status, error)}",
        kind=_kind(status, error.codes),
        retryable=(status in (408, 409, 429) or status >= 500) and not unpaid,
        retry_after_s=retry_after_s(headers, now_s),
        limits=rate_limits(headers, now_s),
    )


def status_in(error: Any) -> int:
    """The status that a gateway writes into an error that it sends with status 200, or 200."""
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, int) and 400 <= code < 600 else 200


def _details(status: int, error: ErrorBody) -> str:
    if 300 <= status < 400:
        return ": it redirects, and the API key is sent only to `base_url`"
    details = f": {error.message}" if error.message else ""
    if error.parameter and error.parameter not in error.message:
        details += f" (`{error.parameter}`)"
    return details


def _kind(status: int, codes: Collection[str]) -> FailureKind:
    if not _FILTERED.isdisjoint(codes):
        return "content_filter"
    if status == 429 and _UNPAID.isdisjoint(codes):
        return "rate"
    if status == 408:
        return "timeout"
    return "server" if status >= 500 else "refused"


def timed_out() -> Failure:
    """A connection was not established, or was silent, for too long."""
    return Failure(message="the connection timed out", kind="timeout", retryable=True)


def no_connection(error: BaseException) -> Failure:
    """For an error of the SDK, or of its HTTP library, without a response."""
    for cause in _causes(error):
        if isinstance(cause, Failure):  # raised by our own hook, and wrapped by the SDK
            return cause
    return Failure(message=_why(error), kind="connection", retryable=True)


def _why(error: BaseException) -> str:
    """The operating system's message about a connection, otherwise the library's."""
    for cause in _causes(error):
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused: is the server running?"
        if isinstance(cause, ConnectionError) and cause.errno:
            return os.strerror(cause.errno).lower()
        if isinstance(cause, socket.gaierror):
            return "the host is not found"
        if str(cause).startswith(_CLOSED):
            return "the server closed the connection"
    cause = error.__cause__ or error
    why = ": ".join(filter(None, (type(cause).__name__, str(cause))))
    return f"the connection failed: {why}"


_CLOSED = ("peer closed connection", "Server disconnected")
"""How the HTTP library begins these messages."""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and its causes; for several attempts those of the first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        attempts = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        cause = attempts[0] if attempts else cause.__cause__ or cause.__context__


# Parse the headers in which servers send their rate limits.

_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "requests": (
        "x-ratelimit-{}-requests",
        "anthropic-ratelimit-requests-{}",
        "x-ratelimit-{}",
        "ratelimit-{}",
    ),
    "tokens": (
        "x-ratelimit-{}-tokens",
        "anthropic-ratelimit-tokens-{}",
        "anthropic-ratelimit-input-tokens-{}",
    ),
}
_HEADER_COUNT = lazy_pattern(r"\s*(\d{1,15})(?!\d)")


def rate_limits(headers: Mapping[str, str], now_s: float) -> RateLimits:
    """The limits in a response; `headers` by lower-case names, `now_s` is Unix time."""
    return RateLimits(
        requests=_window("requests", headers, now_s), tokens=_window("tokens", headers, now_s)
    )


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds that the server asks clients to wait, or None if it sends no such header."""
    precise = seconds_from(headers.get("retry-after-ms", ""), now_s)
    return (
        seconds_from(headers.get("retry-after", ""), now_s) if precise is None else precise / 1000
    )


def _window(thing: str, headers: Mapping[str, str], now_s: float) -> Window:
    for spelling in _SPELLINGS[thing]:
        limit = _count(headers.get(spelling.format("limit"), ""))
        if limit:
            return Window(
                limit=limit,
                remaining=_count(headers.get(spelling.format("remaining"), "")),
                reset_s=seconds_from(headers.get(spelling.format("reset"), ""), now_s),
            )
    return Window()


def _count(written: str) -> int | None:
    found = _HEADER_COUNT.match(written)
    return int(found[1]) if found else None


# Calls of a batch API through the client of a provider's SDK.

BATCHES_A_PAGE = 100
MOST_PAGES = 50
CLOCKS_S = 3600
"""How far the clocks of this machine and the server may differ."""
_NO_SUCH_PATH = (404, 405, 501)
_BATCH_ID = lazy_pattern(r"[\w.:-]{1,200}")


class BatchApi:
    """The client of an SDK; the responses are parsed here.

    Every method raises Failure, and nothing else for bad responses.
    """

    def __init__(
        self, client: Any, stream_class: type[Any], errors: Errors, secrets: tuple[str, ...]
    ) -> None:
        """`client` is an asynchronous client, which it closes, `stream_class` its streams."""
        self._client = client
        self._stream_class = stream_class
        self._errors = errors
        self._secrets = secrets

    async def get(self, path: str, deadline_s: float) -> dict[str, Any]:
        """The JSON object at a path."""
        return await self._tried(self._client.get(path, cast_to=httpx2.Response), deadline_s)

    async def post(self, path: str, deadline_s: float, **arguments: Any) -> dict[str, Any]:
        """The JSON object that a server answers; `arguments` as the SDK takes them."""
        call = self._client.post(path, cast_to=httpx2.Response, **arguments)
        return await self._tried(call, deadline_s)

    async def begin(self, path: str, deadline_s: float, **arguments: Any) -> dict[str, Any]:
        """As `post`; a server without this path has no batch API: a failure `unsupported`."""

        async def call() -> httpx2.Response:
            try:
                found: httpx2.Response = await self._client.post(
                    path, cast_to=httpx2.Response, **arguments
                )
            except self._errors.base as error:
                status = getattr(error, "status_code", None)
                if status in _NO_SUCH_PATH:
                    message = f"the server has no batch API: status {status} for {path}"
                    raise Failure(message=message, kind="unsupported") from None
                raise
            return found

        return await self._tried(call(), deadline_s)

    async def lines(self, path: str, deadline_s: float) -> AsyncIterator[Mapping[str, Any]]:
        """The objects in a file with one JSON object in each line.

        Raises Failure after the readable ones if a line is damaged, or the file breaks off.
        """
        reading = _Lines()
        stream = await self._single(
            self._client.get(path, cast_to=object, stream=True, stream_cls=self._stream_class),
            deadline_s,
        )
        pieces = stream.response.aiter_bytes()
        try:
            while piece := await self._single(anext(pieces, b""), deadline_s):
                for value in reading.values(piece):
                    yield value
        finally:
            await stream.close()
        for value in reading.values(b"\n"):
            yield value
        if reading.damaged:
            raise bad_answer(f"has {counted(reading.damaged, 'result')} that can't be read")

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    async def _tried(self, call: Any, deadline_s: float) -> dict[str, Any]:
        async def parsed() -> dict[str, Any]:
            return json_object((await call).content)

        found: dict[str, Any] = await self._single(parsed(), deadline_s)
        return found

    async def _single(self, call: Any, deadline_s: float) -> Any:
        return await single_try(call, deadline_s, self._errors, self._secrets)


class _Lines:
    """Splits pieces of a file at newlines only: other line separators are a part of a string."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self.damaged = 0

    def values(self, piece: bytes) -> list[Mapping[str, Any]]:
        """The objects of the lines that a piece completes."""
        *ends, rest = piece.split(b"\n")
        lines = []
        for end in ends:
            lines.append(bytes(self._rest + end))
            self._rest.clear()
        self._rest += rest
        if len(self._rest) > MOST_BYTES:
            raise bad_answer(f"has a line of over {MOST_BYTES >> 20} MB")
        return [value for line in lines if line.strip() for value in self._parsed(line)]

    def _parsed(self, line: bytes) -> list[Mapping[str, Any]]:
        try:
            value = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return [value]
        self.damaged += 1
        return []


class SdkBatches:
    """See `Batches`; what those of the packages share."""

    def __init__(self, api: BatchApi) -> None:
        """It closes the client of the API at the end."""
        self._api = api

    async def close(self) -> None:
        await self._api.close()


def path_of(*parts: str) -> str:
    """A path with ids that a server sent; raises Failure for one that is not an id."""
    for part in parts:
        if not (_BATCH_ID.fullmatch(part) and part.strip(".")):
            raise bad_answer("has an id with invalid characters")
    return "/" + "/".join(quote(part, safe="") for part in parts)


def request_line(value: Mapping[str, Any]) -> bytes:
    """A request as one line of ASCII; raises Failure if JSON can't express it."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # no lone surrogate
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (ValueError, TypeError, RecursionError) as error:
        message = f"the request can't be sent: {error}"
        raise Failure(message=message, kind="refused") from None
