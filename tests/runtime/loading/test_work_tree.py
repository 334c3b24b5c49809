"""A work tree that PROMPTOPS_OVERRIDE names."""

from __future__ import annotations

import pytest

import promptops
from tests.conftest import GitRepository
from tests.runtime.loading.git_releases import FILE, PROMPT, said


def test_a_work_tree_is_read_before_its_first_commit(
    repo: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({FILE: PROMPT.format(word="Hello")})
    monkeypatch.setenv("PROMPTOPS_OVERRIDE", str(repo.root))

    before = promptops.load("v1.0.0", source="/nowhere")
    commit = repo.commit("first")
    repo.write({FILE: PROMPT.format(word="Good evening")})
    after = promptops.load("v1.0.0", source="/nowhere")

    assert (said(before), before.commit) == ("Hello Ada.", "0" * 40)
    assert (said(after), after.commit) == ("Good evening Ada.", commit)
