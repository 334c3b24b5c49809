"""The latest tag, and what HEAD is compared with when nobody says."""

import pytest

from promptops.errors import GitError
from promptops.repo.history import default_base, latest_tag
from promptops.repo.repository import Repository


def with_upstream(repo, tmp_path):
    """A bare repository as `origin`, its default branch fetched."""
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "origin.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    repo.git("fetch", "--quiet", "origin")


def test_the_latest_tag_is_the_nearest_annotated_one_that_is_reachable(repo):
    repo.commit("one")
    repo.git("tag", "-a", "v1.0.0", "-m", "release")
    repo.commit("two")
    repo.git("tag", "light")
    repo.git("checkout", "--quiet", "-b", "next")
    repo.commit("three")
    repo.git("tag", "-a", "v2.0.0", "-m", "release")

    repository = Repository.open(repo.root)

    assert latest_tag(repository, "main") == "v1.0.0"
    assert latest_tag(repository) == "v2.0.0"


def test_a_branch_is_compared_with_where_it_left_the_upstream(repo, tmp_path):
    left = repo.commit("one")
    with_upstream(repo, tmp_path)
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit("two")
    repo.git("tag", "-a", "v1", "-m", "nearer, but not asked")

    assert default_base(Repository.open(repo.root)) == left


def test_the_upstreams_own_word_on_its_default_branch_counts(repo, tmp_path):
    repo.commit("one")
    repo.git("checkout", "--quiet", "-b", "trunk")
    left = repo.commit("two")
    with_upstream(repo, tmp_path)
    repo.git("remote", "set-head", "origin", "trunk")
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit("three")

    assert default_base(Repository.open(repo.root)) == left


def test_a_main_beside_other_branches_is_no_base_until_git_knows_the_default(repo, tmp_path):
    left = repo.commit("one")
    repo.git("branch", "trunk")
    with_upstream(repo, tmp_path)
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.commit("two")

    with pytest.raises(GitError) as caught:
        default_base(Repository.open(repo.root))
    repo.git("remote", "set-head", "origin", "trunk")

    assert (caught.value.message, caught.value.hint) == (
        "the default branch of `origin` is unknown: `main` may not be it",
        "set it once: git remote set-head origin -a",
    )
    assert default_base(Repository.open(repo.root)) == left


@pytest.mark.parametrize("state", ["on the default branch", "detached", "no upstream"])
def test_else_the_base_is_the_latest_tag(repo, tmp_path, state):
    tagged = repo.commit("one")
    repo.git("tag", "-a", "v1", "-m", "release")
    if state == "no upstream":
        repo.git("checkout", "--quiet", "-b", "topic")
    else:
        with_upstream(repo, tmp_path)
    repo.commit("two")
    if state == "detached":
        repo.git("checkout", "--quiet", "--detach")

    assert default_base(Repository.open(repo.root)) == tagged


def test_with_neither_the_user_is_asked_to_say(repo):
    repo.commit("one")

    with pytest.raises(GitError) as caught:
        default_base(Repository.open(repo.root))

    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        "there is nothing to compare with: no upstream default branch and no annotated tag",
        str(repo.root),
        "set what to compare with: --since REV",
    )


def test_before_the_first_commit_there_is_no_base(repo):
    with pytest.raises(GitError, match="there is no commit yet"):
        default_base(Repository.open(repo.root))
