"""What is no push at all; what the server does with pushes stands in tests/hooks."""

import pytest

from promptops.errors import GitError, UsageError
from promptops.jobs.gate.receive import Push, judge


@pytest.mark.parametrize("wrong", ["", "HEAD", "--help", "0" * 39, "g" * 40, "0" * 40 + "\n"])
def test_only_whole_ids_are_taken(wrong, repo):
    repo.commit("one")

    for push in (Push("refs/heads/x", wrong, "0" * 40), Push("refs/heads/x", "0" * 40, wrong)):
        with pytest.raises(UsageError):
            judge(repo.root, push)


def test_outside_a_repository_nothing_is_judged(tmp_path):
    with pytest.raises(GitError):
        judge(tmp_path, Push("refs/heads/x", "0" * 40, "0" * 40))


@pytest.mark.parametrize("zeros", [40, 64])
def test_deleting_a_branch_is_none_of_its_business(zeros, repo):
    repo.commit("one")

    assert judge(repo.root, Push("refs/heads/x", "a" * zeros, "0" * zeros)) is None
