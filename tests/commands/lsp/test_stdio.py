"""The command `promptops lsp`, as a terminal and a wrong installation meet it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from promptops.cli.main import run
from tests.commands.lsp.editor import SERVER


def test_without_the_extra_the_command_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)

    assert run(["lsp"]) == 2

    assert capsys.readouterr().err == (
        "error: the language server needs the package `pygls`\n  tip: pip install 'pygls>=2.1'\n"
    )


def test_a_server_ends_with_its_editor() -> None:
    done = subprocess.run(SERVER, input=b"no header\n\n", capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        (
            b"Content-Length: 99999999999\r\n\r\n{}",
            "a message of the editor is longer than 256,000,000",
        ),
        (
            b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
            "a message of the editor is longer than 256,000,000",
        ),
        (b"x" * 20_000, "a header of the editor is longer than 10,000"),
    ],
    ids=["length", "digits", "header"],
)
def test_a_message_or_a_header_that_is_too_long_ends_the_server_with_its_reason(
    sent: bytes, what: str
) -> None:
    done = subprocess.run(SERVER, input=sent, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr.decode()) == (
        3,
        b"",
        f"standard input: error: {what} bytes\n  tip: restart the language server in the editor\n",
    )
