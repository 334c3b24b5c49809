"""What TST006 says: once a prompt of what is missing, once a file of what is left over."""

from __future__ import annotations

import json

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.examples import DAY, PROMPT_PATH, MemoryTree, files, findings
from promptops.lint.registry import built_in
from promptops.lint.subject import PromptFacts
from promptops.model.config import Config
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


def renamed(block: str) -> list[tuple[str, str | None]]:
    """Place and hint of each unused recording of a repository."""
    found = findings(built_in()["REP003"], files(block))
    return [(str(each.place), each.hint) for each in found]


def test_recordings_of_a_renamed_prompt_are_renamed_and_not_deleted() -> None:
    block = ASK.removesuffix(f"--- {RECORDINGS}\n")
    (answered,) = files(block).items()
    catalog = Catalog(MemoryTree({answered[0]: answered[1].encode()}), Config())
    requests = PromptFacts(catalog, catalog.loaded(PROMPT_PATH), DAY).digests
    old = "--- prompts/in mail/sort.recordings"
    block += f"{old}.jsonl\n{row('one')}{old}.part02.jsonl\n{row('two', requests['two'])}"

    assert renamed(block) == [
        (
            f"prompts/in mail/sort.recordings{part}.jsonl:1:1",
            "`ask` sends these requests: git mv"
            f" 'prompts/in mail/sort.recordings{part}.jsonl' prompts/ask.recordings{part}.jsonl",
        )
        for part in ("", ".part02")
    ]
    assert renamed(f"{block}--- {RECORDINGS}\n")[0][1] == MAYBE  # they have their own


def test_each_of_several_renamed_prompts_has_its_own_recordings() -> None:
    block, lost = "", ""
    for name in ("a", "b", "b2"):  # `b2` is a copy of `b`
        text = ASK.removesuffix(f"--- {RECORDINGS}\n").replace("Say", f"Let {name[0]} say")
        (answered,) = files(text).items()
        catalog = Catalog(MemoryTree({answered[0]: answered[1].encode()}), Config())
        requests = PromptFacts(catalog, catalog.loaded(PROMPT_PATH), DAY).digests
        block += text.replace("prompts/ask.", f"prompts/{name}.")
        lost += f"--- prompts/old-{name}.recordings.jsonl\n{row('two', requests['two'])}"

    assert renamed(block + lost) == [
        (
            f"prompts/old-{name}.recordings.jsonl:1:1",
            f"`{sender}` sends these requests:"
            f" git mv prompts/old-{name}.recordings.jsonl prompts/{sender}.recordings.jsonl",
        )
        for name, sender in [("a", "a"), ("b", "b"), ("b2", "b")]
    ]


MAYBE = "if its prompt was renamed, rename it, too: `git mv`; else delete it"


@pytest.mark.parametrize("rows", ["", "garbled\n", row("one"), row("three", judge="judges/tone")])
def test_recordings_whose_requests_no_prompt_sends_may_be_deleted(rows: str) -> None:
    block = ASK.replace(RECORDINGS, "prompts/gone.recordings.jsonl") + rows

    assert renamed(block) == [("prompts/gone.recordings.jsonl:1:1", MAYBE)]


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
