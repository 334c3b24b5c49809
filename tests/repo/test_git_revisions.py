"""From what a user calls a revision to a commit."""

import pytest

from promptops.errors import GitError
from promptops.repo.repository import Repository

FETCH = (
    "this clone is shallow, fetch the rest: "
    "git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"
)
LOOK = "list branches and tags: git branch --all; git tag"


def resolve(root, revision):
    with Repository.open(root) as repository:
        return repository.resolve(revision)


def refusal(root, revision):
    with pytest.raises(GitError) as caught:
        resolve(root, revision)
    assert caught.value.where == str(root)
    return caught.value.message, caught.value.hint


def test_a_branch_a_tag_an_annotated_tag_and_an_id_lead_to_the_commit(repo):
    commit = repo.commit("one")
    repo.git("tag", "light")
    repo.git("tag", "-a", "heavy", "-m", "a release")
    repo.git("tag", "-a", "heavier", "heavy^{}", "-m", "again")

    names = ("HEAD", "main", "light", "heavy", "heavier", commit, commit[:7], "@")

    assert {resolve(repo.root, name) for name in names} == {commit}


@pytest.mark.parametrize("revision", ["nope", "", "--all", "-rf", "^HEAD", "HEAD..HEAD", "HEAD\n"])
def test_what_is_no_revision_is_refused(repo, revision):
    repo.commit("one")

    assert refusal(repo.root, revision) == (f"there is no revision {revision!r}", LOOK)


def test_a_branch_called_like_an_option_is_a_branch(repo):
    commit = repo.commit("one")
    repo.git("update-ref", "refs/heads/--all", commit)

    assert resolve(repo.root, "--all") == commit


def test_a_file_and_a_folder_are_no_commits(repo):
    repo.write({"folder/a.txt": "a"})
    repo.commit("one")

    hint = "name a commit, a branch or a tag"
    assert refusal(repo.root, "HEAD:folder/a.txt") == (
        "the revision 'HEAD:folder/a.txt' is a blob, not a commit",
        hint,
    )
    assert refusal(repo.root, "HEAD:folder") == (
        "the revision 'HEAD:folder' is a tree, not a commit",
        hint,
    )


def test_a_branch_and_a_tag_of_one_name_are_ambiguous(repo):
    repo.commit("one")
    repo.git("branch", "v1")
    repo.git("tag", "v1")

    assert refusal(repo.root, "v1") == (
        "the revision 'v1' is ambiguous: several refs have this name",
        "write the full ref: refs/tags/v1 or refs/heads/v1",
    )


def test_a_branch_called_like_a_commits_id_does_not_hide_the_commit(repo):
    commit = repo.commit("one")
    other = repo.commit("two")
    repo.git("update-ref", f"refs/heads/{commit}", other)

    assert resolve(repo.root, commit) == commit


def test_too_few_digits_of_an_id_are_ambiguous(repo):
    tree = repo.git("write-tree")
    seen = {}
    for number in range(2000):
        repo_id = repo.git("commit-tree", tree, "-m", str(number))
        if (start := repo_id[:4]) in seen:
            break
        seen[start] = repo_id

    expected = (f"the revision {start!r} is ambiguous", "write more of its digits")
    assert refusal(repo.root, start) == expected


def test_before_the_first_commit_that_is_what_is_said(repo):
    assert refusal(repo.root, "HEAD") == (
        "there is no commit yet",
        "create the first one: git commit",
    )


def test_a_shallow_clone_says_how_to_fetch_the_rest(repo, tmp_path):
    repo.commit("one")
    repo.commit("two")
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.root}", str(tmp_path / "shallow"))

    expected = ("there is no revision 'HEAD~1'", FETCH)
    assert refusal(tmp_path / "shallow", "HEAD~1") == expected
