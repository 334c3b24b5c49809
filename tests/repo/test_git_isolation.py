"""The ground every other test stands on."""

from pathlib import Path

import pytest


def test_writing_to_the_home_directory_raises():
    with pytest.raises(OSError, match="Not a directory"):
        (Path.home() / ".cache").mkdir(parents=True)


def test_commit_ids_of_the_repo_fixture_are_constant(repo):
    repo.write({"a.txt": "a\n"})

    assert repo.commit("first") == "3acf710e686a0cc6abf787b29d08aba96c1cfa46"
