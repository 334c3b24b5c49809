"""`promptops cases --samples`: real inputs become drafts, one for each set of branches."""

import json

import pytest
import yaml

from tests.commands.asked import ask
from tests.output_schemas import validate

PATH = "prompts/ask.prompt.yaml"
CASES = "prompts/ask.cases.yaml"
PROMPT = """\
format: promptops/1
description: Answer in a tone.
aliases: [answer]
model: {provider: openai, id: gpt-4o}
inputs:
  required: [question]
  properties:
    question: {type: string}
    tone: {enum: [formal, casual], default: casual}
    notes: {type: array, items: {type: string}, default: []}
messages:
  - role: user
    content: |
      {% if tone == 'formal' %}Answer formally.{% else %}Answer as a friend.{% endif %}
      {% for note in notes %}
      Note: {{ note }}
      {% endfor %}
      {{ question }}
"""
MAIL = "jane.roe@gmail.com"


@pytest.fixture
def logged(repo):
    """Writes a log beside a prompt."""

    def write(*samples):
        lines = (json.dumps({"output": "ok", **sample}) for sample in samples)
        repo.write({PATH: PROMPT, "log.jsonl": "".join(f"{line}\n" for line in lines)})
        repo.commit("one")
        return repo

    return write


def sample(number, prompt="ask", **inputs):
    return {"id": f"s{number}", "prompt": prompt, "inputs": inputs}


def test_one_sample_of_each_set_of_branches_is_kept_without_personal_data(logged):
    repo = logged(
        sample(1, question=f"Why? Write to {MAIL}"),
        sample(2, question=f"How? Write to {MAIL}"),
        sample(3, prompt="answer", question=f"Ask {MAIL}", tone="formal", notes=["He called."]),
        sample(4, question="What?", notes=[]),
        sample(5, question="Where?", tone="rude"),
        sample(6, prompt="other", question="When?"),
        {"id": "s7", "prompt": "ask"},
    )
    with (repo.root / "log.jsonl").open("a") as log:
        log.write("not JSON\n")

    done = ask(repo.root, "cases", "--samples", "log.jsonl", "--format", "json")

    found = json.loads(done.out)
    validate("cases", found)
    assert done.code == 0
    assert found["samples"] == {
        "read": 7,
        "used": 4,
        "covered": 0,
        "unselected": 1,
        "without_inputs": 1,
        "refused": 1,
        "broken_lines": 1,
        "problems": [
            "log.jsonl:8:1: not JSON: expecting value",
            "log.jsonl: s5: ask: `tone` must be one of `formal`, `casual`",
        ],
        "other_prompts": ["other"],
    }
    cases = yaml.safe_load((repo.root / CASES).read_text())
    assert [(case["name"], case["tags"], case["inputs"]) for case in cases] == [
        ("with question, notes", ["draft", "production"], {"question": "What?", "notes": []}),
        (
            "question Ask jo.doe-1@example.com, notes with 1 item, tone …",
            ["draft", "production"],
            {"question": "Ask jo.doe-1@example.com", "tone": "formal", "notes": ["He called."]},
        ),
    ]
    assert MAIL not in (repo.root / CASES).read_text()
    assert found["next"] == "promptops test --record"
    assert json.loads(ask(repo.root, "test", "--format", "json").out)["verdict"] == "pass"


def test_pick_keeps_those_that_take_new_branches_and_the_same_again_adds_nothing(logged):
    repo = logged(
        *(sample(number, question=f"Why {number}?") for number in range(5)),
        *(sample(number, question="Who?", tone="formal", notes=["a"]) for number in range(5, 7)),
    )

    one = ask(repo.root, "cases", "--samples", "log.jsonl", "--pick", "1", "--format", "json")
    again = ask(repo.root, "cases", "--samples", "log.jsonl", "--pick", "1")
    rest = ask(repo.root, "cases", "--samples", "log.jsonl")

    (prompt,) = json.loads(one.out)["prompts"]
    assert [case["inputs"]["question"] for case in prompt["cases"]] == ["Why 3?"]
    assert again.out.startswith("ask: 1 case, 4 of 4 branches -> prompts/ask.cases.yaml\n")
    assert rest.out == (
        "0 cases drafted · 7 of 7 samples fit: 7 take the branches of existing cases\n"
    )


def test_made_up_and_real_inputs_are_drafted_again_apart(logged):
    repo = logged(sample(1, question="Why?"))
    ask(repo.root, "cases")
    both = []
    for _ in range(2):
        again = ask(repo.root, "cases", "--samples", "log.jsonl", "--refresh", "--format", "json")
        both += json.loads(again.out)["prompts"]

    made_up = json.loads(ask(repo.root, "cases", "--refresh", "--format", "json").out)

    assert [(each["cases"][0]["inputs"], each["replaced"]) for each in both] == [
        ({"question": "Why?"}, 0),
        ({"question": "Why?"}, 1),
    ]
    assert made_up["prompts"][0]["replaced"] == 3
    tags = [case["tags"] for case in yaml.safe_load((repo.root / CASES).read_text())]
    assert tags.count(["draft", "production"]) == 1


def test_refresh_keeps_the_drafts_of_a_prompt_without_samples(logged):
    repo = logged(sample(1, prompt="other", question="Why?"))
    ask(repo.root, "cases")
    before = (repo.root / CASES).read_text()

    done = ask(repo.root, "cases", "--samples", "log.jsonl", "--refresh")

    assert done.out == ("0 cases drafted · 0 of 1 sample fit: 1 of other prompts such as `other`\n")
    assert (repo.root / CASES).read_text() == before


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--samples", "absent.jsonl"], 3, "absent.jsonl: error: cannot read the file"),
        (["--samples", PATH], 3, f"{PATH}: error: cannot recognise the format"),
        (["--pick", "3"], 2, "error: `--pick` is about samples\n  tip: add --samples FILE"),
    ],
)
def test_a_log_that_is_none_is_an_error_and_nothing_is_written(logged, arguments, code, error):
    repo = logged(sample(1, question="Why?"))

    done = ask(repo.root, "cases", *arguments)

    assert (done.code, error in done.err) == (code, True), done.err
    assert not (repo.root / CASES).exists()
