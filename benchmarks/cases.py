"""Test cases of one kind, as this project and as promptfoo would have them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from peers.tickets import MODEL, PARAMETERS, SYSTEM, chat, tickets
from recording import CONFIGURATION, PROFILE
from repositories import write

IN_ONE_FILE = 5_000
CONTAINED = "bug"
ASSERTED = [{"type": "is-json"}, {"type": "contains", "value": CONTAINED}]

_PROMPT = f"""\
format: promptops/1
description: Triage a support ticket.
model: {{{PROFILE}, params: {{temperature: 0, max_output_tokens: 60}}}}
inputs:
  required: [ticket]
  properties:
    ticket: {{type: string, minLength: 1, maxLength: 2000, description: The customer's message.}}
messages:
  - role: system
    content: {SYSTEM}
  - role: user
    content: "Ticket: {{{{ ticket }}}}"
tests:
  - file: NAME.cases.jsonl
"""


def make(folder: Path, count: int) -> None:
    """Files with so many cases, 5,000 to a prompt, and what peers read."""
    write(folder, "promptops.toml", CONFIGURATION)
    written = tickets(count)
    for start in range(0, count, IN_ONE_FILE):
        write_prompt(folder, f"triage-{start // IN_ONE_FILE}", written[start : start + IN_ONE_FILE])
    write_promptfoo(folder, count)
    write(folder, "tickets.json", json.dumps(written))


def write_prompt(folder: Path, name: str, written: Sequence[str]) -> None:
    """A prompt of that name, and a case for each ticket."""
    write(folder, f"prompts/{name}.prompt.yaml", _PROMPT.replace("NAME", name))
    lines = (
        json.dumps({"name": case(each), "inputs": {"ticket": ticket}, "output": ASSERTED})
        for each, ticket in enumerate(written)
    )
    write(folder, f"prompts/{name}.cases.jsonl", "".join(f"{line}\n" for line in lines))


def case(number: int) -> str:
    """The name of a case; the first of a prompt is 0."""
    return f"ticket {number}"


def write_promptfoo(folder: Path, count: int) -> None:
    """Its configuration; the address is taken from OPENAI_BASE_URL."""
    configuration = {
        "prompts": [json.dumps(chat("{{ ticket }}")["messages"])],
        "providers": [{"id": f"openai:chat:{MODEL}", "config": PARAMETERS}],
        "tests": [{"vars": {"ticket": each}, "assert": ASSERTED} for each in tickets(count)],
    }
    write(folder, "promptfooconfig.json", json.dumps(configuration))
