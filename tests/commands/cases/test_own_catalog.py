"""The prompts of this repository without their cases: drafts cover every branch."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.commands.asked import ask

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_drafts_cover_every_branch_with_less_than_three_cases_for_a_prompt(repo):
    for folder in ("prompts", "schemas"):
        shutil.copytree(ROOT / folder, repo.root / folder)
    shutil.copy(ROOT / "promptops.toml", repo.root)
    for file in repo.root.rglob("*.prompt.yaml"):
        file.write_text(re.sub(r"(?ms)^tests:\n.*?(?=^\S|\Z)", "", file.read_text()))
    repo.commit("without cases")

    found = json.loads(ask(repo.root, "cases", "--format", "json").out)
    tested = json.loads(ask(repo.root, "test", "--format", "json").out)
    mutated = json.loads(ask(repo.root, "mutate", "--format", "json").out)

    prompts = found["prompts"]
    assert [(each["prompt"], each["problem"], each["unreached"]) for each in prompts] == [
        (each["prompt"], None, []) for each in prompts
    ]
    assert {each["covered"] - each["total"] for each in prompts} == {0}
    assert sum(each["total"] for each in prompts) > 90
    assert found["drafted"] < 3 * len(prompts)
    assert tested["count"]["failed"] == tested["count"]["warnings"] == 0
    assert tested["count"]["drafts"] == found["drafted"]
    conditions = [
        mutant["status"]
        for row in mutated["rows"]
        for mutant in row["mutants"]
        if mutant["operator"] in ("condition", "loop")
    ]
    assert conditions.count("killed") > 0.95 * len(conditions)
