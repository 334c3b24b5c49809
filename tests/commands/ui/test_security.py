"""Only the page that the user opened may call the server; each line of the table over HTTP."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest

from promptops.commands.ui.server import HOST
from tests.commands.ui.served import ASK, FILES, PATIENCE_S, Client, served
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server

SESSION = "/api/session"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-NONCE'; "
    "img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'"
)
KEY = "acme7f3a9b2c5d1e4a6b8c0d"


def raw(client: Client, request: str) -> bytes:
    """What the server answers to these lines, until it closes the connection."""
    with socket.create_connection((HOST, client.port), timeout=PATIENCE_S) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1"}, 403),
        ({"Host": "localhost:PORT"}, 200),
        ({"Host": "LOCALHOST:PORT"}, 200),
        ({"Origin": "http://127.0.0.1:PORT"}, 200),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "http://localhost:PORT"}, 403),
        ({"Origin": "https://127.0.0.1:PORT"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
def test_only_the_own_page_with_the_token_may_call(
    reader: Client, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.replace("PORT", str(reader.port)) for name, value in headers.items()}

    got = reader.request("GET", SESSION, **sent)

    assert got.status == status
    assert (status == 200) == ("repository" in got.json)
    assert got.headers.get("www-authenticate") == ("Bearer" if status == 401 else None)


def test_a_token_that_is_sent_twice_or_elsewhere_is_refused(reader: Client) -> None:
    twice = f"Authorization: Bearer {reader.token}\n" * 2
    host = f"Host: 127.0.0.1:{reader.port}\nConnection: close\n"

    for request in (
        f"GET {SESSION} HTTP/1.1\n{host}{twice}\n",
        f"GET {SESSION}?token={reader.token} HTTP/1.1\n{host}\n",
        f"GET {SESSION} HTTP/1.1\n{host}Cookie: token={reader.token}\n\n",
    ):
        assert raw(reader, request).startswith(b"HTTP/1.1 401 ")
    assert raw(reader, f"GET {SESSION} HTTP/1.1\nConnection: close\n\n").startswith(b"HTTP/1.1 400")


def test_the_token_has_256_bits_and_differs_each_time(reader: Client, project: Any) -> None:
    with served(project.root) as other:
        assert len(reader.token) == len(other.token) == 43
        assert reader.token != other.token


def test_the_server_listens_on_loopback_only(reader: Client) -> None:
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    others = [
        each for each in addresses if not str(each).startswith("127.") and ":" not in str(each)
    ]
    for address in (*others, "127.0.0.2"):
        with pytest.raises(OSError, match=r"refused|unreachable"):
            socket.create_connection((address, reader.port), timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", "{}", 400),
        ("application/json; charset=utf-8", "{}", 400),
        ("text/plain", "{}", 415),
        ("application/x-www-form-urlencoded", "{}", 415),
        ("multipart/form-data; boundary=x", "{}", 415),
        ("", "{}", 415),
        ("application/json", " " * 1024 * 1024, 400),
        ("application/json", " " * (1024 * 1024 + 1), 413),
        ("application/json", "[]", 400),
        ("application/json", "[" * 500_000, 400),
        ("application/json", '{"id": ' + "9" * 10_000 + "}", 400),
        ("application/json", b"\xff\xfe{}", 400),
        ("application/json", '{"id": 1}', 400),
        ("application/json", '{"id": null}', 400),
        ("application/json", '{"id": "a", "id": "b"}', 400),
    ],
)
def test_a_request_is_a_json_object_of_at_most_a_megabyte(
    reader: Client, kind: str, body: str | bytes, status: int
) -> None:
    got = reader.request("POST", "/api/preview", body, Content_Type=kind)

    assert got.status == status
    assert got.json["errors"][0]["message"]


def test_a_request_of_unknown_length_is_refused_when_it_is_too_long(reader: Client) -> None:
    head = (
        f"POST /api/preview HTTP/1.1\nHost: 127.0.0.1:{reader.port}\n"
        f"Authorization: Bearer {reader.token}\nContent-Type: application/json\n"
        "Connection: close\nTransfer-Encoding: chunked\n\n"
    )
    piece = f"100000\n{' ' * 0x100000}\n"

    assert raw(reader, head + piece + "1\n \n0\n\n").startswith(b"HTTP/1.1 413 ")
    assert raw(reader, head + "2\n{}\n0\n\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("POST", "/", 405),
        ("GET", "/api/preview", 405),
        ("PUT", "/api/preview", 405),
        ("DELETE", "/api/session", 405),
        ("OPTIONS", "/api/session", 405),
        ("GET", "/api/prompt?id=../../etc/passwd", 404),
        ("GET", "/api/prompt", 400),
        ("GET", "/../../../etc/passwd", 404),
        ("GET", "/assets/../server.py", 404),
        ("GET", "/%2e%2e/server.py", 404),
        ("GET", "/index.html", 404),
        ("GET", SESSION, 200),
    ],
)
def test_every_response_has_the_headers_that_protect_the_page(
    reader: Client, method: str, path: str, status: int
) -> None:
    got = reader.request(method, path, **({} if path != "/" else {"Authorization": ""}))

    policy = re.sub(r"nonce-[-\w]{22}", "nonce-NONCE", got.headers["content-security-policy"])
    shown = {name: value for name, value in got.headers.items() if name not in ("date", "allow")}
    del shown["content-security-policy"], shown["content-type"], shown["content-length"]
    assert (got.status, policy) == (status, POLICY)
    assert shown == {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }


def test_the_page_knows_the_nonce_of_its_response_only(reader: Client) -> None:
    pages = [reader.request("GET", "/", Authorization="") for _ in range(2)]

    nonces = [re.findall(r"nonce-([-\w]{22})", p.headers["content-security-policy"]) for p in pages]
    assert nonces[0] != nonces[1]
    for page, (nonce,) in zip(pages, nonces, strict=True):
        assert nonce.encode() in page.data
        assert b"@NONCE@" not in page.data


@pytest.mark.parametrize(
    "name", ["../ask", "/etc/passwd", "prompts/ask.prompt.yaml", "", "\0", "a\nb"]
)
def test_a_prompt_is_found_by_the_ids_of_the_catalog_only(reader: Client, name: str) -> None:
    assert reader.refused("/api/preview", id=name)[0] == 404
    assert reader.refused("/api/edit", id=name, at="/x", text="x", was="")[0] == 404
    assert reader.refused("/api/revert", id=name)[0] == 404


@pytest.mark.parametrize("at", ["/description", "", "/messages/9/content", "/model/profile", "x"])
def test_only_the_texts_of_messages_can_be_edited(reader: Client, at: str) -> None:
    status, message, _ = reader.refused("/api/edit", id="ask", at=at, text="x", was="")

    assert (status, message) == (404, f"there is no text at {at!r}")


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/api/keep", {"name": "\ud800"}),
        ("/api/keep", {"contains": ["x", "\ud800"]}),
        ("/api/keep", {"inputs": {"question": "\ud800"}}),
        ("/api/edit", {"at": "/messages/1/content", "text": "\ud800", "was": ""}),
        ("/api/branch", {"state": "x", "message": "\ud800"}),
        ("/api/branch", {"state": "x", "name": "\ud800", "message": "x"}),
    ],
)
def test_half_of_a_surrogate_pair_is_refused(reader: Client, path: str, given: Any) -> None:
    body = {"id": "ask", "name": "how", "inputs": {"question": "x"}, **given}

    status, message, _ = reader.refused(path, **body)

    assert (status, "half of a surrogate pair" in message) == (400, True)


def test_no_answer_contains_a_key(
    project: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    told = {"error": {"message": f"Incorrect API key provided: {KEY}"}}
    refusal = Answer(status=401, body=json.dumps(told).encode())

    with fault_server(lambda _: refusal) as model:
        key = f'api_key_env = "THE_KEY"\nbase_url = "{model.base_url}"\n'
        project.write({"promptops.toml": FILES["promptops.toml"] + key})
        project.commit("a key")
        with served(project.root, live=True) as client:
            pages = (SESSION, "/api/catalog", "/api/change", "/api/prompt?id=ask")
            got = [client.request("GET", path).data for path in pages]
            for path, body in (
                ("/api/preview", {"id": "ask"}),
                ("/api/rows", {"ids": ["ask", "broken"]}),
                ("/api/test", {"id": "ask"}),
                ("/api/answers", {"id": "ask", "models": ["fast"]}),
            ):
                got.append(client.request("POST", path, json.dumps(body)).data)
        (request,) = model.requests

    assert KEY in str(request)
    assert b"Incorrect API key provided: " in got[-1]
    assert KEY.encode() not in b"".join(got) + "".join(capfd.readouterr()).encode()
    assert b"THE_KEY" not in got[0]


def test_an_untrusted_repository_is_neither_saved_nor_sent(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    with served(project.root, write=True, live=True) as client:
        session = client.get(SESSION)
        client.edit(id="ask", at="/messages/0/content", text="x")
        saved = client.refused("/api/save", state="")
        branch = client.refused("/api/branch", state="", name="a", message="b")
        called = client.refused("/api/answers", id="ask", models=["fast"])
        searched = client.refused(
            "/api/optimize", id="ask", proposer="fast", goal="better", max_cost=1
        )

    assert (session["write"], session["live"], session["untrusted"]) == (False, False, True)
    assert saved == branch == (403, "nothing is saved: PROMPTOPS_UNTRUSTED is set", None)
    assert called == searched == (403, "no model is called: PROMPTOPS_UNTRUSTED is set", None)
    assert (project.root / ASK).read_text() == FILES[ASK]


def test_without_flags_nothing_is_saved_and_no_model_is_called(reader: Client) -> None:
    assert reader.refused("/api/save", state="") == (
        403,
        "nothing is saved",
        "start it as `promptops ui --write`",
    )
    assert reader.refused("/api/branch", state="", name="a", message="b")[0] == 403
    assert reader.refused("/api/answers", id="ask", models=["fast"]) == (
        403,
        "no model is called",
        "start it as `promptops ui --live`",
    )
