"""Which branch is trusted: that of the remote, if it is known."""

from __future__ import annotations

import pytest

from promptops.errors import GitError
from promptops.repo.default_branch import (
    how_to_set,
    is_branch,
    refuse_unknown_default,
    trusted_branch,
)
from promptops.repo.repository import Repository

HERE, ORIGIN = "refs/heads", "refs/remotes/origin"
SET_HEAD = "git remote set-head origin -a"


def fetched(repo, *branches: str, remote: str = "origin") -> None:
    """Let the repository have a remote and these branches of it."""
    repo.git("remote", "add", remote, "https://example.com/prompts.git")
    for name in branches:
        repo.git("update-ref", f"refs/remotes/{remote}/{name}", "HEAD")


@pytest.mark.parametrize(
    ("branches", "head", "found"),
    [
        (["main"], None, f"{ORIGIN}/main"),
        (["master"], None, f"{ORIGIN}/master"),
        (["topic"], None, None),
        (["main", "topic"], None, None),
        (["main", "master"], None, None),
        (["main", "trunk"], "trunk", f"{ORIGIN}/trunk"),
        (["main"], "gone", None),
    ],
)
def test_with_a_remote_only_its_head_or_its_single_branch_counts(repo, branches, head, found):
    repo.commit("one")
    fetched(repo, *branches)
    if head is not None:
        repo.git("symbolic-ref", f"{ORIGIN}/HEAD", f"{ORIGIN}/{head}")

    repository = Repository.open(repo.root)

    assert (trusted_branch(repository), how_to_set(repository)) == (found, SET_HEAD)


@pytest.mark.parametrize(
    ("branches", "configured", "found"),
    [
        (["main", "topic"], "", "main"),
        (["main", "master"], "", None),
        (["main", "master"], "master", "master"),
        (["main", "trunk"], "trunk", "trunk"),
        (["trunk", "topic"], "", None),
        (["trunk"], "", "trunk"),
    ],
)
def test_without_a_remote_the_local_branch_counts(repo, branches, configured, found):
    repo.commit("one")
    repo.git("switch", "--quiet", "--detach")
    repo.git("branch", "-D", "main")
    for name in branches:
        repo.git("branch", name)
    if configured:
        repo.git("config", "init.defaultBranch", configured)

    repository = Repository.open(repo.root)

    assert trusted_branch(repository) == (f"{HERE}/{found}" if found else None)
    assert how_to_set(repository) == "git config init.defaultBranch NAME"


def test_one_remote_of_any_name_counts_and_of_several_only_origin(repo):
    repo.commit("one")
    fetched(repo, "main", remote="acme")
    repository = Repository.open(repo.root)
    alone = (trusted_branch(repository), how_to_set(repository))
    fetched(repo, "main", remote="colleague")
    several = (trusted_branch(repository), how_to_set(repository))
    fetched(repo, "main")

    assert alone == ("refs/remotes/acme/main", "git remote set-head acme -a")
    assert several == (None, f"git remote rename NAME origin && {SET_HEAD}")
    assert trusted_branch(repository) == f"{ORIGIN}/main"


def test_a_remote_of_which_nothing_was_fetched_does_not_count(repo):
    repo.commit("one")
    fetched(repo)

    assert trusted_branch(Repository.open(repo.root)) == f"{HERE}/main"


def test_of_several_branches_none_is_taken_for_the_default_one(repo):
    repo.commit("one")
    fetched(repo, "main", "trunk")

    with pytest.raises(GitError) as caught:
        refuse_unknown_default(Repository.open(repo.root), "origin")

    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        "the default branch of `origin` is unknown: `main` may not be it",
        str(repo.root),
        f"set it once: {SET_HEAD}",
    )


def test_only_the_name_of_a_branch_is_one(repo):
    repo.commit("one")
    fetched(repo, "trunk")
    repo.git("tag", "v1")
    yes = ("main", "heads/main", f"{HERE}/main", "origin/trunk", f"{ORIGIN}/trunk")
    no = (repo.git("rev-parse", "HEAD"), "HEAD", "main~0", "main^{commit}", "v1", "trunk", "", "-h")

    with Repository.open(repo.root) as repository:
        found = [name for name in (*yes, *no) if is_branch(repository, name)]

    assert found == list(yes)
