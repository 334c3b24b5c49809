"""What the report of the gate has about mutants of changed prompts."""

import json

import pytest

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"
OTHER = "prompts/other.prompt.yaml"
ON = "[check]\nmutation = true\n"
PROMPT = """\
format: promptops/1
description: Answers.
messages:
  - role: user
    content: |
      Say please to everyone.
tests:
  - name: one
    rendered:
      - {type: contains, value: please to everyone}
"""
CHANGED = PROMPT.replace("everyone.\n", "everyone.\n      Never promise a refund.\n")
OUT_OF_CASES = PROMPT.partition("tests:")[0]


@pytest.fixture
def checked(repo, capsysbinary):
    """The JSON of `check`, and its exit code."""

    def start(*arguments):
        arguments = arguments or ("--since", "main", "--worktree")
        code = run(["check", "-C", str(repo.root), "--format", "json", *arguments])
        return code, json.loads(capsysbinary.readouterr().out)

    return start


@pytest.fixture
def change(repo):
    """Files of main, then those of a branch."""

    def written(base, changed):
        repo.write(base)
        repo.commit("one")
        repo.git("switch", "--quiet", "--create", "change")
        repo.write(changed)

    return written


def rows(value):
    return {row["name"]: row for row in value["gate"]}


def test_the_report_counts_what_cases_notice_of_the_changed_prompts(change, checked):
    change({"promptops.toml": ON, ASK: PROMPT, OTHER: PROMPT}, {ASK: CHANGED})

    code, value = checked()

    assert code == 0
    assert rows(value)["mutation"] == {
        "name": "mutation",
        "passed": True,
        "result": "tests notice 0% of 3 mutants by behaviour, 33.3% with quotes;"
        " 2 survivors in changed lines",
    }
    assert value["mutation"]["count"] == {
        "killed": 1,
        "quoted": 1,
        "survived": 2,
        "unseen": 0,
        "behaviour_score": 0.0,
        "score": 0.333333333,
    }
    place = {"path": ASK, "line": 7, "end_line": 7}
    assert [
        (mutant["change"], mutant["place"])
        for row in value["mutation"]["rows"]
        for mutant in row["mutants"]
        if mutant["status"] == "survived" and mutant["in_changed_lines"]
    ] == [
        ('"Never" → "Sometimes"', {**place, "column": 7, "end_column": 12}),
        ('delete "Never promise a refund."', {**place, "column": 7, "end_column": 30}),
    ]
    assert value["unmutated"] == 0


def test_without_a_base_or_without_the_setting_nothing_is_mutated(change, checked):
    change({ASK: PROMPT, "promptops.toml": ""}, {ASK: CHANGED, "promptops.toml": ON})

    of_the_base, alone = checked()[1], checked("--worktree")[1]

    assert [each["mutation"] for each in (of_the_base, alone)] == [None, None]
    assert "mutation" not in rows(of_the_base) | rows(alone)


def test_a_prompt_that_would_take_too_long_is_left_out_and_counted(change, checked):
    lines = "".join(f'{{"name": "case {number}"}}\n' for number in range(100))
    many = f"{OUT_OF_CASES}tests: [{{file: ./ask.cases.jsonl}}]\n"
    base = {"promptops.toml": ON, ASK: many, "prompts/ask.cases.jsonl": lines, OTHER: PROMPT}
    text = "      Be kind to all customers, whatever they write to us.\n" * 25
    change(base, {ASK: many.replace("      Say", f"{text}      Say"), OTHER: CHANGED})

    value = checked()[1]

    assert rows(value)["mutation"]["result"] == (
        "tests notice 0% of 3 mutants by behaviour, 33.3% with quotes;"
        " 2 survivors in changed lines; 1 larger prompt left out (`promptops mutate`)"
    )
    assert value["unmutated"] == 1
