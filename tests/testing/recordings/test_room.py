"""A run that could not keep its answers is refused before most of them are paid for."""

from __future__ import annotations

import json

import pytest

from promptops.errors import UsageError
from promptops.testing.options import RunOptions
from promptops.testing.recordings import writing
from promptops.testing.recordings.writing import needs_sample, refuse_overfull
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.testing.recordings.made import FILE, need, recording

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo"\n'
PROMPT = """\
format: promptops/1
model: {profile: echo}
inputs:
  required: [text]
  properties: {text: {type: string}}
messages:
  - {role: user, content: "{{ text }}"}
evaluation:
  assertions: [{type: contains, value: x}]
tests:
  - {file: ask.cases.jsonl}
"""
HINT = "split the cases into several prompts, or record fewer repeats"


def test_twenty_thousand_answers_of_four_hundred_characters_fit() -> None:
    recorded = [recording(f"old {number}", "x" * 400) for number in range(20)]
    needs = [need(recording(f"case {number}")) for number in range(20_000)]

    refuse_overfull(FILE, recorded, needs, needs)


def test_answers_that_do_not_fit_even_when_empty_are_refused() -> None:
    needs = [need(recording(f"case {number} {'x' * 20_000}")) for number in range(1_700)]

    with pytest.raises(UsageError) as caught:
        refuse_overfull(FILE, [], needs, needs)

    assert (caught.value.message, caught.value.where, caught.value.hint) == (
        "1,700 answers would exceed the limit of 32 MB",
        FILE,
        HINT,
    )


@pytest.mark.parametrize(("length", "fits"), [(40_000, False), (10, True)])
def test_the_length_of_further_answers_is_estimated_from_those_in_the_file(
    length: int, fits: bool
) -> None:
    recorded = [recording(f"old {number}", "x" * length) for number in range(20)]
    needs = [need(recording(f"case {number}")) for number in range(1_000)]

    try:
        refuse_overfull(FILE, recorded, needs, needs)
    except UsageError as error:
        found = error.message
    else:
        found = ""

    assert found == ("" if fits else "1,000 answers would exceed the limit of 32 MB")


def test_recordings_that_the_run_replaces_take_no_room() -> None:
    recorded = [recording(f"old {number}", "x" * 1_800_000) for number in range(19)]

    refuse_overfull(FILE, recorded, [], [need(recording("new"))])


@pytest.mark.parametrize(
    ("recorded", "missing", "expected"),
    [(0, 16_776, False), (0, 16_777, True), (20, 16_777, False)],
)
def test_a_sample_is_needed_for_many_answers_of_unknown_length(
    recorded: int, missing: int, expected: bool
) -> None:
    known = [recording(f"old {number}") for number in range(recorded)]

    assert needs_sample(known, [need(recording(str(n))) for n in range(missing)]) is expected


def test_a_run_stops_after_a_sample_whose_answers_are_too_long(repo, monkeypatch):
    monkeypatch.setattr(writing, "MAX_TOTAL_BYTES", 2 << 20)
    monkeypatch.setattr(writing, "_MANY_ANSWERS", 1_000)
    cases = (json.dumps({"name": f"c{n}", "inputs": {"text": f"{n}"}}) for n in range(1_000))
    repo.write(
        {
            "promptops.toml": CONFIG,
            "prompts/ask.prompt.yaml": PROMPT.replace("{{ text }}", "x" * 3_000 + "{{ text }}"),
            "prompts/ask.cases.jsonl": "\n".join(cases),
        }
    )

    with workspace(repo.root) as opened, pytest.raises(UsageError) as caught:
        run_cases(opened, SelectionOptions(), RunOptions(mode="record"))

    (journal,) = (repo.root / ".git/promptops/journal").glob("*.jsonl")
    answered = len(journal.read_bytes().splitlines())
    assert caught.value.message == "1,000 answers would exceed the limit of 2 MB"
    assert answered == 20
