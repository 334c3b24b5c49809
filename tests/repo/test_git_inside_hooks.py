"""Inside a real hook git points at another index: that is the one to read."""

import os
import shlex
import sys

import pytest

from promptops.repo.repository import Repository

SCRIPT = """
import json, sys
from pathlib import Path
from promptops.repo.repository import INDEX, Repository

with Repository.open(Path(".")) as repository:
    tree = repository.tree(INDEX)
    found = {path: content.decode() for path, content in tree.read(tree.entries).items()}
    changed = [change.path for change in repository.changed("HEAD", INDEX)]
print(json.dumps([found, changed]), file=open(sys.argv[1], "w"))
"""


@pytest.fixture
def hooked(repo, tmp_path):
    """The repository with a pre-commit hook that writes what it sees to `seen`."""
    script = tmp_path / "hook.py"
    script.write_text(SCRIPT)
    path = shlex.quote(os.pathsep.join(filter(None, [os.getcwd(), *sys.path])))
    command = shlex.join([sys.executable, str(script), str(tmp_path / "seen")])
    hook = repo.root / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    repo.write({"a.txt": "a1", "b.txt": "b1"})
    repo.commit("one")
    hook.write_text(f"#!/bin/sh\nPYTHONPATH={path} exec {command}\n")
    hook.chmod(0o755)
    repo.write({"a.txt": "a2", "b.txt": "b2"})
    return repo


def seen(tmp_path):
    import json

    return json.loads((tmp_path / "seen").read_text())


def test_commit_sees_what_is_staged(hooked, tmp_path):
    hooked.git("add", "a.txt")

    hooked.git("commit", "--quiet", "-m", "two")

    assert seen(tmp_path) == [{"a.txt": "a2", "b.txt": "b1"}, ["a.txt"]]


def test_commit_all_sees_what_it_adds_itself(hooked, tmp_path):
    hooked.git("commit", "--quiet", "-a", "-m", "two")

    assert seen(tmp_path) == [{"a.txt": "a2", "b.txt": "b2"}, ["a.txt", "b.txt"]]


def test_commit_of_a_path_sees_that_path_and_not_what_else_is_staged(hooked, tmp_path):
    hooked.git("add", "a.txt")

    hooked.git("commit", "--quiet", "-m", "two", "b.txt")

    assert seen(tmp_path) == [{"a.txt": "a1", "b.txt": "b2"}, ["b.txt"]]


def test_commit_in_a_linked_work_tree_sees_that_work_tree(hooked, tmp_path):
    linked = tmp_path / "linked"
    hooked.git("worktree", "add", "--quiet", str(linked))
    (linked / "a.txt").write_text("linked")

    hooked.git("-C", str(linked), "commit", "--quiet", "-a", "-m", "two")

    assert seen(tmp_path) == [{"a.txt": "linked", "b.txt": "b1"}, ["a.txt"]]


def test_commit_from_a_folder_inside_sees_the_whole(hooked, tmp_path):
    hooked.write({"sub/c.txt": "c"})
    hooked.git("add", "sub")

    hooked.git("-C", "sub", "commit", "--quiet", "-a", "-m", "two")

    found = {"a.txt": "a2", "b.txt": "b2", "sub/c.txt": "c"}
    assert seen(tmp_path) == [found, ["a.txt", "b.txt", "sub/c.txt"]]


def test_an_index_named_by_the_environment_is_read(repo, monkeypatch):
    repo.write({"a.txt": "a"})
    repo.commit("one")
    monkeypatch.setenv("GIT_INDEX_FILE", str(repo.root / ".git" / "other-index"))
    repo.write({"b.txt": "b"})
    repo.git("add", "b.txt")

    with Repository.open(repo.root) as repository:
        assert list(repository.tree("index").entries) == ["b.txt"]
