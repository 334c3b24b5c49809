"""GitHub's API on loopback, as far as the action speaks to it: it remembers what it was told."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

BOT = "github-actions[bot]"
TOKEN = "a-token-of-the-job"
REPOSITORY = "acme/prompts"
NOT_ALLOWED = {"message": "Resource not accessible by integration"}


@dataclass
class GitHubServer:
    """What a repository on GitHub holds.

    Attributes:
        may: What the token may write.
        page: Entries of a page, however many are asked for.
        immutable: Whether nothing can be added to a release that is out.
        tells_digests: Whether the API says the digest of a release's file; older ones don't.
        faults: What goes wrong, by method and the end of the path.
        requests: Method and path of each, in order.
    """

    url: str = ""
    may: set[str] = field(default_factory=lambda: {"pull-requests", "contents", "issues"})
    page: int = 2
    immutable: bool = False
    tells_digests: bool = True
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    releases: list[dict[str, Any]] = field(default_factory=list)
    content: dict[int, bytes] = field(default_factory=dict)
    faults: dict[tuple[str, str], Callable[[_Handler], None]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def comment(self, body: str, login: str = BOT) -> dict[str, Any]:
        """One that is there already."""
        number = len(self.comments) + 1
        self.comments.append(
            {
                "id": number,
                "body": body,
                "user": {"login": login},
                "html_url": f"https://github.example/comments/{number}",
            }
        )
        return self.comments[-1]

    def issue(self, title: str, body: str, login: str = BOT, **more: Any) -> dict[str, Any]:
        """One that is there already; its comments are texts."""
        number = len(self.issues) + 1
        self.issues.append(
            {
                "number": number,
                "title": title,
                "body": body,
                "labels": ["promptops-drift"],
                "state": "open",
                "comments": [],
                "user": {"login": login},
                "html_url": f"https://github.example/issues/{number}",
                **more,
            }
        )
        return self.issues[-1]

    def release(self, tag: str, *, draft: bool = False, login: str = BOT, **more: Any) -> Any:
        number = len(self.releases) + 1
        self.releases.append(
            {
                "id": number,
                "tag_name": tag,
                "draft": draft,
                "author": {"login": login},
                "html_url": f"https://github.example/releases/{tag}",
                # Another way than that of the API, as it is another host.
                "upload_url": f"{self.url}/uploads/{number}/files{{?name,label}}",
                "assets": [],
                **more,
            }
        )
        return self.releases[-1]

    def attach(self, release: dict[str, Any], name: str, data: bytes) -> dict[str, Any]:
        number = len(self.content) + 1
        self.content[number] = data
        asset = {
            "id": number,
            "name": name,
            "state": "uploaded",
            "size": len(data),
            "url": f"{self.url}/repos/{REPOSITORY}/releases/assets/{number}",
            "browser_download_url": f"https://github.example/download/{name}",
        }
        if self.tells_digests:
            asset["digest"] = f"sha256:{sha256(data).hexdigest()}"
        release["assets"].append(asset)
        return asset


@contextmanager
def github_server() -> Iterator[GitHubServer]:
    state = GitHubServer()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


def status(code: int, message: str) -> Callable[[_Handler], None]:
    """A fault: the API says no."""
    return lambda handler: handler.answer(code, {"message": message})


def cut(handler: _Handler) -> None:
    """A fault: the connection ends without an answer."""
    handler.close_connection = True


def drip(handler: _Handler) -> None:
    """A fault: an answer that never ends, a byte at a time."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


class _Handler(BaseHTTPRequestHandler):
    state: GitHubServer

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Not into the tests' output."""

    def answer(self, code: int, value: Any, **headers: str) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(0 if code == 204 else len(data)))
        self.end_headers()
        if code != 204:
            self.wfile.write(data)

    def _serve(self) -> None:
        split = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(split.query).items()}
        self.data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.state.requests.append(f"{self.command} {split.path}")
        for (method, end), fault in self.state.faults.items():
            if method == self.command and split.path.endswith(end):
                fault(self)
                return
        if split.path.startswith("/storage/"):
            self._stored(int(split.path.rpartition("/")[2]))
        elif self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answer(401, {"message": "Bad credentials"})
        else:
            self._route(split.path.removeprefix(f"/repos/{REPOSITORY}"))

    def _route(self, path: str) -> None:
        for pattern, needs, serve in _ROUTES:
            found = re.fullmatch(pattern, f"{self.command} {path}")
            if found:
                if needs not in {"", *self.state.may}:
                    self.answer(403, NOT_ALLOWED)
                else:
                    serve(self, *found.groups())
                return
        self.answer(404, {"message": "Not Found"})

    def _viewer(self) -> None:
        assert json.loads(self.data) == {"query": "query { viewer { login } }"}
        self.answer(200, {"data": {"viewer": {"login": BOT}}})

    def _listed(self, entries: list[dict[str, Any]]) -> None:
        assert self.query["per_page"] == "100"
        number = int(self.query.get("page", "1"))
        end = number * self.state.page
        query = urlencode({name: each for name, each in self.query.items() if name != "page"})
        base = f"{self.state.url}{self.path.partition('?')[0]}?{query}"
        links = [f'<{base}&page=1>; rel="first"']
        if end < len(entries):
            links.append(f'<{base}&page={number + 1}>; rel="next"')
        self.answer(200, entries[end - self.state.page : end], Link=", ".join(links))

    def _comments(self) -> None:
        self._listed(self.state.comments)

    def _comment(self) -> None:
        self.answer(201, self.state.comment(json.loads(self.data)["body"]))

    def _edit(self, number: str) -> None:
        comment = self.state.comments[int(number) - 1]
        comment["body"] = json.loads(self.data)["body"]
        self.answer(200, comment)

    def _issues(self) -> None:
        self._listed(
            [
                each
                for each in self.state.issues
                if each["state"] == self.query["state"] and self.query["labels"] in each["labels"]
            ]
        )

    def _open(self) -> None:
        self.answer(201, self.state.issue(**json.loads(self.data)))

    def _edit_issue(self, number: str) -> None:
        issue = self.state.issues[int(number) - 1]
        issue.update(json.loads(self.data))
        self.answer(200, issue)

    def _comment_issue(self, number: str) -> None:
        self.state.issues[int(number) - 1]["comments"].append(json.loads(self.data)["body"])
        self.answer(201, {})

    def _by_tag(self, tag: str) -> None:
        found = [each for each in self.state.releases if each["tag_name"] == unquote(tag)]
        out = [each for each in found if not each["draft"]]
        self.answer(*((200, out[0]) if out else (404, {"message": "Not Found"})))

    def _releases(self) -> None:
        self._listed(self.state.releases)

    def _make(self) -> None:
        value = json.loads(self.data)
        tag, draft = value.pop("tag_name"), value.pop("draft")
        self.answer(201, self.state.release(tag, draft=draft, **value))

    def _change(self, number: str) -> None:
        release = self.state.releases[int(number) - 1]
        release.update(json.loads(self.data))
        self.answer(200, release)

    def _assets(self, number: str) -> None:
        self._listed(self.state.releases[int(number) - 1]["assets"])

    def _upload(self, number: str) -> None:
        release, name = self.state.releases[int(number) - 1], self.query["name"]
        if self.state.immutable and not release["draft"]:
            self.answer(422, {"message": "Cannot upload assets to an immutable release."})
        elif any(each["name"] == name for each in release["assets"]):
            self.answer(422, {"message": "Validation Failed"})
        else:
            self.answer(201, self.state.attach(release, name, self.data))

    def _asset(self, number: str) -> None:
        assert self.headers["Accept"] == "application/octet-stream"
        self.answer(302, b"", Location=f"{self.state.url}/storage/{number}")

    def _take_away(self, number: str) -> None:
        for release in self.state.releases:
            release["assets"] = [each for each in release["assets"] if each["id"] != int(number)]
        self.answer(204, b"")

    def _stored(self, number: int) -> None:
        """Where files are kept nobody must hear of the token."""
        assert "Authorization" not in self.headers
        self.answer(200, self.state.content[number])


_ROUTES: list[tuple[str, str, Callable[..., None]]] = [
    (r"POST /graphql", "", _Handler._viewer),
    (r"GET /issues/7/comments", "", _Handler._comments),
    (r"POST /issues/7/comments", "pull-requests", _Handler._comment),
    (r"PATCH /issues/comments/(\d+)", "pull-requests", _Handler._edit),
    (r"GET /issues", "", _Handler._issues),
    (r"POST /issues", "issues", _Handler._open),
    (r"PATCH /issues/(\d+)", "issues", _Handler._edit_issue),
    (r"POST /issues/(\d+)/comments", "issues", _Handler._comment_issue),
    (r"GET /releases/tags/(.+)", "", _Handler._by_tag),
    (r"GET /releases", "", _Handler._releases),
    (r"POST /releases", "contents", _Handler._make),
    (r"PATCH /releases/(\d+)", "contents", _Handler._change),
    (r"GET /releases/(\d+)/assets", "", _Handler._assets),
    (r"POST /uploads/(\d+)/files", "contents", _Handler._upload),
    (r"GET /releases/assets/(\d+)", "", _Handler._asset),
    (r"DELETE /releases/assets/(\d+)", "contents", _Handler._take_away),
]
