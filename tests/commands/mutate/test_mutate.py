"""`promptops mutate`: what it prints as JSON, and how it exits."""

import json

import jsonschema
import pytest

from promptops.source.schemas import schema
from tests.commands.asked import ask

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
model: {provider: openai, id: m}
messages:
  - role: user
    content: |
      Be brief.

      Be kind.
tests:
  - {name: one, rendered: [{type: contains, value: Be brief.}]}
"""


@pytest.fixture
def half(repo):
    """A prompt with two rules, one of which its case notices."""
    repo.write({ASK: PROMPT})
    repo.commit("one")
    return repo


def test_the_json_has_every_mutant_with_what_noticed_it(half):
    found = json.loads(ask(half.root, "mutate", "--format", "json").out)

    jsonschema.Draft202012Validator(schema("mutate.schema.json")).validate(found)
    place = {"path": ASK, "line": 6, "column": 7, "end_line": 6, "end_column": 16}
    kept = {
        "operator": "sentence",
        "place": place,
        "before": "Be brief.",
        "after": "",
        "change": 'delete "Be brief."',
        "status": "killed",
        "by": {
            "kind": "rendered",
            "prompt": "ask",
            "case": "one",
            "assertion": "contains",
            "reason": "expected `Be brief.` in the request, got `\\n\\nBe kind.`",
            "place": {"path": ASK, "line": 10, "column": 28, "end_line": 10, "end_column": 62},
            "quotes": True,
        },
        "suggestion": None,
        "in_changed_lines": False,
        "live": None,
    }
    [prompt] = found["prompts"]
    lost = prompt["mutants"][1]
    assert prompt["mutants"][0] == kept
    assert (lost["status"], lost["by"], lost["place"]["line"]) == ("survived", None, 8)
    assert {name: found[name] for name in found["operators"]["sentence"]} == {
        "killed": 1,
        "quoted": 1,
        "survived": 1,
        "unseen": 0,
        "score": 50.0,
        "behaviour_score": 0.0,
    }
    assert found["operators"]["sentence"]["score"] == 50.0
    assert (found["live"], found["nothing"], found["passed"]) == (None, None, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("mutate",), 0),
        (("mutate", "--fail-under", "0"), 0),
        (("mutate", "--fail-under", "1"), 1),  # the only assertion quotes
        (("mutate", "--config", "mutate.fail-under=60"), 1),
        (("mutate", "--operator", "value", "--fail-under", "1"), 1),
        (("mutate", "--since", "HEAD", "--fail-under", "100"), 0),
        (("mutate", "nothing"), 2),
        (("mutate", "--operator", "values"), 2),
    ],
)
def test_how_it_exits(half, arguments, code):
    assert ask(half.root, *arguments, "--quiet").code == code


def test_a_prompt_that_can_t_be_read_exits_1(half):
    half.write({"prompts/b.prompt.yaml": "format: promptops/1\nmessages: [\n"})

    said = ask(half.root, "mutate")

    assert said.code == 1
    assert "prompts/b.prompt.yaml" in said.out or "b  " in said.out


@pytest.mark.parametrize("form", ["text", "html"])
def test_nothing_is_written_but_the_report(half, form):
    before = half.git("status", "--porcelain", "--ignored")

    said = ask(half.root, "mutate", "--format", form)

    assert (said.code, said.err) == (0, "")
    assert half.git("status", "--porcelain", "--ignored") == before


def test_a_limit_of_live_mutants_needs_live(half):
    said = ask(half.root, "mutate", "--max-mutants", "2")

    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: --max-mutants needs --live\n  tip: without it, all mutants are tried\n"
    )


def test_a_share_in_place_of_a_percentage_is_refused_with_the_percentage(repo):
    for arguments, message, hint in (
        (
            ("mutate", "--fail-under", "0.6"),
            "`--fail-under` is in percent: 0.6 is 0.6%",
            "write 60",
        ),
        (("test", "--fail-under", "0.6"), "`--fail-under` is in percent: 0.6 is 0.6%", "write 60"),
        (
            ("compare", "--margin", "0.03"),
            "`--margin` is in percentage points: 0.03 is 0.03 points",
            "write 3, or at least 0.5",
        ),
    ):
        said = ask(repo.root, *arguments)

        assert (said.code, said.err) == (2, f"error: {message}\n  tip: {hint}\n")
