"""What is no push at all; what the server does with pushes stands in tests/hooks."""

import pytest

from promptops.commands.receive import Push, push_refusal
from promptops.errors import GitError, UsageError


@pytest.mark.parametrize("wrong", ["", "HEAD", "--help", "0" * 39, "g" * 40, "0" * 40 + "\n"])
def test_only_whole_ids_are_taken(wrong, repo):
    repo.commit("one")

    for push in (Push("refs/heads/x", wrong, "0" * 40), Push("refs/heads/x", "0" * 40, wrong)):
        with pytest.raises(UsageError):
            push_refusal(repo.root, push)


def test_outside_a_repository_nothing_is_judged(tmp_path):
    with pytest.raises(GitError):
        push_refusal(tmp_path, Push("refs/heads/x", "0" * 40, "0" * 40))


@pytest.mark.parametrize("zeros", [40, 64])
def test_deleting_a_branch_is_none_of_its_business(zeros, repo):
    repo.commit("one")

    assert push_refusal(repo.root, Push("refs/heads/x", "a" * zeros, "0" * zeros)) is None
