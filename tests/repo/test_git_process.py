"""Running git, and what it says when it fails."""

import os
import subprocess
import sys

import pytest

from promptops.errors import GitError
from promptops.repo.process import Git, foreign_environment, inherited_environment


def failure(call, *arguments):
    with pytest.raises(GitError) as caught:
        call(*arguments)
    return caught.value.message, caught.value.where, caught.value.hint


def test_the_output_comes_back_as_bytes(repo):
    assert Git(repo.root, inherited_environment()).run("rev-parse", "--git-dir") == b".git\n"


def test_a_failure_is_gits_own_first_line(repo):
    git = Git(repo.root, inherited_environment())

    expected = ("Not a valid object name nowhere", str(repo.root), None)
    assert failure(git.run, "cat-file", "-p", "nowhere") == expected


def test_git_that_is_not_installed_is_said_with_the_way_out(repo, monkeypatch):
    git = Git(repo.root, inherited_environment())
    monkeypatch.setenv("PATH", str(repo.root))

    assert failure(git.run, "status") == (
        "git is not installed",
        None,
        "install git 2.31 or later and put it on PATH",
    )


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b"])
def test_what_no_argument_can_hold_is_refused(repo, odd):
    git = Git(repo.root, inherited_environment())

    expected = (f"git can't take the argument {odd!r}", str(repo.root), None)
    assert failure(git.run, "rev-parse", odd) == expected


def test_more_arguments_than_the_system_takes_are_refused(repo):
    git = Git(repo.root, inherited_environment())

    expected = ("git can't be started: argument list too long", str(repo.root), None)
    assert failure(git.run, "rev-parse", "x" * 10_000_000) == expected


def test_much_output_on_both_streams_does_not_block(repo):
    repo.write({"big.txt": b"x" * 1_000_000})
    repo.commit("one")
    git = Git(repo.root, inherited_environment() | {"GIT_TRACE_PACKET": "1", "GIT_TRACE": "1"})

    answer = git.ask(
        "-c", f"alias.noisy=!git cat-file -p HEAD:big.txt; cat {'big.txt >&2'}", "noisy"
    )

    assert (answer.status, len(answer.stdout)) == (0, 1_000_000)
    assert answer.stderr.endswith(b"x" * 1_000_000)


def test_the_environment_for_another_repository_lacks_what_a_hook_sets(monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/elsewhere/.git")
    monkeypatch.setenv("GIT_INDEX_FILE", "/elsewhere/index")
    monkeypatch.setenv("GIT_GLOB_PATHSPECS", "1")  # clashes with our literal ones

    gone = inherited_environment().keys() - foreign_environment().keys()

    assert gone == {"GIT_DIR", "GIT_INDEX_FILE"}
    assert "GIT_GLOB_PATHSPECS" not in inherited_environment()


def test_git_runs_where_the_caller_has_closed_the_standard_streams(repo):
    script = (
        "import os; from pathlib import Path; from promptops.repo.process import *\n"
        "for number in range(3): os.close(number)\n"
        "answer = Git(Path('.'), inherited_environment()).run('rev-parse', '--git-dir')\n"
        "Path('answer').write_bytes(answer)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    subprocess.run([sys.executable, "-c", script], cwd=repo.root, env=environment, check=False)

    assert (repo.root / "answer").read_bytes() == b".git\n"


def test_the_way_a_hook_takes_imports_neither_gitpython_nor_subprocess():
    script = "import sys, promptops.repo.repository; print({'git', 'subprocess'} & {*sys.modules})"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "set()\n"
