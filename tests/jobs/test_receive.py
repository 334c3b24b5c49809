"""Which tags are releases; what the server does with pushes stands in tests/hooks."""

import pytest

from promptops.errors import GitError, UsageError
from promptops.jobs.receive import Push, judge, release_tag


@pytest.mark.parametrize(
    ("name", "tag_format", "expected"),
    [
        ("v1.2.3", "v{version}", True),
        ("v10.20.30-rc.1+build.5", "v{version}", True),
        ("support/triage@v1.2.3", "v{version}", True),
        ("1.2.3", "{version}", True),
        ("release/1.2.3/final", "release/{version}/final", True),
        ("v1.2", "v{version}", False),
        ("v1.2.3x", "v{version}", False),
        ("xv1.2.3", "v{version}", False),
        ("v1.2.3\n", "v{version}", False),
        ("1.2.3", "v{version}", False),
        ("vX1.2.3", "v.{version}", False),
        ("nightly", "v{version}", False),
    ],
)
def test_a_tag_is_a_release_by_its_name(name, tag_format, expected):
    assert release_tag(name, tag_format) is expected


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
