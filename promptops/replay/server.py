"""The server: it answers from recordings, on loopback only, and fails on request."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from promptops.errors import InputError, PromptopsError, UsageError, os_reason
from promptops.evals.providers.endpoint import ADDRESS_VARIABLE
from promptops.model.internal_error import HINT, CaughtBug
from promptops.records import field, record, replace
from promptops.replay.answers import error_body, stream_of
from promptops.replay.known import KnownAnswers, KnownRequest
from promptops.replay.recordings import RecordingFile
from promptops.replay.requests import ApiRequest, api_of, read_request
from promptops.source.recording_files import APPLICATION_ENDING
from promptops.workspace.workspace import Workspace

if TYPE_CHECKING:
    from promptops.evals.engine.ask import Settings

HOST = "127.0.0.1"
REFUSED = 400
"""The status of what has no recording: no official client tries it again."""

_LARGEST = 64 * 1024 * 1024
_PATHS = "/chat/completions, /responses, /messages, /models/MODEL:generateContent"


@record(frozen=True, slots=True, kw_only=True)
class Response:
    """What is sent for a request.

    Attributes:
        events: Those of a stream, sent instead of the body; None if none is requested.
        known: The recording that it comes from, or None.
    """

    status: int
    body: Mapping[str, Any]
    events: tuple[bytes, ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    known: KnownRequest | None = None


class Recorder(Protocol):
    """Gets an answer from a provider."""

    def response(self, request: ApiRequest, test: str) -> Response:
        """Pass a request on, and record the answer.

        Raises PromptopsError if the provider may not be called, or the answer not be recorded.
        """

    def used(self, request: ApiRequest, known: KnownRequest, test: str) -> None:
        """Note that a test got a recorded answer."""

    def forget_unused(self, test: str, used: Collection[str]) -> None:
        """Remove recordings of a test except those of some requests, by their digests."""


@record(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request that the server received.

    Attributes:
        api: `chat`, `responses`, `messages` or `gemini`; "" for an unknown address.
        path: Of its address.
        model: As the request names it.
        messages: The role and the text of each.
        body: As it was sent.
        status: Of the response.
        prompt, case: Whose recording answered it, or "".
        answered_by: The model that gave the answer when it was recorded, or "".
    """

    api: str
    path: str
    status: int
    model: str = ""
    answered_by: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    body: Any = None
    prompt: str = ""
    case: str = ""


@record(slots=True)
class Replay:
    """One test, or one run of the command: what was received, and the faults to play.

    Attributes:
        test: The node id of the test, or "".
        requests: All received requests, in order.
        problems: Why requests were not answered, each once.
        used: The digests of the requests.
    """

    test: str = ""
    requests: list[ReceivedRequest] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set, repr=False)
    _fail: tuple[int, int] = field(default=(0, 0), repr=False)
    _delay_s: float = field(default=0.0, repr=False)
    _cut_after: int | None = field(default=None, repr=False)

    def fail(self, status: int, times: int = 1) -> None:
        """Answer the next requests with an error of this status, in the shape of the provider."""
        self._fail = (status, times)

    def delay(self, seconds: float) -> None:
        """Wait before each answer, from now on."""
        self._delay_s = seconds

    def cut_stream(self, after: int) -> None:
        """Break the connection in the next stream after so many events."""
        self._cut_after = after

    def _fault(self) -> int:
        """The status to fail with now, or 0."""
        status, times = self._fail
        self._fail = (status, max(times - 1, 0))
        return status if times else 0

    def _unplayed(self) -> str:
        """What was to be played and was not, or ""."""
        status, left = self._fail
        if left:
            return f"fail(status={status}) was not played, {left} of its times"
        after = self._cut_after
        return "" if after is None else f"cut_stream(after={after}) was not played"

    def _cut(self) -> int | None:
        after, self._cut_after = self._cut_after, None
        return after


class ReplayServer:
    """Serves in a thread.

    Attributes:
        replay: Gets the requests; another one for each test.
        address: Such as `http://127.0.0.1:8000`.
    """

    def __init__(
        self,
        known: KnownAnswers,
        way_out: str,
        recorder: Recorder | None = None,
        port: int = 0,
        on_problem: Callable[[str], None] = lambda _problem: None,
    ) -> None:
        """Raises UsageError for a port that can't be used.

        Args:
            way_out: The end of the message for a request without a recording.
            on_problem: Gets each reason why a request was not answered.
        """
        self.replay = Replay()
        self._known, self._way_out, self._recorder = known, way_out, recorder
        self._on_problem = on_problem
        self._lock = Lock()
        server = self

        class Bound(_Connection):
            owner = server

        try:
            self._http = _Server((HOST, port), Bound)
        except OSError as error:
            raise UsageError(
                f"port {port} can't be used: {os_reason(error)}",
                hint="choose another one, or leave out --port for any free one",
            ) from None
        self.address = f"http://{HOST}:{self._http.server_port}"
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def environment(self, present: Mapping[str, str]) -> dict[str, str]:
        """The variables that send the official clients here; a key only where none is set."""
        hosts = [present.get(name, "") for name in ("no_proxy", "NO_PROXY")]
        direct = ",".join(dict.fromkeys(filter(None, (HOST, "localhost", *hosts))))
        keys = ["OPENAI_API_KEY"]
        if not present.get("ANTHROPIC_AUTH_TOKEN"):
            keys.append("ANTHROPIC_API_KEY")
        if not present.get("GOOGLE_API_KEY"):
            keys.append("GEMINI_API_KEY")
        return {
            "OPENAI_BASE_URL": f"{self.address}/v1",
            "ANTHROPIC_BASE_URL": self.address,
            "GOOGLE_GEMINI_BASE_URL": self.address,
            **{key: "promptops-replay" for key in keys if not present.get(key)},
            "NO_PROXY": direct,
            "no_proxy": direct,
        }

    def begin(self, test: str, file: RecordingFile) -> Replay:
        """Answer the requests of a test from now on, also from its file."""
        self.replay, self._known.file = Replay(test=test), file
        return self.replay

    def end(self, *, complete: bool) -> None:
        """End a test; while recordings are written, remove those that it no longer uses.

        `complete` reports whether the test sent all of its requests. Raises InputError.
        """
        replay, self.replay = self.replay, Replay()
        if complete and (unplayed := replay._unplayed()):
            replay.problems.append(f"promptops replay: {unplayed}: the test sent too few requests")
        if self._recorder is not None and complete and not replay.problems:
            with self._lock:
                self._recorder.forget_unused(replay.test, replay.used)

    def close(self) -> None:
        """Accept no more connections."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def respond(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """The response to a POST request, which is noted."""
        replay = self.replay
        request, problem = None, ""
        with CaughtBug() as bug:
            try:
                request = _parsed(path, body, headers)
                response = self._response(request, replay)
            except PromptopsError as error:
                where = f"{error.where}: " if error.where else ""
                problem = f"{where}{error.message}" + (f"; {error.hint}" if error.hint else "")
        if bug.error is not None:
            problem = f"{bug.error}; {HINT}"
        if problem:
            response = self._refusal(replay, path, REFUSED, problem)
        self._note(replay, path, request, response)
        if replay._delay_s:
            time.sleep(replay._delay_s)
        return response

    def refuse(self, path: str, status: int, message: str) -> Response:
        """The response to what is no request to a model, which is noted."""
        response = self._refusal(self.replay, path, status, message)
        self._note(self.replay, path, None, response)
        return response

    def _refusal(self, replay: Replay, path: str, status: int, message: str) -> Response:
        problem = f"promptops replay: {message}"
        if problem not in replay.problems:
            replay.problems.append(problem)
            self._on_problem(problem)
        found = api_of(path)
        return Response(
            status=status, body=error_body(found[0] if found else "chat", status, problem)
        )

    def _response(self, request: ApiRequest, replay: Replay) -> Response:
        with self._lock:
            status = replay._fault()
            if status:
                body = error_body(request.api, status, f"promptops replay: played error {status}")
                return Response(status=status, body=body)
            response = self._answer(request, replay)
        if not request.streamed or response.status != 200:
            return response
        try:
            return replace(response, events=tuple(stream_of(request, response.body)))
        except (AttributeError, KeyError, TypeError, ValueError):
            origin = response.known.origin if response.known else "the answer"
            raise InputError(f"{origin} has no response of this API that can be streamed") from None

    def _answer(self, request: ApiRequest, replay: Replay) -> Response:
        """Raises PromptopsError for a request without a recording."""
        known = self._known.find(request)
        body = known.body if known is not None else None
        if known is not None and body is not None:
            if self._recorder is not None:
                self._recorder.used(request, known, replay.test)
            return Response(status=200, body=body, known=known)
        if self._recorder is not None:
            return self._recorder.response(request, replay.test)
        raise UsageError(self._known.explain(request, self._way_out))

    def _note(
        self, replay: Replay, path: str, request: ApiRequest | None, response: Response
    ) -> None:
        known = response.known
        if request is not None:
            replay.used.add(request.digest)
        replay.requests.append(
            ReceivedRequest(
                api=request.api if request else "",
                path=path,
                status=response.status,
                model=request.model if request else "",
                messages=request.messages if request else (),
                body=request.sent if request else None,
                prompt=known.prompt if known else "",
                case=known.case if known else "",
                answered_by=known.answered_by if known else "",
            )
        )


def _parsed(path: str, body: bytes, headers: Mapping[str, str]) -> ApiRequest:
    """Raises UsageError for a path or a body that is no request to a model."""
    found = api_of(path)
    if found is None:
        raise UsageError(f"there is no recorded API at {path}", hint=f"there are {_PATHS}")
    try:
        value = json.loads(body)
        if isinstance(value, dict):
            request = read_request(*found, path, value, headers)
            assert request.digest, "a body without one form, such as NaN, raises here"
            return request
    except (ValueError, RecursionError):
        raise UsageError(f"the body of the request to {path} is not JSON") from None
    except (AttributeError, KeyError, TypeError):
        raise UsageError(f"the body of the request to {path} is not one of this API") from None
    raise UsageError(f"the body of the request to {path} is not a JSON object")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that closes its connection is no error; a bug is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client."""

    owner: ReplayServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _LARGEST:
            self.close_connection = True
            self._send(self.owner.refuse(path, 411, "the request has no length, or is too large"))
            return
        body = self.rfile.read(int(length))
        if (reason := self._foreign()) is not None:
            self._send(self.owner.refuse(path, REFUSED, reason))
            return
        response = self.owner.respond(path, body, dict(self.headers.items()))
        if response.events is None:
            self._send(response)
        else:
            self._stream(response.events)

    def do_DELETE(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self._send(self.owner.refuse(path, 404, f"there is nothing at {path}; there are {_PATHS}"))

    def log_message(self, *_arguments: Any) -> None:
        """Write no log."""

    def _foreign(self) -> str | None:
        """Why a request may come from a page in a browser, which must not call models."""
        host = self.headers.get("host", "").partition(":")[0]
        if host not in (HOST, "localhost"):
            return f"the host {host!r} is not this machine"
        if "json" not in self.headers.get("content-type", ""):
            return "the content type of the request is not application/json"
        return None

    def _send(self, response: Response) -> None:
        data = json.dumps(response.body).encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, events: tuple[bytes, ...]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        after = self.owner.replay._cut()
        for number, event in enumerate(events):
            if number == after:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            self.wfile.flush()
        if after is not None:  # this stream was shorter
            self.owner.replay.cut_stream(after)
        self.wfile.write(b"0\r\n\r\n")


# Open a repository, and serve its recordings.


@record(frozen=True, slots=True, kw_only=True)
class RecordOptions:
    """How answers are recorded.

    Attributes:
        settings: The limits of the run, with its budget.
        environment: With the API keys, and addresses; not that of clients that are sent here.
        trusted: Endpoints of the change are approved and remembered.
        announce: Called with a line about each endpoint before its first request.
    """

    settings: Settings
    environment: Mapping[str, str]
    trusted: bool = False
    announce: Callable[[str], None] = lambda _line: None


def recording_file(workspace: Workspace, path: Path) -> RecordingFile:
    """The application's file at a path.

    Raises UsageError for a name by which `promptops check` would not find it.
    """
    ending = APPLICATION_ENDING
    if not path.name.endswith(ending):
        raise UsageError(
            f"the name of the recordings does not end with `{ending}`",
            hint=f"name it {ending}, or NAME.{ending}: `promptops check` finds it by its name",
        )
    root = workspace.repository.root
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    lock = workspace.repository.common_dir / "promptops" / "replay.lock"
    return RecordingFile(path, name, lock)


def replay_server(
    workspace: Workspace,
    file: RecordingFile,
    way_out: str,
    *,
    record: RecordOptions | None = None,
    port: int = 0,
    on_problem: Callable[[str], None] = lambda _problem: None,
) -> ReplayServer:
    """Serve the recordings of an open repository; see `ReplayServer`.

    Raises UsageError if nothing may be recorded, InputError for a file that can't be read.
    """
    known = KnownAnswers(workspace, file)
    file.read()
    recorder = None
    if record is not None:
        from promptops.replay.recording import ProviderRecorder
        from promptops.workspace.approved_endpoints import Approvals

        approvals = Approvals(
            repository=workspace.repository,
            announce=record.announce,
            trusts_change=record.trusted,
            environment=record.environment,
        )
        recorder = ProviderRecorder(workspace, known, approvals, record.settings)
    server = ReplayServer(known, way_out, recorder, port, on_problem)
    if record is not None and record.environment.get(ADDRESS_VARIABLE, "").startswith(
        server.address
    ):
        server.close()
        message = "the address of the provider is that of this server"
        raise UsageError(message, where=ADDRESS_VARIABLE, hint=f"unset {ADDRESS_VARIABLE}")
    return server
