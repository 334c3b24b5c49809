"""A site behind an address on this machine, that fails as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from tests.runtime.loading.state import background
from tests.servers.answers import Answer, Ending
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import Received

_PREFIX = "/v1/"


class Answering:
    """What is answered: the files of a folder, or a fault.

    Attributes:
        fault: Answered to everything, where there is one.
        faults: By the path of a file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fault: Answer | None = None
        self.faults: dict[str, Answer] = {}

    def __call__(self, received: Received) -> Answer:
        path = unquote(received.path.removeprefix(_PREFIX))
        fault = self.faults.get(path, self.fault)
        if fault is not None and (fault.body is not None or fault.status != 200):
            return fault
        file = self.folder / path
        if not file.is_file():
            return Answer(status=404, body=b"not found")
        data = file.read_bytes()
        etag = f'"{sha256(data).hexdigest()}"'
        if fault is None and received.headers.get("if-none-match") == etag:
            return Answer(status=304, body=b"", headers={"etag": etag})
        if fault is None:
            return Answer(body=data, headers={"etag": etag})
        return Answer(
            body=data,
            headers=fault.headers,
            byte_every_s=fault.byte_every_s,
            after_s=fault.after_s,
            ending=fault.ending,
        )


FAULTS = {
    "accepts but never answers": Answer(ending=Ending.NEVER),
    "slow drip": Answer(byte_every_s=0.05),
    "reset": Answer(ending=Ending.RESET),
    "401": Answer(status=401, body=b""),
    "429": Answer(status=429, body=b"", headers={"retry-after": "60"}),
    "500": Answer(status=500, body=b"oops"),
    "truncated body": Answer(ending=Ending.TRUNCATED),
    "less than it says": Answer(headers={"content-length": "100000"}),
    "a way to another scheme": Answer(status=302, body=b"", headers={"location": "ftp://a/b"}),
    "a way in circles": Answer(status=302, body=b"", headers={"location": "/v1/circle"}),
    "packed, and damaged": Answer(body=b"\x1f\x8bno", headers={"content-encoding": "gzip"}),
}
"""Each means that the site can't be reached."""


class ServedSite:
    """The server, and what it does."""

    def __init__(self, server: FaultServer, answering: Answering) -> None:
        self.address = server.base_url
        self.answering = answering
        self._server = server

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [each.path.removeprefix(_PREFIX) for each in self._server.requests]

    def cut(self) -> None:
        """Cut all connections."""
        self._server.cut()

    def cut_until_settled(self) -> None:
        """Cut connections until nothing is queried in the background, also by what hangs."""
        for thread in background():
            while thread.is_alive():
                self.cut()
                thread.join(0.01)

    @property
    def statuses(self) -> list[int]:
        return sorted(self._server.statuses.elements())


@contextmanager
def served(folder: Path) -> Iterator[ServedSite]:
    answering = Answering(folder)
    with fault_server(answering) as server:
        yield ServedSite(server, answering)
