"""The first command of README: the gate on the prompts of this repository."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_prompts_of_this_repository_pass_without_a_doubt(repo, checked):
    shutil.copytree(ROOT / "prompts", repo.root / "prompts")
    shutil.copy(ROOT / "promptops.toml", repo.root)
    repo.commit("a clone without a release")

    code, lines = checked()

    assert (code, lines[-1]) == (
        0,
        "pass: 12 prompts, no findings, 51 cases, 577 assertions, 6 skipped",
    )
    assert [line for line in lines[:-1] if "not gated: no earlier release" not in line] == []
