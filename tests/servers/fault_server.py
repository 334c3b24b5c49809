"""A server on loopback that speaks OpenAI's API and fails as it is told.

    python -m tests.servers.fault_server --port 0 --after-ms 50 --per-minute 3000

prints its address and serves until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Event, Thread

from tests.servers.answers import OK, Answer, Ending, body_of
from tests.servers.plans import Plan, Quota, Received, always
from tests.servers.streams import stream_of

ECHO = always(OK)
HEAD_BYTES = 2**16
PIECE = b" " * 2**16
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


@contextmanager
def fault_server(plan: Plan = ECHO, *, port: int = 0) -> Iterator[FaultServer]:
    """Serve in a thread; `plan` is asked in that thread, once for each request.

    At the end every connection is cut, also those that wait for an answer.
    """
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    server = FaultServer(plan, listening)
    stopping: Future[Callable[[], object]] = Future()
    thread = Thread(target=lambda: asyncio.run(server.serve(stopping)), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopping.result(timeout=60)()
        thread.join()


class FaultServer:
    """What was asked of it so far.

    Attributes:
        base_url: With `/v1`, as clients take it.
        requests: In the order they arrived, whatever was answered.
        statuses: How many answers of each status were begun; a reset or a silence is none.
        connections: How many there ever were.
        answering: Requests that are being answered now.
        peak: The most requests that were being answered at one time.
    """

    def __init__(self, plan: Plan, listening: socket.socket) -> None:
        self.base_url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        self.requests: list[Received] = []
        self.statuses: Counter[int] = Counter()
        self.connections = 0
        self.peak = 0
        self._plan = plan
        self._listening = listening
        self.answering = 0
        self._started_at = time.monotonic()
        self._open: set[asyncio.StreamWriter] = set()

    async def serve(self, stopping: Future[Callable[[], object]]) -> None:
        """Serve until what it puts into `stopping` is called, from any thread."""
        stopped = asyncio.Event()
        self._loop = loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connected, sock=self._listening, limit=HEAD_BYTES)
        stopping.set_result(lambda: loop.call_soon_threadsafe(stopped.set))
        await stopped.wait()
        server.close()
        self._abort()

    def cut(self) -> None:
        """Cut all connections, from any thread; further ones are accepted."""
        self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            # A client that leaves, or sends what is no HTTP, is no reason to say anything.
            with suppress(ConnectionError, EOFError, ValueError, asyncio.LimitOverrunError):
                while await self._exchanged(reader, writer):
                    pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _exchanged(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, and say whether the connection may be used again."""
        received = await self._received(reader)
        self.requests.append(received)
        number = len(self.requests)
        self.answering += 1
        self.peak = max(self.peak, self.answering)
        try:
            answer = self._plan(received)
            await asyncio.sleep(answer.after_s)
            while answer.until is not None and not answer.until.is_set():
                await asyncio.sleep(0.01)
            if answer.ending is Ending.NEVER:
                await reader.read(1)  # nothing more comes until the client gives up
            elif answer.ending is Ending.RESET:
                _reset(writer)
            else:
                await self._send(answer, received, number, writer)
        finally:
            self.answering -= 1
        return answer.ending is Ending.WHOLE and received.headers.get("connection") != "close"

    async def _received(self, reader: asyncio.StreamReader) -> Received:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, path, _ = line.split(" ")
        pairs = (field.partition(":") for field in fields)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        at_s = time.monotonic() - self._started_at
        return Received(method=method, path=path, headers=headers, body=body, at_s=at_s)

    async def _send(
        self, answer: Answer, received: Received, number: int, writer: asyncio.StreamWriter
    ) -> None:
        status, body = body_of(answer, received.path, received.body, number)
        parts = stream_of(answer, received, status, body)
        if parts is not None:
            self.statuses[status] += 1
            await _send_stream(answer, parts, writer)
            return
        headers = {
            "content-type": "application/json",
            "content-length": f"{answer.padding + len(body)}",
            **answer.headers,
        }
        lines = [f"HTTP/1.1 {status} ", *(f"{name}: {value}" for name, value in headers.items())]
        self.statuses[status] += 1
        if answer.ending is Ending.TRUNCATED:
            body = body[: len(body) // 2]
        head = "\r\n".join([*lines, "\r\n"]).encode("latin-1")
        if answer.padding or answer.byte_every_s:
            writer.write(head)
            await _send_slowly(answer, body, writer)
        else:
            writer.write(head + body)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()


async def _send_stream(
    answer: Answer, parts: Sequence[bytes | Event], writer: asyncio.StreamWriter
) -> None:
    """Each part as a chunk of its own; a truncated stream has no last chunk."""
    headers = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
    lines = [f"{name}: {value}" for name, value in {**headers, **answer.headers}.items()]
    writer.write("\r\n".join([f"HTTP/1.1 {answer.status} ", *lines, "\r\n"]).encode("latin-1"))
    for part in parts:
        if isinstance(part, Event):
            while not part.is_set():
                await asyncio.sleep(0.01)
        else:
            writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await writer.drain()
    if answer.ending is not Ending.TRUNCATED:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _send_slowly(answer: Answer, body: bytes, writer: asyncio.StreamWriter) -> None:
    for start in range(0, answer.padding, len(PIECE)):
        writer.write(PIECE[: answer.padding - start])
        await writer.drain()
    if not answer.byte_every_s:
        writer.write(body)
        await writer.drain()
        return
    for index in range(len(body)):
        await asyncio.sleep(answer.byte_every_s)
        writer.write(body[index : index + 1])
        await writer.drain()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve OpenAI's API on loopback, as an echo.")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free one")
    parser.add_argument("--after-ms", type=float, default=50.0, help="how long an answer takes")
    parser.add_argument("--per-minute", type=int, help="how many requests it allows")
    parser.add_argument("--burst", type=int, help="how many at once; a minute's by default")
    asked = parser.parse_args()
    answer = Answer(after_s=asked.after_ms / 1000)
    plan = always(answer)
    if asked.per_minute is not None:
        plan = Quota(asked.per_minute, burst=asked.burst, answer=answer)
    with fault_server(plan, port=asked.port) as server, suppress(KeyboardInterrupt):
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        Event().wait()


if __name__ == "__main__":
    main()
