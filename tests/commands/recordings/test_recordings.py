"""`promptops recordings`: audit and prune recorded answers."""

from __future__ import annotations

import json

import pytest

from tests.output_schemas import validate

PROMPT = """\
format: promptops/1
description: Greets.
owners: ["@acme/ai"]
model: {provider: echo, id: echo-1}
inputs:
  required: [name]
  properties:
    name: {type: string, maxLength: 100, description: Of the person.}
messages:
  - {role: user, content: "Greet {{ name }}."}
tests:
  - name: Ada
    inputs: {name: Ada}
    output: [{type: contains, value: Ada}]
  - name: Ben
    inputs: {name: Ben}
    output: [{type: contains, value: Ben}]
"""
GREET = "prompts/greet.prompt.yaml"
RECORDINGS = "prompts/greet.recordings.jsonl"
ONE = PROMPT[: PROMPT.index("  - name: Ben")]


@pytest.fixture
def recorded(repo, say):
    repo.write({GREET: PROMPT})
    repo.commit("one")
    say("test", "--record", "-C", str(repo.root))
    return repo


@pytest.fixture
def recordings(recorded, say):
    """Run a command of the group in the repository."""
    return lambda *arguments: say("recordings", *arguments, "-C", str(recorded.root))


def cases(repo):
    file = repo.root / RECORDINGS
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line)["case"] for line in lines]


def test_what_no_case_uses_is_pruned_and_the_changed_files_are_printed(recorded, recordings):
    recorded.write({GREET: ONE})

    pruned, again = recordings("prune"), recordings("prune", "--format", "json")

    assert (pruned.code, pruned.out, pruned.err) == (
        0,
        f"{RECORDINGS}\npruned 1 file of recordings\n",
        "",
    )
    value = json.loads(again.out)
    validate("prune", value)
    assert (value, cases(recorded)) == ({"schema": 1, "files": []}, ["Ada"])


def test_a_file_that_becomes_empty_is_deleted(recorded, recordings):
    recorded.write({GREET: PROMPT.partition("tests:")[0]})

    pruned = recordings("prune")

    assert (pruned.code, (recorded.root / RECORDINGS).exists()) == (0, False)


def test_nothing_to_prune_is_reported(recordings):
    assert recordings("prune").out == "nothing to prune: test cases use all recordings\n"


def test_nothing_is_pruned_while_a_case_has_an_error(recorded, recordings):
    recorded.write({GREET: PROMPT.replace("{name: Ben}", "{nmae: Ben}")})

    refused = recordings("prune")

    assert (refused.code, refused.out, cases(recorded)) == (3, "", ["Ada", "Ben"])
    assert refused.err.startswith(f"{GREET}:16:13: error: the case `Ben` has an error: ")
    assert refused.err.endswith("  tip: fix it first: recordings that it uses would be removed\n")


def test_a_prompt_that_can_not_be_read_keeps_its_recordings(recorded, recordings):
    recorded.write({GREET: "format: [\n"})

    pruned = recordings("prune")

    assert (pruned.code, cases(recorded)) == (0, ["Ada", "Ben"])


def test_a_recording_that_differs_today_fails_the_audit(recorded, recordings):
    clean = recordings("audit", "-n", "100%")
    lines = (recorded.root / RECORDINGS).read_text()
    recorded.write({RECORDINGS: lines.replace("Greet Ada", "Hello Ada")})

    found = recordings("audit", "-n", "2")

    assert (clean.code, clean.out) == (
        0,
        "pass: 2 cases, 2 assertions (replayed) · 2 recordings requested again\n",
    )
    assert found.code == 1
    assert "requested again, the model gives another answer: `output`" in found.out


def test_an_audit_that_ends_early_prints_how_to_continue(recorded, recordings):
    found = recordings("audit", "greet", "-n", "2", "--seed", "x", "--max-requests", "1")

    assert found.code == 5
    assert "promptops recordings audit greet -n 2 --seed x\n" in found.out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("audit", "-n", "0"), "'0' is not a sample size"),
        (("audit", "-n", "101%"), "'101%' is not a sample size"),
        (("audit", "gret"), "no prompt matches 'gret'"),
        (("prune", "greet"), "Too many arguments: greet; prune takes none"),
        (("adit",), "No such command 'adit'. Did you mean 'audit'?"),
    ],
)
def test_wrong_usage_exits_2_with_the_reason(recordings, arguments, error):
    refused = recordings(*arguments)

    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines()[0] == f"error: {error}"
