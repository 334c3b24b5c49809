"""`promptops ui`: what it refuses to start with, what it prints, and how it ends."""

from __future__ import annotations

import importlib.util
import signal
import socket
from typing import Any

import pytest

from promptops.commands.ui.server import HOST
from tests.commands.asked import running
from tests.commands.ui.served import FILES, PATIENCE_S, Client


def test_without_the_extra_the_error_says_how_to_install_it(
    repo: Any, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def missing(name: str, *rest: Any) -> Any:
        return None if name == "uvicorn" else found(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", missing)

    said = say("ui", "-C", str(repo.root))

    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: the workbench needs the package `uvicorn`\n  tip: pip ins")
    assert "starlette" in said.err
    assert "uvicorn" in said.err.splitlines()[1]


def test_a_port_in_use_is_refused(project: Any, say: Any) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        said = say("ui", "-C", str(project.root), "--port", str(port), "--no-open")

    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"error: port {port} can't be used: address already in use\n"
        "  tip: choose another one, or leave out --port for any free one\n"
    )


def test_without_a_repository_there_is_nothing_to_show(tmp_path: Any, say: Any) -> None:
    said = say("ui", "-C", str(tmp_path), "--no-open")

    assert (said.code, said.out) == (4, "")
    assert "not a git repository" in said.err
    assert "git init" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--write", "--at", "HEAD"), 2, "--write and --at exclude each other"),
        (("--at", "nope"), 4, "there is no revision 'nope'"),
        (("--port", "70000"), 2, "70000"),
        (("--config", "lint.nope=1"), 2, "nope"),
    ],
)
def test_wrong_options_are_refused(
    project: Any, say: Any, arguments: tuple[str, ...], code: int, message: str
) -> None:
    said = say("ui", "-C", str(project.root), "--no-open", *arguments)

    assert (said.code, said.out) == (code, "")
    assert message in said.err


def test_a_broken_configuration_is_refused_as_by_other_commands(project: Any, say: Any) -> None:
    project.write({"promptops.toml": "[models\n"})

    said = say("ui", "-C", str(project.root), "--no-open")

    assert (said.code, said.out) == (3, "")
    assert said.err.startswith("promptops.toml:1:")


def test_it_prints_the_address_and_ends_quietly_with_ctrl_c(project: Any) -> None:
    with running(project.root, "ui", "--no-open", "--write") as server:
        assert server.stdout is not None
        address = server.stdout.readline().rstrip("\n")
        port, token = address.removeprefix(f"http://{HOST}:").split("/#token=")
        client = Client(int(port), token)
        client.edit(id="ask", at="/messages/1/content", text="x")
        session = client.get("/api/session")
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=PATIENCE_S)

    assert (session["write"], session["live"]) == (True, False)
    assert (server.returncode, out) == (0, "")
    assert err == "keep this address to yourself; Ctrl-C ends the server\n"
    assert (project.root / "prompts/ask.prompt.yaml").read_text() == FILES[
        "prompts/ask.prompt.yaml"
    ]
