"""Serve the workbench to the browser of this user: HTTP, who may call, and what is answered."""

from __future__ import annotations

import asyncio
import hmac
import math
import secrets
import socket
import traceback
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, Router

from promptops.commands.run.run import RunWatcher
from promptops.commands.run.saving import NewCaseFields
from promptops.commands.run.tried import Tried
from promptops.commands.ui.proposing import WantedProposal
from promptops.commands.ui.records import UiConflicts
from promptops.commands.ui.saving import Conflicts
from promptops.commands.ui.workbench import NotAllowed, TriedPrompt, Workbench, WorkbenchOptions
from promptops.errors import BUG, InputError, NotFound, PromptopsError, UsageError, os_reason
from promptops.evals.engine.ask import Interrupt
from promptops.model.internal_error import HINT, CaughtBug
from promptops.model.optimization import Goal
from promptops.model.prompt_run import ModelAnswer
from promptops.report.data_text import json_text, record_json
from promptops.terminal.shown_errors import stopped_command
from promptops.testing.model_calls import Unwatched
from promptops.workspace.given_inputs import parse_input_object
from promptops.workspace.message_texts import NotEditable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"
MAX_BODY_BYTES = 1024 * 1024
MAX_ROWS = 200
MAX_MODELS = 10
MAX_CONTAINED = 20
"""At most so many texts can be required in the answer."""
MAX_CALLS = 4
"""Requests for answers that are under way at a time."""

_T = TypeVar("_T")
_ASSETS = Path(__file__).parent / "assets"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/app.js": ("app.js", "text/javascript; charset=utf-8"),
    "/app.css": ("app.css", "text/css; charset=utf-8"),
}
"""Everything that is served without a token."""
_NONCE = b"@NONCE@"
"""In the page, stands for the nonce of its styles."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Server:
    """A workbench that listens on this machine only.

    Attributes:
        port: The port of 127.0.0.1.
        token: Who knows it may call `/api/`.
    """

    def __init__(self, options: WorkbenchOptions, port: int = 0) -> None:
        """Open the repository and listen.

        Args:
            port: 0 for any free one.

        Raises UsageError if the port is taken, and what opening a repository raises.
        """
        self._socket = _listening(port)
        self.port: int = self._socket.getsockname()[1]
        self.token = secrets.token_urlsafe(32)
        try:
            self._worker = _Worker(options)
        except BaseException:
            self._socket.close()
            raise
        app = _Guard(_router(self._worker), self.token, self.port)
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        """What the browser opens; the token is in the fragment, which no server gets."""
        return f"http://{HOST}:{self.port}/#token={self.token}"

    def run(self) -> None:
        """Serve until `stop` or Ctrl-C, which ends quietly."""
        try:
            self._server.run(sockets=[self._socket])
        except KeyboardInterrupt:
            pass
        finally:
            self._socket.close()
            self._worker.close()

    def stop(self) -> None:
        """End `run`; from any thread."""
        self._server.should_exit = True


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        reason = os_reason(error).partition(" (")[0]
        raise UsageError(
            f"port {port} can't be used: {reason}",
            hint="choose another one, or leave out --port for any free one",
        ) from None


class _Worker:
    """The workbench, in a thread of its own: it is used by one thread."""

    def __init__(self, options: WorkbenchOptions) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="workbench")
        try:
            self._bench = self._pool.submit(Workbench, options).result()
        except BaseException:
            self._pool.shutdown()
            raise
        self._pool.submit(self._warm, self._bench.warm())

    def close(self) -> None:
        self._pool.submit(self._bench.close)
        self._pool.shutdown()

    async def do(self, work: Callable[[Workbench], _T]) -> _T:
        """What the work on the workbench, with the files as they are now, returns."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._fresh, work)

    async def do_in_steps(self, work: Callable[[Workbench], Generator[None, None, _T]]) -> _T:
        """As `do`; other requests come in between the steps."""
        steps = await self.do(work)
        while not (ended := await self.do(lambda _: _step(steps))):
            pass
        return ended[0]

    def _fresh(self, work: Callable[[Workbench], _T]) -> _T:
        self._bench.refresh()
        return work(self._bench)

    def _warm(self, steps: Iterator[None]) -> None:
        """One step of the work that makes later requests faster; others come in between."""
        if next(steps, steps) is not steps:
            with suppress(RuntimeError):  # the server ends
                self._pool.submit(self._warm, steps)


def _step(steps: Generator[None, None, _T]) -> tuple[_T] | tuple[()]:
    """Do the next step; returns the result after the last one."""
    try:
        next(steps)
    except StopIteration as end:
        return (end.value,)
    return ()


# The requests.


class _Body:
    """A JSON object; a value of another type than a request needs raises UsageError."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def string(self, name: str) -> str:
        found: str = self._required(name, str, "a string")
        try:
            found.encode()
        except UnicodeEncodeError:
            message = f"`{name}` contains half of a surrogate pair, which is not valid text"
            raise UsageError(message) from None
        return found

    def given_string(self, name: str) -> str | None:
        """A string that may be missing or null."""
        return self.string(name) if self._values.get(name) is not None else None

    def inputs(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._required("inputs", dict, "an object")
        return found

    def new_case(self) -> NewCaseFields:
        contains = self.strings("contains", MAX_CONTAINED, [])
        return NewCaseFields(name=self.string("name"), inputs=self.inputs(), contains=contains)

    def strings(self, name: str, most: int, default: Any = None) -> list[str]:
        found: list[Any] = self._required(name, list, "a list", default)
        if len(found) > most or not all(isinstance(each, str) for each in found):
            raise UsageError(f"`{name}` must be a list of at most {most} strings")
        return found

    def wanted_proposal(self) -> WantedProposal:
        goals: tuple[Goal, ...] = get_args(Goal)
        goal = next((each for each in goals if each == self._values.get("goal")), None)
        if goal is None:
            raise UsageError(f"`goal` must be one of {', '.join(goals)}")
        return WantedProposal(
            id=self.string("id"),
            proposer=self.string("proposer"),
            goal=goal,
            max_cost_usd=self._positive("max_cost"),
        )

    def _positive(self, name: str) -> float:
        found = self._values.get(name)
        if not isinstance(found, int | float) or found is True or not 0 < found < math.inf:
            raise UsageError(f"`{name}` must be a number above 0")
        return float(found)

    def tried(self) -> TriedPrompt:
        has_inputs = self._values.get("inputs") is not None
        inputs = self.inputs() if has_inputs else None
        return TriedPrompt(
            id=self.string("id"),
            tried=Tried(case=self.given_string("case"), inputs=inputs),
            profile=self.given_string("profile"),
            at=self.given_string("at"),
            findings=self.findings(),
        )

    def findings(self) -> bool:
        """Whether findings are wanted: yes, unless the request says no."""
        wanted: bool = self._required("findings", bool, "true or false", True)
        return wanted

    def _required(self, name: str, kind: type, what: str, default: Any = None) -> Any:
        found = self._values.get(name, default)
        if not isinstance(found, kind):
            raise UsageError(f"`{name}` must be {what}")
        return found


_Work = Callable[[Workbench, _Body], object]

_GET: Mapping[str, _Work] = {
    "/api/session": lambda bench, _: bench.session(),
    "/api/catalog": lambda bench, _: bench.catalog(),
    "/api/prompt": lambda bench, body: bench.prompt(body.string("id")),
}
"""The arguments of these are in the query."""

_POST: Mapping[str, _Work] = {
    "/api/rows": lambda bench, body: bench.rows(
        body.strings("ids", MAX_ROWS), findings=body.findings()
    ),
    "/api/preview": lambda bench, body: bench.preview(body.tried()),
    "/api/edit": lambda bench, body: bench.edit(
        body.tried(), body.string("text"), body.string("was")
    ),
    "/api/revert": lambda bench, body: bench.revert(body.string("id")),
    "/api/keep": lambda bench, body: bench.keep(body.string("id"), body.new_case()),
    "/api/recorded": lambda bench, body: bench.recorded(body.tried()),
    "/api/test": lambda bench, body: bench.test(body.string("id")),
    "/api/save": lambda bench, body: bench.save(body.string("state")),
    "/api/branch": lambda bench, body: bench.branch(
        body.string("state"), body.string("name"), body.string("message")
    ),
}


def _router(worker: _Worker) -> Router:
    routes = [Route(path, _static(*file)) for path, file in _FILES.items()]
    routes += [Route(path, _get(worker, work), methods=["GET"]) for path, work in _GET.items()]
    routes += [Route(path, _post(worker, work), methods=["POST"]) for path, work in _POST.items()]
    routes.append(Route("/api/change", _change(worker), methods=["GET"]))
    calls = _Calls(worker)
    routes.append(Route("/api/answers", calls.answer, methods=["POST"]))
    routes.append(Route("/api/optimize", calls.optimize, methods=["POST"]))
    return Router(routes, redirect_slashes=False, default=_nothing_there)


def _static(name: str, kind: str) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        try:
            data = (_ASSETS / name).read_bytes()
        except FileNotFoundError:
            raise NotFound(f"there is no {name}", hint="install promptops again") from None
        nonce: str = request.scope["promptops.nonce"]
        return Response(data.replace(_NONCE, nonce.encode()), headers={"content-type": kind})

    return handle


def _get(worker: _Worker, work: _Work) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        body = _Body(dict(request.query_params))
        return _answer(await worker.do(lambda bench: work(bench, body)))

    return handle


def _post(worker: _Worker, work: _Work) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        body = await _body(request)
        return _answer(await worker.do(lambda bench: work(bench, body)))

    return handle


def _change(worker: _Worker) -> Callable[[Request], Any]:
    async def handle(request: Request) -> Response:
        if _Body(dict(request.query_params)).given_string("failing") is None:
            return _answer(await worker.do(Workbench.change))
        return _answer(await worker.do_in_steps(Workbench.judged_change))

    return handle


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotFound(f"there is nothing at {scope['path']!r}")


async def _body(request: Request) -> _Body:
    """The JSON object of a request. Raises _Refused for one that is too long, InputError."""
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY_BYTES:
            raise _too_long()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("not UTF-8", where="the request") from None
    return _Body(parse_input_object(text, "the request"))


def _answer(value: object, status: int = 200) -> Response:
    return Response(_line(record_json(value)), status, media_type="application/json")


def _line(value: Any) -> str:
    return json_text(value, indent=None)


# What models are called for, as it arrives.

_Run = Callable[[RunWatcher, Interrupt], object]
"""Calls models until the interrupt is pressed, in any thread; returns a record of an output."""


class _ReaderGone(Exception):
    """The browser has left: nothing more is requested of a model."""


class _Calls:
    """The requests that call models and are under way: each until its thread ends."""

    def __init__(self, worker: _Worker) -> None:
        self._worker = worker
        self._under_way = 0

    async def answer(self, request: Request) -> Response:
        """Lines of JSON: `text`, `note`; at the end `result`, a PromptRun, or `error`."""
        body = await _body(request)
        tried, models = body.tried(), body.strings("models", MAX_MODELS)
        return await self._streamed(lambda bench: bench.call(tried, models))

    async def optimize(self, request: Request) -> Response:
        """Lines of JSON: `note`; at the end `result`, a UiProposal, or `error`."""
        wanted = (await _body(request)).wanted_proposal()
        return await self._streamed(lambda bench: bench.optimize(wanted))

    async def _streamed(self, work: Callable[[Workbench], _Run]) -> Response:
        """The lines of the function that the work on the workbench returns."""
        if self._under_way >= MAX_CALLS:
            raise NotAllowed("other answers are under way", hint="wait until they have arrived")
        self._under_way += 1
        try:
            run = await self._worker.do(work)
            stream = _Stream(asyncio.get_running_loop(), self._ended)
            # A daemon, so that a model that does not answer does not keep the server from ending.
            Thread(target=stream.run, args=(run,), daemon=True).start()
        except BaseException:
            self._ended()
            raise
        return _Answers(stream)

    def _ended(self) -> None:
        self._under_way -= 1


class _Answers(StreamingResponse):
    """The lines of a stream; when the browser leaves, its calls end."""

    def __init__(self, stream: _Stream) -> None:
        super().__init__(stream.read(), media_type="application/x-ndjson")
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


class _Stream(Unwatched):
    """From the thread that calls models to the response."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_end: Callable[[], None]) -> None:
        """`on_end` is called in the loop, when the thread ends."""
        self._lines: asyncio.Queue[Any] = asyncio.Queue()
        self._is_read = True
        self._interrupt = Interrupt()
        self._loop = loop
        self._on_end = on_end

    def run(self, run: _Run) -> None:
        """In the thread: call the models, and pass everything on."""
        try:
            self._run(run)
        finally:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._on_end)

    def _run(self, run: _Run) -> None:
        with suppress(_ReaderGone), CaughtBug() as bug:
            try:
                self._put({"result": record_json(run(self, self._interrupt))})
            except PromptopsError as error:
                self._put({"error": record_json(stopped_command(error))})
        with suppress(_ReaderGone):
            if bug.error is not None:
                self._put({"error": record_json(stopped_command(_bug(str(bug.error))))})
            self._put(None)

    async def read(self) -> AsyncIterator[str]:
        """The lines, each a JSON value."""
        while (line := await self._lines.get()) is not None:
            yield _line(line)

    def close(self) -> None:
        """End the calls: nothing more is read."""
        self._interrupt.press_from_thread()
        self._is_read = False

    def calls(self, line: str) -> None:
        """An endpoint is about to get its first request."""
        self._put({"note": line})

    def closes(self, reason: str) -> None:
        """No more requests are sent."""
        self._put({"note": reason})

    def text(self, number: int, piece: str) -> None:
        """The next piece of an answer."""
        self._put({"text": {"number": number, "piece": piece}})

    def answered(self, number: int, answer: ModelAnswer) -> None: ...

    def saved(self, path: str) -> None: ...

    def _put(self, line: Any) -> None:
        if not self._is_read:
            raise _ReaderGone
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:  # the loop has ended
            raise _ReaderGone from None


# Who may call, and the headers of every response.


class _Refused(Exception):
    """A request that gets no answer, with the status of its response."""

    def __init__(self, status: int, error: PromptopsError) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error


class _Guard:
    """Refuses other programs and other pages, and adds the headers that protect this one."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._hosts = tuple(f"{name}:{port}".encode() for name in (HOST, "localhost"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)
        scope["promptops.nonce"] = nonce
        begun = False

        async def secured(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                policy = _POLICY.format(nonce=nonce).encode()
                added = (*_HEADERS, (b"content-security-policy", policy))
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        try:
            self._refuse_others(scope)
            await self._app(scope, receive, secured)
        except ClientDisconnect:
            pass
        except Exception as error:  # noqa: BLE001  # each request ends with a response
            if not begun:
                await _error_response(error)(scope, receive, secured)

    def _refuse_others(self, scope: Scope) -> None:
        """Raise _Refused for a request that is not of this page."""
        sent = partial(_sent, scope)
        hosts = sent(b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise _Refused(403, UsageError("this server has another name"))  # DNS rebinding
        if not scope["path"].startswith("/api/"):
            return
        if any(origin != b"http://" + hosts[0].lower() for origin in sent(b"origin")):
            raise _Refused(403, UsageError("a page of another address may not call"))
        if any(site not in (b"same-origin", b"none") for site in sent(b"sec-fetch-site")):
            raise _Refused(403, UsageError("a page of another address may not call"))
        given = sent(b"authorization")
        if len(given) != 1 or not hmac.compare_digest(given[0], self._expected):
            hint = "open the address that `promptops ui` printed"
            raise _Refused(401, UsageError("the token is missing or wrong", hint=hint))
        if scope["method"] not in ("GET", "HEAD"):
            _refuse_body(sent(b"content-type"), sent(b"content-length"))


def _sent(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _refuse_body(kinds: list[bytes], lengths: list[bytes]) -> None:
    if [kind.partition(b";")[0].strip().lower() for kind in kinds] != [b"application/json"]:
        raise _Refused(415, UsageError("a request must be application/json"))
    if any(not each.isdigit() or int(each[:20]) > MAX_BODY_BYTES for each in lengths):
        raise _too_long()


def _too_long() -> _Refused:
    return _Refused(413, UsageError("the request is larger than 1 MB"))


_STATUS: tuple[tuple[type[PromptopsError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (NotEditable, 403),
    (Conflicts, 409),
)


def _error_response(error: Exception) -> Response:
    if isinstance(error, _Refused):
        response = _answer(stopped_command(error.error), error.status)
        if error.status == 401:
            response.headers["www-authenticate"] = "Bearer"
        return response
    if not isinstance(error, PromptopsError) or error.exit_code == BUG:
        return _answer(stopped_command(_bug(_described(error))), 500)
    shown = stopped_command(error)
    status = next((number for kind, number in _STATUS if isinstance(error, kind)), 400)
    if isinstance(error, Conflicts):
        conflicts = UiConflicts(
            exit_code=shown.exit_code,
            errors=shown.errors,
            kind=error.kind,
            files=error.files,
            text=error.text,
        )
        return _answer(conflicts, status)
    return _answer(shown, status)


def _described(error: Exception) -> str:
    """The kind and the place of an error, without its message, which may contain a secret."""
    bug = CaughtBug()
    with suppress(Exception), bug:
        raise error
    if bug.error is None:  # PROMPTOPS_DEBUG
        traceback.print_exception(error)
    return str(bug.error or type(error).__name__)


def _bug(message: str) -> PromptopsError:
    return PromptopsError(f"a bug in promptops: {message}", hint=HINT)
