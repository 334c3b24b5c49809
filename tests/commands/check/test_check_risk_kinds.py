"""Risks besides answers, tests and comments: code that judges, budgets, settings of the gate."""

import json

import pytest

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"

PROMPT = """\
format: promptops/1
description: Answers.
messages:
  - {role: user, content: Say please.}
tests:
  - name: one
    rendered:
      - {type: contains, value: please}
"""

PYTHON = PROMPT + '    output:\n      - {type: python, value: "./judge.py:fits"}\n'


ECHO = '[models.echo]\nprovider = "echo"\nid = "echo-1"\n'


@pytest.mark.parametrize("where", ["inline", "a file of cases"])
def test_code_that_judges_is_a_change_of_the_prompts_that_call_it(repo, base, checked, where):
    asked = PYTHON.replace("description: Answers.", "description: Answers.\nmodel: {profile: echo}")
    files = {ASK: asked, "prompts/judge.py": "def fits(output, facts):\n    return True\n"}
    if where == "a file of cases":
        cases = {
            "name": "one",
            "output": [{"type": "python", "value": "./judge.py:fits"}],
        }
        files[ASK] = asked[: asked.index("tests:")] + "tests:\n  - {file: ./ask.cases.jsonl}\n"
        files["prompts/ask.cases.jsonl"] = json.dumps(cases) + "\n"
    repo.write({"promptops.toml": ECHO, **files})
    assert run(["test", "-C", str(repo.root), "--record", "-q"]) == 0
    base({})
    repo.write({"prompts/judge.py": "def fits(output, facts):\n    return False\n"})

    code, lines = checked("--since", "main", "--at", "worktree", "--why")

    assert (code, lines[0]) == (1, "risk: code changes that may judge answers (prompts/judge.py:1)")
    assert any("`python` does not hold" in line for line in lines)


def test_a_budget_that_is_raised_is_a_risk(repo, base, checked):
    base({ASK: PROMPT + "budget: {input_tokens: 50, output_tokens: 9}\n"})
    repo.write({ASK: PROMPT + "budget: {input_tokens: 500}\n"})

    _, lines = checked("--since", "main", "--at", "worktree")

    assert lines[:2] == [
        "risk: ask: the budget of `input_tokens` is raised from 50 to 500"
        " (prompts/ask.prompt.yaml:9)",
        "risk: ask: the budget of `output_tokens` is raised from 9 to none"
        " (prompts/ask.prompt.yaml:9)",
    ]


def test_a_case_that_becomes_a_draft_is_a_risk_and_a_new_draft_is_not(repo, base, checked):
    base({ASK: PROMPT})
    draft = PROMPT.replace("- name: one\n", "- name: one\n    tags: [draft]\n")
    new = "  - {name: two, tags: [draft], rendered: [{type: contains, value: never}]}\n"
    repo.write({ASK: draft.replace("Say please", "Say it") + new})

    code, lines = checked("--since", "main", "--at", "worktree")

    assert code == 0
    assert [line for line in lines if line.startswith("risk")] == [
        "risk: ask: tagged `draft`, so a failure is only a warning: `one`"
        " (prompts/ask.prompt.yaml:6)"
    ]
    assert "2 cases, 2 assertions · 2 draft cases to read, 2 fail" in lines[-1]


def test_a_risk_of_the_configuration_is_refused_where_risks_are(repo, base, checked):
    base({"promptops.toml": '[check]\nfail-on = ["risk"]\ncoverage = 1\n', ASK: PROMPT})
    repo.write({"promptops.toml": ""})

    code, lines = checked("--since", "main", "--at", "worktree", "--format", "json")

    value = json.loads("\n".join(lines))
    gate = {row["name"]: (row["passed"], row["result"]) for row in value["gate"]}
    assert (code, value["verdict"], gate["release"]) == (
        1,
        "fail",
        (
            False,
            "no version bump required; 1 risk refused by `check.fail-on`",
        ),
    )
