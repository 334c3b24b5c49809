"""A commit on a new branch leaves the index, the work tree and the checked-out branch alone."""

from __future__ import annotations

import os
from typing import Any

import pytest

from promptops.errors import GitError, PromptopsError
from promptops.repo.new_branch import commit_on_new_branch, push_command
from promptops.repo.repository import Repository


def state(repo: Any) -> dict[str, bytes]:
    """Every file of the repository but objects and what belongs to the new branch."""
    found = {}
    for folder, _, names in os.walk(repo.root):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), repo.root)
            if not path.startswith(".git/objects") and not path.endswith("/heads/new/one"):
                with open(os.path.join(folder, name), "rb") as file:
                    found[path] = file.read()
    return found


def commit(repo: Any, name: str = "new/one", message: str = "Say it.\n", **files: bytes) -> str:
    contents = {path.replace("__", "/"): data for path, data in files.items()}
    with Repository.open(repo.root) as opened:
        return commit_on_new_branch(opened, name, message, contents)


def test_only_the_given_files_differ_from_head(repo: Any) -> None:
    repo.write({"a/b": "1\n", "a/c": "2\n", "run": "x\n", ".gitattributes": "win text eol=crlf\n"})
    os.chmod(repo.root / "run", 0o755)
    head = repo.commit("start")
    repo.write({"a/c": "not committed\n", "new": "untracked\n", "staged": "s\n"})
    repo.git("add", "staged")
    hook = repo.root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    before = state(repo)

    found = commit(repo, a__b=b"3\n", run=b"y\n", win=b"a\r\n", deep__er__new=b"n\n")

    assert state(repo) == before
    hook.unlink()
    assert repo.git("rev-parse", "new/one") == found
    assert repo.git("log", "--format=%P %an <%ae> %B", "-1", found) == (
        f"{head} Ada Author <ada@example.com> Say it.\n"
    )
    assert repo.git("diff", "--name-status", head, found).splitlines() == [
        "M\ta/b",
        "A\tdeep/er/new",
        "M\trun",
        "A\twin",
    ]
    assert repo.git("ls-tree", found, "run").startswith("100755 ")
    assert repo.git("cat-file", "blob", f"{found}:win") == "a"


@pytest.mark.parametrize(
    ("name", "message", "expected"),
    [
        ("", "m", "'' can't be the name of a branch"),
        ("-d", "m", "'-d' can't be the name of a branch"),
        ("a b", "m", "'a b' can't be the name of a branch"),
        ("a..b", "m", "'a..b' can't be the name of a branch"),
        ("HEAD", "m", "'HEAD' can't be the name of a branch"),
        ("@{-1}", "m", "'@{-1}' can't be the name of a branch"),
        ("a\0b", "m", "'a\\x00b' can't be the name of a branch"),
        ("main", "m", "there is a branch 'main' already"),
        ("new/one", " \n", "the commit has no message"),
    ],
)
def test_a_wrong_name_and_an_empty_message_are_refused(
    repo: Any, name: str, message: str, expected: str
) -> None:
    repo.write({"a": "1\n"})
    repo.commit("start")
    before = state(repo)

    with pytest.raises(PromptopsError) as refused:
        commit(repo, name, message, a=b"2\n")

    assert refused.value.message == expected
    assert refused.value.hint
    assert state(repo) == before


def test_a_branch_below_another_one_is_refused_with_the_reason_of_git(repo: Any) -> None:
    repo.write({"a": "1\n"})
    repo.commit("start")

    with pytest.raises(GitError, match=r"'refs/heads/main' exists"):
        commit(repo, "main/two", a=b"2\n")


def test_without_a_commit_or_an_author_the_error_says_what_to_do(
    repo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GitError) as unborn:
        commit(repo, a=b"2\n")
    repo.write({"a": "1\n"})
    repo.commit("start")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_EMAIL")
        monkeypatch.delenv(f"GIT_{who}_NAME")
    with pytest.raises(GitError) as nameless:
        commit(repo, a=b"2\n")

    assert (unborn.value.message, unborn.value.hint) == (
        "there is no commit yet",
        "create the first one: git commit",
    )
    assert (nameless.value.message, nameless.value.hint) == (
        "git has no name and email address for the commit",
        "git config user.name NAME; git config user.email ADDRESS",
    )


def test_the_command_that_pushes_names_the_remote(repo: Any) -> None:
    with Repository.open(repo.root) as opened:
        assert push_command(opened, "a") == ""
        repo.git("remote", "add", "up", "x")
        assert push_command(opened, "a$(b)") == "git push -u up 'a$(b)'"
        repo.git("remote", "add", "origin", "x")
        assert push_command(opened, "a") == "git push -u origin a"
