"""Two profiles of the catalog of this repository, whose answers a real small model gave."""

import json
import shutil
from pathlib import Path

from promptops.testing.plan import plan_cases
from promptops.workspace.workspace import workspace
from tests.commands.asked import ask

ROOT = Path(__file__).parents[3]
COMPARE = ("compare", "--model", "steady", "--model", "lively", "--reference", "steady")
GOLDEN = Path(__file__).parent / "golden" / "own_catalog.txt"


def copied(repo):
    for folder in ("prompts", "comparisons"):
        shutil.copytree(ROOT / folder, repo.root / folder)
    shutil.copy(ROOT / "promptops.toml", repo.root)
    repo.commit("the catalog")


def test_the_comparison_of_the_catalog_is_replayed_as_it_was_recorded(repo):
    """Costs, contracts, scores and the recommendation, of every prompt."""
    copied(repo)

    said = ask(repo.root, *COMPARE)

    assert (said.code, said.err) == (0, "")
    assert said.out == GOLDEN.read_text("utf-8")
    assert repo.git("status", "--porcelain") == ""


def test_each_recorded_request_is_one_of_the_catalog_with_the_other_profile(repo):
    copied(repo)

    with workspace(repo.root) as opened:
        catalog = opened.catalog.with_profile("lively")
        wanted = {
            planned.digest
            for planned in plan_cases(catalog, catalog.prompts())
            if planned.needs_answer
        }
    rows = [
        json.loads(line)
        for file in (repo.root / "comparisons/lively").rglob("*.jsonl")
        for line in file.read_text("utf-8").splitlines()
    ]

    assert {row["request"] for row in rows if "judge" not in row} == wanted
    assert {(row["model"], row["format"]) for row in rows} == {("smollm2-135m", 1)}


def test_the_cost_of_an_arm_is_that_of_its_counted_tokens(repo):
    copied(repo)

    value = json.loads(ask(repo.root, *COMPARE, "data/sql", "--format", "json").out)

    file = repo.root / "comparisons/lively/data/sql.recordings.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    usages = [row["usage"] for row in rows if row["repeat"] == 0]
    dollars = [(0.05 * each["input"] + 0.2 * each["output"]) / 1e6 for each in usages]
    (prompt,) = value["prompts"]
    assert prompt["arms"][1]["cost_usd_1000"] == round(1000 * sum(dollars) / len(dollars), 9)
    assert prompt["arms"][1]["latency_s"]["n"] == len(usages)
