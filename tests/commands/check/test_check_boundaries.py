"""Rule TST008 in the gate: which prompts it checks, and what turns it off."""

from __future__ import annotations

import json

import pytest

from promptops.cli.main import run
from tests.tiers import fast_first

FIRST = "prompts/first.prompt.yaml"
OTHER = "prompts/other.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Names the first item.
inputs:
  required: [items]
  properties:
    items: {type: array, maxItems: 9, items: {type: string, maxLength: 90}, description: Of a cart.}
messages:
  - role: user
    content: |
      Name this item: {{ items[0] }}
tests:
  - name: a lamp
    inputs: {items: [lamp]}
    rendered:
      - {type: contains, value: lamp}
"""
CHANGED = PROMPT.replace("Name this", "Say this")
FOUND = [(FIRST, 10, "does not render if `items` is empty: this list has no item 0")]
COMMENT = "      {# promptops: ignore[TST008] carts have an item #}\n      Say"


@pytest.fixture
def change(repo):
    """Two prompts with the same fault on main, one of them changed on a branch."""

    def made(prompt=CHANGED, base="", config=""):
        repo.write({FIRST: PROMPT, OTHER: PROMPT, "promptops.toml": base})
        repo.commit("one")
        repo.git("switch", "--quiet", "--create", "change")
        repo.write({FIRST: prompt, "promptops.toml": config or base})
        repo.commit("two")

    return made


@pytest.fixture
def found(repo, capsysbinary):
    """The places and messages of TST008 that a command reports, and its exit code."""

    def start(command, *arguments):
        code = run([command, "-C", str(repo.root), *arguments, "--format", "json"])
        value = json.loads(capsysbinary.readouterr().out)
        listed = value["lint"]["findings"] if command == "check" else value["findings"]
        findings = [each for each in listed if each["code"] == "TST008"]
        return code, [
            (each["place"]["path"], each["place"]["line"], each["message"]) for each in findings
        ]

    return start


def test_a_gate_with_a_base_checks_the_boundaries_of_the_prompts_that_changed(change, found):
    change()

    assert found("check", "--since", "main") == (1, FOUND)
    assert found("check") == found("lint") == (0, [])
    # The second run must not take the results of the first from the cache, nor the other way round.
    both = [*FOUND, (OTHER, *FOUND[0][1:])]
    assert found("lint", "--extend-select", "TST008") == (1, both)
    assert found("lint") == (0, [])


@pytest.mark.parametrize(
    ("prompt", "base", "config", "expected"),
    fast_first(
        [
            (CHANGED, "", '[lint]\nignore = ["TST008"]\n', (1, FOUND)),
            (CHANGED, '[lint]\nignore = ["TST008"]\n', "", (0, [])),
            (CHANGED.replace("      Say", COMMENT), "", "", (0, [])),
            (CHANGED.replace("maxItems: 9", "minItems: 1, maxItems: 9"), "", "", (0, [])),
            (CHANGED, '[lint.severity]\nTST008 = "warning"\n', "", (0, FOUND)),
        ],
        2,
    ),
    ids=["the change ignores it", "the base ignores it", "a comment", "the schema", "a severity"],
)
def test_the_policy_of_the_base_and_comments_apply_to_boundaries(
    change, found, prompt, base, config, expected
):
    change(prompt, base, config)

    assert found("check", "--since", "main") == expected


def test_sarif_describes_the_rule_that_the_gate_added(repo, change, capsysbinary):
    change()

    run(["check", "-C", str(repo.root), "--since", "main", "--format", "sarif"])

    (log,) = json.loads(capsysbinary.readouterr().out)["runs"]
    results = [each for each in log["results"] if each["ruleId"] == "TST008"]
    rules = log["tool"]["driver"]["rules"]
    assert [rules[each["ruleIndex"]]["name"] for each in results] == ["breaks-at-boundary"]
