"""What a change of one word makes a real model answer anew, and nothing else."""

from __future__ import annotations

import json

import pytest

from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

pytestmark = pytest.mark.xdist_group("real model")  # its server is started once
CONFIG = """\
[models.small]
provider = "openai"
id = "smollm2-135m-instruct"
base_url = "{base_url}"
params = {{temperature = 0, seed = 7, max_output_tokens = 12}}
price = {{input = 0.0, output = 0.0}}
"""
PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {{profile: small}}
inputs:
  required: [question]
  properties:
    question: {{type: string, maxLength: 100}}
messages:
  - role: system
    content: |
      {rule}
  - role: user
    content: |
      {{{{ question }}}}
tests:
  - name: a greeting
    inputs: {{question: Say hello.}}
    output: [{{type: word-count, value: {{min: 1}}, allow: [incomplete]}}]
  - name: a colour
    inputs: {{question: Which colour has the sky?}}
    output: [{{type: word-count, value: {{min: 1}}, allow: [incomplete]}}]
"""
STYLE = "prompts/partials/style.md.j2"
INCLUDED = f'{{% include "{STYLE.removeprefix("prompts/")}" %}}'
CASES = ("a colour", "a greeting")


@pytest.fixture
def recorded(repo, model):
    """A commit with three prompts and their recordings; two of the prompts reach the partial."""
    pytest.importorskip("openai", reason="no openai: pip install 'openai>=3'")
    repo.write(
        {
            "promptops.toml": CONFIG.format(base_url=model.base_url),
            "prompts/ask.prompt.yaml": PROMPT.format(rule=INCLUDED),
            "prompts/reply.prompt.yaml": PROMPT.format(rule=f"You reply.\n      {INCLUDED}"),
            "prompts/other.prompt.yaml": PROMPT.format(rule="You are kind."),
            STYLE: "Write short sentences.\n",
        }
    )
    assert _run(repo, "record").verdict == "pass"
    repo.commit("recorded")
    return repo


@pytest.mark.slow
def test_a_word_in_a_partial_changes_exactly_the_lines_of_the_cases_that_reach_it(recorded):
    recorded.write({STYLE: "Write long sentences.\n"})

    stale = _run(recorded, "replay")
    again = _run(recorded, "record")

    reached = {(prompt, case) for prompt in ("ask", "reply") for case in CASES}
    assert {(each.prompt, each.name) for each in stale.cases if each.status == "stale"} == reached
    assert {(each.prompt, each.name) for each in again.cases if each.source == "live"} == reached
    assert _changed_files(recorded) == [
        "prompts/ask.recordings.jsonl",
        STYLE,
        "prompts/reply.recordings.jsonl",
    ]
    for prompt in ("ask", "reply"):
        before, after = _lines(recorded, prompt)
        assert [each["case"] for each in before] == [each["case"] for each in after] == [*CASES]
        assert not {each["request"] for each in before} & {each["request"] for each in after}


@pytest.mark.slow
def test_asking_for_everything_again_changes_no_byte(recorded):
    again = _run(recorded, "refresh")

    assert {each.source for each in again.cases} == {"live"}
    assert _changed_files(recorded) == []


@pytest.mark.slow
def test_the_word_before_brings_the_bytes_before(recorded):
    recorded.write({STYLE: "Write long sentences.\n"})
    _run(recorded, "record")
    recorded.write({STYLE: "Write short sentences.\n"})

    again = _run(recorded, "refresh")

    assert {each.source for each in again.cases} == {"live"}
    assert _changed_files(recorded) == []


def _run(repo, mode):
    with workspace(repo.root) as opened:
        return run_cases(opened, SelectionOptions(), RunOptions(mode=mode))


def _changed_files(repo):
    return repo.git("diff", "--name-only").splitlines()


def _lines(repo, prompt):
    """The lines that a diff of a prompt's recordings takes away, and those it adds."""
    diff = repo.git("diff", "--unified=0", "--", f"prompts/{prompt}.recordings.jsonl")
    lines = [line for line in diff.splitlines() if line[:2] in ("-{", "+{")]
    return [[json.loads(line[1:]) for line in lines if line[0] == sign] for sign in "-+"]
