"""`promptops mutate`: what it prints as JSON, and how it exits."""

import json

import pytest

from tests.commands.asked import ask
from tests.output_schemas import validate

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


def test_the_json_has_every_mutant_with_what_noticed_it(half, golden):
    shown = ask(half.root, "mutate", "--format", "json").out

    found = json.loads(shown)
    validate("mutate", found)
    golden(
        "mutate.json", shown.replace(f'"duration_s": {found["duration_s"]}', '"duration_s": 0.0')
    )


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
