"""What TST006 says: once a prompt of what is missing, once a file of what is left over."""

from __future__ import annotations

import json

from promptops.lint.examples import PROMPT_PATH
from tests.lint.conftest import Lines

RECORDINGS = "prompts/ask.recordings.jsonl"
ASK = f"""\
--- {PROMPT_PATH}
format: promptops/1
messages:
  - {{role: user, content: "Say {{{{ word }}}}."}}
inputs:
  properties:
    word: {{type: string}}
tests:
  - {{name: one, inputs: {{word: a}}, output: [{{type: contains, value: hello}}]}}
  - {{name: two, inputs: {{word: b}}, output: [{{type: contains, value: hello}}]}}
  - {{name: silent, inputs: {{word: c}}, rendered: [{{type: contains, value: Say}}]}}
--- {RECORDINGS}
"""
OLD = "0" * 64


def row(case: str, request: str = OLD, **more: str) -> str:
    usage = {"cached": 0, "input": 1, "output": 1}
    value = {"format": 1, "request": request, "repeat": 0, "case": case, "model": "m"}
    value |= {"fingerprint": None, "finish_reason": "stop", "output": "hello", "usage": usage}
    return json.dumps(value | more) + "\n"


def test_recordings_of_no_case_are_one_finding_at_the_first_character(said: Lines) -> None:
    rows = row("one"), "\n", "garbled\n", row("gone", "1" * 64), row("silent", "2" * 64)

    found = said("TST006", ASK + "".join(rows))

    assert found[1:] == [f"{RECORDINGS}:4:1-2 no test case uses 2 recordings of this file any more"]


def test_a_single_recording_of_no_case_is_said_to_be_one(said: Lines) -> None:
    found = said("TST006", ASK + row("gone"))

    assert found[1:] == [f"{RECORDINGS}:1:1-2 no test case uses this recording any more"]


def test_what_judges_said_is_no_remnant(said: Lines) -> None:
    found = said("TST006", ASK + row("gone", judge="judges/tone"))

    assert len(found) == 1
