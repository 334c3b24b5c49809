"""A command line in a fork does what it does in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.fork_server import ForkServer, client_program

PROMPT = "format: promptops/1\nmessages: [{role: user, content: 'é {{ nothing }}'}]\n"
COMMANDS = (
    ("--version",),
    ("lint",),
    ("lint", "--format", "json", "--no-cache"),
    ("render", "a"),
    ("nothing",),
    ("render", "a", "-C", ".."),
)


@pytest.fixture
def catalog(repo):
    repo.write({"prompts/a.prompt.yaml": PROMPT, "in/a": "a"})
    repo.commit("one")
    return repo


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_it_ends_and_prints_as_a_process_does(
    arguments, catalog, fork_server: ForkServer, monkeypatch
):
    program = "from promptops.cli.main import main; main()"
    environment = os.environ | {"COLUMNS": "60"}
    process = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=catalog.root / "in",
        env=environment,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )

    fork = fork_server.run(arguments, cwd=catalog.root / "in", environment=environment)

    assert (fork.returncode, fork.stdout, fork.stderr) == (
        process.returncode,
        process.stdout,
        process.stderr,
    )


def test_a_program_on_path_has_its_own_files_folder_and_environment(
    catalog, fork_server: ForkServer, tmp_path
):
    program = tmp_path / "promptops"
    client_program(program, fork_server.address)
    script = f"cd in && {program} list && {program} render a -C nowhere 2>&1 >&-; echo $?"

    done = subprocess.run(
        ["sh", "-c", script], cwd=catalog.root, capture_output=True, check=False, text=True
    )

    listed, refused, *_, code = done.stdout.splitlines()
    assert (listed.split()[0], "nowhere" in refused, code, done.stderr) == ("a", True, "2", "")
