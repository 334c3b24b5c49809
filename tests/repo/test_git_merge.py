"""What a merge would give, without making it."""

import os
from pathlib import Path

import pytest

from promptops.errors import GitError
from promptops.repo.merge import merged
from promptops.repo.process import inherited_environment
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL, NamedCommit


def fork(repo, main=None, topic=None):
    """Two branches from one commit, each with what it changed; `main` is checked out."""
    repo.write({"a.txt": "1\n2\n3\n", "kept.txt": "kept"})
    repo.commit("one")
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.write(topic or {"a.txt": "1 topic\n2\n3\n", "new.txt": "new"})
    repo.commit("topic")
    repo.git("checkout", "--quiet", "main")
    repo.write(main or {"a.txt": "1\n2\n3 main\n"})
    repo.commit("main")


def merge(repository, into="main", branch="topic"):
    into, branch = (NamedCommit(name, repository.resolve(name)) for name in (into, branch))
    return merged(repository, into, branch)


def everything(root):
    """Every file of a repository and of its work tree, with its content."""
    found = (Path(folder) / name for folder, _, names in os.walk(root) for name in names)
    return {str(path): path.read_bytes() for path in found}


def test_the_result_has_what_both_sides_changed(repo):
    fork(repo)

    with Repository.open(repo.root) as repository, merge(repository) as result:
        tree = result.repository.stored(result.tree)
        contents = tree.read(tree.entries)
        changed = result.repository.difference(repository.resolve("main"), result.tree)

    assert contents == {
        "a.txt": b"1 topic\n2\n3 main\n",
        "kept.txt": b"kept",
        "new.txt": b"new",
    }
    assert [change.path for change in changed] == ["a.txt", "new.txt"]


def test_nothing_of_the_repository_is_written(repo):
    fork(repo)
    repo.write({"a.txt": "edited", "untracked.txt": ""})
    before = everything(repo.root)

    with Repository.open(repo.root) as repository, merge(repository) as result:
        result.repository.stored(result.tree).read(["a.txt"])

    assert everything(repo.root) == before
    assert repo.git("fsck", "--unreachable", "--no-reflogs") == ""


def test_what_is_merged_already_gives_the_newer_of_the_two(repo):
    fork(repo)
    repo.git("branch", "old", "main~1")

    with Repository.open(repo.root) as repository, merge(repository, branch="old") as result:
        assert result.tree == repo.git("rev-parse", "main^{tree}")
    with Repository.open(repo.root) as repository, merge(repository, into="old") as result:
        assert result.tree == repo.git("rev-parse", "topic^{tree}")


@pytest.mark.parametrize("place", ["a bare repository", "a linked work tree", "a subdirectory"])
def test_it_works_in(repo, tmp_path, place):
    fork(repo)
    root = tmp_path / "there"
    if place == "a bare repository":
        repo.git("clone", "--quiet", "--bare", str(repo.root), str(root))
    elif place == "a linked work tree":
        repo.git("worktree", "add", "--quiet", "--detach", str(root), "topic")
    else:
        root = repo.root / "sub"
        root.mkdir()

    with Repository.open(root) as repository, merge(repository) as result:
        contents = result.repository.stored(result.tree).read(["a.txt"])

    assert contents == {"a.txt": b"1 topic\n2\n3 main\n"}


@pytest.mark.parametrize("name", ["with:colon", 'q"uo\\te:d', "sp ace", "größe"])
def test_the_repository_may_stand_anywhere(repo, tmp_path, name):
    fork(repo)
    repo.root.rename(tmp_path / name)

    with Repository.open(tmp_path / name) as repository, merge(repository) as result:
        contents = result.repository.stored(result.tree).read(["a.txt", "kept.txt"])

    assert contents == {"a.txt": b"1 topic\n2\n3 main\n", "kept.txt": b"kept"}


def test_objects_that_stand_elsewhere_are_still_read(repo, tmp_path):
    fork(repo)
    bare = tmp_path / "bare.git"
    repo.git("init", "--quiet", "--bare", str(bare))
    environment = {
        **inherited_environment(),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repo.root / ".git" / "objects"),
    }
    for branch in ("main", "topic"):
        (bare / "refs" / "heads" / branch).write_text(repo.git("rev-parse", branch) + "\n")

    with Repository.open(bare, environment) as repository, merge(repository) as result:
        contents = result.repository.stored(result.tree).read(["a.txt", "kept.txt"])

    assert contents == {"a.txt": b"1 topic\n2\n3 main\n", "kept.txt": b"kept"}


def refusal(root, *sides):
    with (
        Repository.open(root) as repository,
        pytest.raises(GitError) as caught,
        merge(repository, *sides),
    ):
        pass
    assert caught.value.where == str(root)
    return caught.value.message, caught.value.hint


def test_conflicted_files_are_named_with_the_way_out(repo):
    both = ("a.txt", "line\nbreak", "kept.txt")
    fork(repo, dict.fromkeys(both, "main"), dict.fromkeys(both, "topic"))
    before = everything(repo.root)

    assert refusal(repo.root) == (
        "`topic` can't be merged into `main` without conflicts: `a.txt`, `kept.txt`, `line\nbreak`",
        "resolve them on `topic` and commit: git merge main",
    )
    assert everything(repo.root) == before


def test_of_many_conflicted_files_the_first_ones_are_named(repo):
    names = [f"{number:02}.txt" for number in range(13)]
    fork(repo, dict.fromkeys(names, "main"), dict.fromkeys(names, "topic"))

    message, _ = refusal(repo.root)

    assert message.endswith("`08.txt`, `09.txt` and 3 more")
    assert "10.txt" not in message


def test_histories_without_a_common_ancestor_are_not_merged(repo):
    fork(repo)
    repo.git("checkout", "--quiet", "--orphan", "other")
    repo.commit("alone")

    assert refusal(repo.root, "main", "other") == (
        "`main` and `other` have no common ancestor",
        "merge branches of one history",
    )


def test_a_shallow_clone_without_the_common_ancestor_says_how_to_fetch_it(repo, tmp_path):
    fork(repo)
    clone = tmp_path / "shallow"
    source = f"file://{repo.root}"
    repo.git("clone", "--quiet", "--depth=1", "--no-single-branch", source, str(clone))

    assert refusal(clone, "origin/main", "origin/topic") == (
        "`origin/main` and `origin/topic` have no common ancestor",
        FETCH_ALL,
    )


def test_an_older_git_is_named(repo, tmp_path, monkeypatch):
    fork(repo)
    real = os.environ["PATH"]
    old = tmp_path / "git"
    old.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "*merge-tree*) echo 'usage: git merge-tree <base-tree> …' >&2; exit 129;;\n"
        "*version) echo git version 2.37.5;;\n"
        f'*) PATH={real} exec git "$@";;\n'
        "esac\n"
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{real}")

    assert refusal(repo.root) == (
        "git 2.37 can't compute the result of a merge",
        "install git 2.38 or later, or compare from their merge base: main...topic",
    )
