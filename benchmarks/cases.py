"""Test cases of one kind, as this project, promptfoo, and programs of one's own would have them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpus import git

IN_ONE_FILE = 5_000
SYSTEM = "You triage support tickets for Acme. Answer with one JSON object."
MODEL = "mock-1"

_PROMPT = f"""\
format: promptops/1
description: Triage a support ticket.
model: {{profile: mock, params: {{temperature: 0, max_output_tokens: 60}}}}
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
  - file: triage-NUMBER.cases.jsonl
"""


def make_repository(folder: Path, count: int) -> None:
    """A committed repository with so many cases, 5,000 to a prompt; see `point_to`."""
    prompts = folder / "prompts"
    prompts.mkdir(parents=True)
    point_to(folder, "http://127.0.0.1:1/v1")
    for number, first in enumerate(range(0, count, IN_ONE_FILE)):
        (prompts / f"triage-{number}.prompt.yaml").write_text(
            _PROMPT.replace("NUMBER", str(number))
        )
        numbers = range(first, min(first + IN_ONE_FILE, count))
        lines = (json.dumps(_case(each)) + "\n" for each in numbers)
        (prompts / f"triage-{number}.cases.jsonl").write_text("".join(lines))
    (folder / "promptfooconfig.json").write_text(json.dumps(_promptfoo(count)))
    (folder / "tickets.json").write_text(json.dumps(list(tickets(count))))
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "cases"]):
        git(folder, *arguments)


def point_to(folder: Path, address: str) -> None:
    """Have a repository's cases ask a server."""
    (folder / "promptops.toml").write_text(
        f'[models.mock]\nprovider = "openai"\nid = "{MODEL}"\nbase_url = "{address}"\n'
    )


def tickets(count: int) -> Iterator[str]:
    """What customers write, no two the same."""
    return map(_ticket, range(count))


def chat(ticket: str) -> dict[str, Any]:
    """The arguments of a chat completion for a ticket."""
    return {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": f"Ticket: {ticket}"},
        ],
        "temperature": 0,
        "max_completion_tokens": 60,
    }


def _case(number: int) -> dict[str, Any]:
    return {
        "name": f"a red light, number {number}",
        "inputs": {"ticket": _ticket(number)},
        "output": [{"type": "is-json"}, {"type": "contains", "value": "bug"}],
    }


def _ticket(number: int) -> str:
    return f"My router {number} blinks red since the last update. Is the line down?"


def _promptfoo(count: int) -> dict[str, Any]:
    """Its configuration; the address is taken from OPENAI_BASE_URL."""
    system, user = chat("{{ ticket }}")["messages"]
    asserted = [{"type": "is-json"}, {"type": "contains", "value": "bug"}]
    options = {"temperature": 0, "max_completion_tokens": 60}
    return {
        "prompts": [json.dumps([system, user])],
        "providers": [{"id": f"openai:chat:{MODEL}", "config": options}],
        "tests": [{"vars": {"ticket": each}, "assert": asserted} for each in tickets(count)],
    }
