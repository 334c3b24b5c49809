"""One HTTPS request with a single deadline.

Proxies come from the environment, certificates are verified, and redirects must keep the scheme.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
import urllib.request
import zlib
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from promptops.errors import TransportError
from promptops.records import record
from promptops.runtime.bundle.format import most_unpacked
from promptops.runtime.loading.server_time import seconds_from

MAX_REDIRECTS = 5
_PIECE = 1 << 16
_GONE = (404, 410)


@record(frozen=True, slots=True, kw_only=True)
class Page:
    """A response.

    Attributes:
        data: None if it is unchanged since the `etag` that was sent.
    """

    data: bytes | None
    etag: str | None


def get(url: str, *, largest: int, until: float, etag: str | None = None) -> Page | None:
    """Download from an address; None if it does not exist.

    Args:
        largest: The largest accepted size in bytes.
        until: The deadline, on the clock of `time.monotonic`.
        etag: The etag of the known content.

    Raises:
        TransportError: The address can't be reached, doesn't answer before the deadline, or answers
            with an error.
    """
    headers = {"Accept-Encoding": "gzip", "User-Agent": "promptops"}
    headers |= {"If-None-Match": etag} if etag else {}
    try:
        request = urllib.request.Request(url, headers=headers)
        with _opener(until).open(request, timeout=_left_s(until)) as response:
            data = _body(response, largest)
            return Page(data=data, etag=response.headers.get("ETag"))
    except HTTPError as error:
        error.close()
        if error.code == 304 and etag:
            return Page(data=None, etag=etag)
        if error.code in _GONE:
            return None
        failure = TransportError(f"the server answered with status {error.code}", where=url)
        failure.retry_after_s = _retry_after_s(error.headers)
        raise failure from None
    except (OSError, http.client.HTTPException, zlib.error, EOFError, ValueError) as error:
        raise TransportError(f"no answer: {_reason(error)}", where=url) from None


def _retry_after_s(headers: Any) -> float:
    """Seconds to wait, relative to the server's clock if it sends one; ours may be wrong."""
    now_s = time.time()
    ahead_s = seconds_from(headers.get("Date") or "", 0.0)
    found = seconds_from(headers.get("Retry-After") or "", ahead_s or now_s)
    return found or 0.0


def _opener(until: float) -> urllib.request.OpenerDirector:
    """An opener with handlers for HTTP only: none for files, none for FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _PlainConnection(until),
        _Secure(until),
        _Redirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _left_s(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def _body(response: Any, largest: int) -> bytes:
    """The complete body, unpacked if it was compressed for transport."""
    packed = response.headers.get("Content-Encoding") == "gzip"
    unpack = zlib.decompressobj(wbits=31) if packed else None
    pieces, received, size, most = [], 0, 0, largest
    while piece := response.read(_PIECE):
        received += len(piece)
        if unpack is not None:
            if unpack.eof:
                raise ValueError("data follows its end")
            most = most_unpacked(received, largest)
            piece = unpack.decompress(piece, most - size + 1)
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise ValueError(f"there are more than {most} bytes")
    if response.length or (unpack is not None and not unpack.eof):
        raise EOFError("it ends too early")
    return b"".join(pieces)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return ascii(text)[1:-1].lower()


class _Redirects(urllib.request.HTTPRedirectHandler):
    max_redirections = MAX_REDIRECTS

    def redirect_request(
        self, req: urllib.request.Request, *answer: Any
    ) -> urllib.request.Request | None:
        response, *_, address = answer
        response.close()  # otherwise its whole body would be read
        there, here = urlsplit(address), urlsplit(req.full_url)
        if there.scheme != here.scheme:
            raise TransportError("the server redirects to another scheme", where=req.full_url)
        if there.scheme == "http" and there.hostname != here.hostname:
            raise TransportError("the server redirects to another machine", where=req.full_url)
        return super().redirect_request(req, *answer)


class _PlainConnection(urllib.request.HTTPHandler):
    def __init__(self, until: float) -> None:
        super().__init__()
        self._until = until

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, http.client.HTTPConnection, self._until), req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, until: float) -> None:
        super().__init__()
        self._until = until

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, http.client.HTTPSConnection, self._until), req)


def _connection(
    kind: type[http.client.HTTPConnection], until: float, host: str, /, **options: Any
) -> http.client.HTTPConnection:
    connection = kind(host, **options)
    connection.response_class = partial(_Response, until=until)  # type: ignore[assignment]  # it makes one
    return connection


class _Response(http.client.HTTPResponse):
    """Reads with one deadline for the whole body; a timeout per read would never end."""

    def __init__(self, sock: socket.socket, *options: Any, until: float, **named: Any) -> None:
        super().__init__(sock, *options, **named)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_BoundedReader(raw, sock, until))


class _BoundedReader(io.RawIOBase):
    def __init__(self, raw: io.RawIOBase, sock: socket.socket, until: float) -> None:
        self._raw = raw
        self._sock = sock
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left_s(self._until))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        with suppress(OSError):
            self._raw.close()
        super().close()
