"""The diff shows what models were recorded to answer before and after, without asking one."""

import json

from click.testing import CliRunner

from promptops.cli.group import group

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Be brief. {{ question }}"
tests:
  - name: why
    inputs: {question: why}
    output:
      - {type: contains, value: brief}
      - {type: contains, value: why}
"""


def run(repo, *arguments):
    result = CliRunner().invoke(group, [*arguments, "-C", str(repo.root)], standalone_mode=False)
    assert result.exception is None, result.exception
    return result.stdout


def case(repo):
    value = json.loads(run(repo, "diff", "HEAD", "--worktree", "--format", "json"))
    (found,) = value["prompts"][0]["cases"]
    return found


def recorded(repo):
    repo.write({"promptops.toml": CONFIG, "prompts/ask.prompt.yaml": PROMPT})
    run(repo, "test", "--record")
    repo.commit("one")
    repo.write({"prompts/ask.prompt.yaml": PROMPT.replace("Be brief", "Be short")})


def test_an_answer_that_is_not_recorded_yet_is_told_with_the_command(repo):
    recorded(repo)

    found = case(repo)

    assert (found["answer"], found["verdicts"]) == (
        None,
        ["the new request has no recording yet: `promptops test --record`"],
    )


def test_both_answers_and_the_verdicts_that_changed_are_shown(repo):
    recorded(repo)
    run(repo, "test", "--record")

    found = case(repo)

    assert {side: seen["text"] for side, seen in found["answer"].items()} == {
        "before": '{"messages":[{"content":"Be brief. why","role":"user"}]}',
        "after": '{"messages":[{"content":"Be short. why","role":"user"}]}',
    }
    assert found["verdicts"] == ["`contains` passed -> failed"]


def test_a_person_reads_the_answer_below_the_request(repo):
    recorded(repo)
    run(repo, "test", "--record")

    text = run(repo, "diff", "HEAD", "--worktree")

    assert [line.strip() for line in text.splitlines() if "case 'why'" in line] == [
        "case 'why' · user",
        "case 'why' · answer",
        "case 'why': `contains` passed -> failed",
    ]
