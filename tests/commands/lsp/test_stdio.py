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
