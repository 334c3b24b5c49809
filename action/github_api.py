"""The part of GitHub's API that the action needs. No retries; every request has a timeout."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

MAX_BYTES = 256 * 2**20
_PIECE = 2**16
_JSON = "application/vnd.github+json"
_BYTES = "application/octet-stream"


class Refused(Exception):
    """A request that failed.

    Attributes:
        status: The HTTP status; 0 if there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(f"HTTP {status}: {message}" if status else message)
        self.status = status

    @property
    def not_allowed(self) -> bool:
        """Whether the token lacks permission; GitHub reports 404 for what a token can't see."""
        return self.status in (403, 404) and "rate limit" not in str(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer.

    Attributes:
        location: Address of a redirect, or "".
        next_page: Address of the next page of a list, or "".
    """

    content: bytes
    location: str = ""
    next_page: str = ""

    def value(self) -> Any:
        """The parsed JSON; raises Refused if it is not JSON."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            raise Refused("the answer is not JSON") from None


@dataclass(frozen=True, slots=True)
class GitHub:
    """The API, used with one token.

    Attributes:
        url: Of the REST API.
        graphql_url: Used only to find the token's account.
        patience_s: Timeout for one whole answer; ten times as long for a file.
    """

    url: str
    graphql_url: str
    token: str
    patience_s: float = 30.0

    @classmethod
    def from_environment(cls) -> GitHub:
        """The API as the runner's environment names it; the step passes the token."""
        names = ("GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_TOKEN")
        url, graphql_url, token = (os.environ[name] for name in names)
        return cls(url, graphql_url, token)

    def get(self, path: str) -> Any:
        """The value at a path; like all methods, raises Refused."""
        return self._ask("GET", self.url + path).value()

    def every(self, path: str, **filters: str) -> Iterator[dict[str, Any]]:
        """The entries of all pages of a list.

        Args:
            filters: Parameters of the query, such as `state`.
        """
        query = urlencode({"per_page": "100", **filters})
        address = f"{self.url}{path}?{query}"
        while address:
            if not address.startswith(f"{self.url}/"):
                raise Refused("the next page of a list is on another host")
            answer = self._ask("GET", address)
            yield from answer.value()
            address = answer.next_page

    def send(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> Any:
        data = None if value is None else json.dumps(value).encode()
        return self._ask(method, self.url + path, data).value()

    def viewer(self) -> str:
        """The login of the token's own account; REST does not return that of an app's token."""
        data = json.dumps({"query": "query { viewer { login } }"}).encode()
        answer = self._ask("POST", self.graphql_url, data).value()
        try:
            return str(answer["data"]["viewer"]["login"])
        except (KeyError, TypeError):
            raise Refused("the account of the token is unknown") from None

    def upload(self, template: str, name: str, data: bytes) -> Any:
        """Add a file to a release.

        Args:
            template: The `upload_url` of the release, with `{?name,label}` at its end.
        """
        address = f"{template.partition('{')[0]}?name={quote(name, safe='')}"
        return self._ask("POST", address, data, content_type=_BYTES).value()

    def download(self, address: str) -> bytes:
        """The bytes of a release's file. The token is not sent to the storage host."""
        answer = self._ask("GET", address, accept=_BYTES)
        if not answer.location:
            return answer.content
        request = Request(answer.location, headers={"Accept": _BYTES})
        return _answer(request, 10 * self.patience_s).content

    def _ask(
        self,
        method: str,
        address: str,
        data: bytes | None = None,
        *,
        accept: str = _JSON,
        content_type: str = "application/json",
    ) -> Answer:
        headers = {
            "Accept": accept,
            "Authorization": f"Bearer {self.token}",
            "User-Agent": "promptops",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        if data is not None:
            headers["Content-Type"] = content_type
        is_file = _BYTES in (accept, content_type)
        patience_s = self.patience_s * (10 if is_file else 1)
        return _answer(Request(address, data, headers, method=method), patience_s)


def _opener() -> OpenerDirector:
    """An opener that follows no redirects, because it would send the token to another host."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler()):
        opener.add_handler(handler)
    for answered in (HTTPErrorProcessor(), HTTPDefaultErrorHandler()):
        opener.add_handler(answered)
    return opener


def _answer(request: Request, patience_s: float) -> Answer:
    until = time.monotonic() + patience_s
    try:
        with _opener().open(request, timeout=patience_s) as response:
            return Answer(_read(response, until), next_page=_next_page(response.headers))
    except HTTPError as error:
        if 300 <= error.code < 400 and request.get_header("Accept") == _BYTES:
            return Answer(b"", location=error.headers.get("Location", ""))
        raise Refused(_message(error), error.code) from None
    except (URLError, HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        host = urlsplit(request.full_url).hostname
        raise Refused(f"no answer from {host}: {reason}") from None


def _read(response: HTTPResponse, until: float) -> bytes:
    """The whole body within the timeout, which also stops a server that sends one byte a second."""
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            raise Refused("the answer is too long")
        if time.monotonic() > until:
            raise TimeoutError("timed out")
    return b"".join(pieces)


def _next_page(headers: HTTPMessage) -> str:
    for link in headers.get("Link", "").split(","):
        address, _, relation = link.partition(";")
        if relation.strip() == 'rel="next"':
            return address.strip().strip("<>")
    return ""


def _message(error: HTTPError) -> str:
    """The message of the API; an HTML error page is ignored."""
    try:
        message = json.loads(error.read(_PIECE))["message"]
    except (ValueError, KeyError, TypeError, OSError):
        return str(error.reason)
    return str(message)
