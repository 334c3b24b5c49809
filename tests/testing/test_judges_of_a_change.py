"""What a change alters in who judges answers is told, since it records the opinions itself."""

import pytest

from promptops.cli.main import run

PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
messages:
  - {role: user, content: Say hello.}
evaluation:
  judge: judges/tone
tests:
  - name: one
    rendered:
      - {type: contains, value: hello}
"""
JUDGE = """\
format: promptops/1
description: Judges the tone.
owners: ["@a"]
inputs:
  required: [output]
  properties:
    output: {type: string, maxLength: 100}
messages:
  - role: user
    content: |
      {% include "partials/tone.md.j2" %}
      {{ output }}
tests:
  - name: one
    inputs: {output: Hi.}
    rendered:
      - {type: contains, value: Hi.}
"""
OTHER = "  judge: judges/style\n"


@pytest.fixture
def risks(repo, capsysbinary):
    """The risks that `check --since main` tells of a change, but for those of its meaning."""
    repo.write(
        {
            "promptops.toml": '[models.a]\nprovider = "openai"\nid = "e-1"\n',
            "prompts/ask.prompt.yaml": PROMPT,
            "prompts/tell.prompt.yaml": PROMPT,
            "prompts/judges/tone.prompt.yaml": JUDGE,
            "prompts/judges/style.prompt.yaml": JUDGE,
            "prompts/partials/tone.md.j2": "Is it kind?\n",
        }
    )
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")

    def of(files):
        repo.write(files)
        repo.commit("two")
        run(["check", "-C", str(repo.root), "--since", "main"])
        lines = capsysbinary.readouterr().out.decode().splitlines()
        told = [line.removeprefix("risk: ") for line in lines if line.startswith("risk: ")]
        return [line for line in told if "  [CHG" not in line]

    return of


@pytest.mark.parametrize("other", [OTHER, "", "  judge: {profile: a}\n"])
def test_a_prompt_that_names_another_judge_is_told(risks, other):
    changed = PROMPT.replace(
        "evaluation:\n  judge: judges/tone\n", f"evaluation:\n{other}  repeats: 1\n"
    )

    found = risks({"prompts/ask.prompt.yaml": changed})

    assert found == ["ask: it uses another judge (prompts/ask.prompt.yaml:7)"]


def test_a_prompt_under_another_name_is_the_same_prompt(risks, repo):
    repo.git("mv", "prompts/ask.prompt.yaml", "prompts/asked.prompt.yaml")
    changed = PROMPT.replace("  judge: judges/tone\n", OTHER) + "aliases: [ask]\n"

    found = risks({"prompts/asked.prompt.yaml": changed})

    assert found == ["asked: it uses another judge (prompts/asked.prompt.yaml:7)"]


@pytest.mark.parametrize(
    "files",
    [
        {"prompts/judges/tone.prompt.yaml": JUDGE.replace("{{ output }}", "Answer: {{ output }}")},
        {"prompts/partials/tone.md.j2": "Is it polite?\n"},
        {"prompts/judges/tone.recordings.jsonl": "\n"},
    ],
    ids=["itself", "what it includes", "what it was recorded to say"],
)
def test_a_judge_that_changes_is_told_with_those_whom_it_judges(risks, files):
    assert risks(files) == [
        "judges/tone: the judge of ask and 1 more prompt changes"
        " (prompts/judges/tone.prompt.yaml:1)"
    ]


def test_a_judge_that_loses_a_further_file_of_its_recordings_changes(risks, repo):
    further = "prompts/judges/tone.recordings.part{}.jsonl"
    repo.git("switch", "--quiet", "main")
    repo.write({further.format(number): "\n" for number in ("04", "07")})
    repo.commit("recorded")
    repo.git("switch", "--quiet", "--create", "other")
    repo.git("rm", "--quiet", further.format("07"))

    assert risks({}) == [
        "judges/tone: the judge of ask and 1 more prompt changes"
        " (prompts/judges/tone.prompt.yaml:1)"
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"prompts/ask.prompt.yaml": PROMPT.replace("Say hello", "Say hello again")},
        {"prompts/judges/style.prompt.yaml": JUDGE.replace("Judges the tone", "Judges style")},
        {"prompts/new.prompt.yaml": PROMPT.replace("  judge: judges/tone\n", OTHER)},
    ],
    ids=["another wording", "a judge whom nobody names", "a new prompt"],
)
def test_where_the_judges_stay_nothing_is_told(risks, files):
    assert risks(files) == []


def test_other_services_are_told_and_count_already(risks):
    settings = '[models.a]\nprovider = "openai"\nid = "e-1"\n[test]\nembeddings = "a"\n'

    found = risks({"promptops.toml": settings})

    assert found == ["`test.embeddings` changes; it is used to judge answers (promptops.toml:5)"]
