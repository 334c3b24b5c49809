"""The same from every place in a repository, and from none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from promptops.cli.main import run

LISTED = "support/triage     active  fast  2 cases\nsupport/triage.de  draft   fast  2 cases\n"


def test_from_a_folder_below(small, process):
    assert process("list", cwd=small.root / "prompts" / "support").stdout == LISTED


def test_in_a_linked_work_tree_with_the_cache_of_all(small, tmp_path, process):
    linked = tmp_path / "linked"
    small.git("worktree", "add", "-q", str(linked), "-b", "other")

    listed = process("list", cwd=linked)
    linted = process("lint", cwd=linked)

    assert (listed.stdout, linted.returncode) == (LISTED, 0)
    assert list((small.root / ".git" / "promptops").glob("lint-*"))
    assert small.git("-C", str(linked), "status", "--porcelain") == ""


def test_with_git_dir_set(small, process):
    found = process("list", cwd=small.root, GIT_DIR=".git")

    assert (found.stdout, found.stderr) == (LISTED, "")


@pytest.mark.parametrize("arguments", [("list", "--at", "HEAD"), ("list",)], ids=" ".join)
def test_in_a_bare_repository(small, tmp_path, arguments, process):
    bare = tmp_path / "bare.git"
    small.git("clone", "-q", "--bare", str(small.root), str(bare))

    assert process(*arguments, cwd=bare).stdout == LISTED
    assert process("lint", "--at", "HEAD", cwd=bare).returncode == 0


def test_the_two_programs_are_one(small):
    scripts = Path(sys.executable).parent
    if not (scripts / "git-promptops").exists():
        pytest.skip("promptops is not installed here")
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}

    said = [
        subprocess.run(
            command, cwd=small.root, env=environment, capture_output=True, text=True, check=False
        ).stdout
        for command in (["promptops", "list"], ["git", "promptops", "list"])
    ]

    assert said == [LISTED, LISTED]


@pytest.mark.parametrize(
    "arguments",
    [
        ("-C", "DIR", "list"),
        ("-CDIR", "list"),
        ("-C", "DIR", "-C", "prompts", "list"),
        ("-C", "DIR", "list", "-C", "prompts/support"),
        ("list", "-C", "DIR"),
    ],
    ids=" ".join,
)
def test_a_directory_before_the_command_is_where_it_runs(small, tmp_path, process, arguments):
    given = [each.replace("DIR", str(small.root)) for each in arguments]

    found = process(*given, cwd=tmp_path)

    assert (found.returncode, found.stdout, found.stderr) == (0, LISTED, "")


def test_a_file_is_written_below_the_directory_before_the_command(small, tmp_path, process):
    process("-C", str(small.root), "list", "--format", "text=listed.txt", cwd=tmp_path)

    assert (small.root / "listed.txt").read_text("utf-8") == LISTED


@pytest.mark.parametrize(
    ("name", "problem"),
    [("nowhere", "Directory 'nowhere' does not exist."), ("file", "Directory 'file' is a file.")],
)
def test_a_wrong_directory_before_the_command_is_an_error(tmp_path, process, name, problem):
    (tmp_path / "file").touch()

    found = process("-C", name, "list", cwd=tmp_path)

    assert (found.returncode, found.stdout, found.stderr) == (
        2,
        "",
        f"error: Invalid value for '-C': {problem}\n  tip: promptops --help\n",
    )


def test_a_caller_in_the_same_process_stays_where_it_is(small, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert run(["-C", str(small.root), "list", "-q"]) == 0
    assert Path.cwd() == tmp_path


WINDOWS = """
import asyncio, click, logging, os, pathlib, signal, subprocess, sys, tempfile
sys.platform = "win32"
sys.modules["fcntl"] = None
del os.O_NOFOLLOW, os.O_NONBLOCK, os.O_DIRECTORY, os.O_CLOEXEC, os.posix_spawnp
del signal.SIGKILL, signal.SIGPIPE
import promptops
from promptops.cli.main import run
for line in sys.argv[2:]:
    print(line, run(line.split()), file=sys.stderr)
print(len(promptops.load(source=sys.argv[1])), file=sys.stderr)
for given in ({"source": "git+file:///x"}, {"source": sys.argv[1], "trust": "signers"}):
    try:
        promptops.load("v1.0.0", **given)
    except promptops.UsageError as error:
        print(error, file=sys.stderr)
"""
LINES = ("list", "lint --staged", "test", "run ask", "lsp", "doctor", "verify v1.0.0", "init")


def test_on_windows_bundle_files_load_and_all_else_names_wsl(small, tmp_path):
    file = tmp_path / "prompts.jsonl"
    assert run(["build", "-C", str(small.root), "HEAD", "-o", str(file)]) == 0
    command = [sys.executable, "-c", WINDOWS, str(file), *LINES]

    done = subprocess.run(command, cwd=small.root, capture_output=True, text=True, check=False)

    tip = "  tip: on Windows, use WSL: see docs/providers.md, Platforms"
    error = f"error: reading a git repository needs Linux or macOS\n{tip}"
    signature = f"checking a signature (`trust`) needs Linux or macOS\n{tip}"
    assert done.stderr == "".join(f"{error}\n{line} 2\n" for line in LINES) + (
        f"2\n{error.removeprefix('error: ')}\n{signature}\n"
    )
