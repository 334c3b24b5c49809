"""A chat of three turns with the real small model: recorded, replayed, and changed at one turn."""

from __future__ import annotations

import json

import pytest

from tests.real_model import MODEL, missing, real_model
from tests.testing.served import FILE, run, statuses

CONFIG = """\
[models.small]
provider = "openai"
id = "{model}"
base_url = "{address}"
params = {{temperature = 0, seed = 7}}
"""
PROMPT = """\
format: promptops/1
description: Talks.
owners: ["@a"]
model: {profile: small, params: {max_output_tokens: 200}}
messages:
  - {role: system, content: Answer in one short sentence.}
tests:
  - name: three turns
    turns:
      - {user: What is the capital of France?, output: [{type: finish-reason, value: stop}]}
      - {user: And of Japan?, output: [{type: finish-reason, value: stop}]}
      - {user: Thank you., output: [{type: finish-reason, value: stop}]}
    conversation: [{type: max-turns, value: 3}]
"""


@pytest.mark.slow
def test_a_chat_of_three_turns_is_recorded_and_replayed(repo):
    if reason := missing():
        pytest.skip(reason)
    with real_model() as served:
        config = CONFIG.format(model=MODEL, address=served.base_url)
        repo.write({"promptops.toml": config, "prompts/ask.prompt.yaml": PROMPT})
        recorded = run(repo, "record")
    replayed = run(repo)
    file = repo.root / FILE
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    first = recorded.cases[0].answer.turns[0].answer.text
    for row in rows:
        row["output"] = row["output"].replace(first, f"{first} Yes.")
    lines = (
        json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for row in rows
    )
    file.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    changed = run(repo)

    assert statuses(recorded) == {("ask", "three turns"): "passed"}
    assert [len(row["output"]) > 0 for row in rows] == [True, True, True]
    assert {row["model"] for row in rows} == {recorded.cases[0].answer.model}
    assert replayed.cases[0].messages == recorded.cases[0].messages
    assert replayed.cases[0].source == "recorded"
    (case,) = changed.cases
    assert (case.status, case.reason) == ("stale", "turn 2: its request has no recording")
