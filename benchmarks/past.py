"""A history: each commit rewrites a line of one prompt, and the description of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cases import CONTAINED, write_prompt
from environment import Environment
from peers.tickets import tickets
from recording import CONFIGURATION, record
from repositories import edit, git, write

REWRITTEN = "reply"
"""The prompt whose lines are rewritten."""
LINES = 40

BROKEN = "triage"
"""The prompt whose recorded answer becomes a wrong one, a third of the way."""
RECORDINGS = f"prompts/{BROKEN}.recordings.jsonl"
_DESCRIPTION = "description: Triage a support ticket"

_PROMPT = """\
format: promptops/1
description: Draft the first reply to a support ticket.
model: {profile: mock, params: {max_output_tokens: 600}}
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, minLength: 1, maxLength: 2000, description: The customer's message.}
messages:
  - role: system
    content: |
      You reply to support tickets.
LINES  - role: user
    content: "Ticket: {{ ticket }}"
tests:
  - name: any ticket
    inputs: {ticket: The light blinks red.}
    rendered:
      - {type: contains, role: system, value: Rule 7}
"""


def make(environment: Environment, folder: Path, commits: int) -> None:
    """Two prompts and their answers, then so many commits."""
    write(folder, "promptops.toml", CONFIGURATION)
    write_prompt(folder, BROKEN, tickets(1))
    write(folder, path(REWRITTEN), _reply(0))
    record(environment, folder, "prompts and answers")
    for number in range(1, commits + 1):
        write(folder, path(REWRITTEN), _reply(number))
        edit(folder, path(BROKEN), _DESCRIPTION, f"{_DESCRIPTION} ")
        if number == first_bad(commits):
            edit(folder, RECORDINGS, CONTAINED, "how_to")
        git(folder, "commit", "-q", "-a", "-m", f"change {number}")


def path(name: str) -> str:
    """Of a prompt's file."""
    return f"prompts/{name}.prompt.yaml"


def first_bad(commits: int) -> int:
    """The number of the commit that breaks the case."""
    return commits // 3


def _reply(number: int) -> str:
    """The prompt after so many changes, each of the line that was not changed for longest."""
    return _PROMPT.replace("LINES", "".join(_lines(number)))


def _lines(number: int) -> Iterator[str]:
    for line in range(LINES):
        changed = number - (number - line) % LINES
        yield f"      - Rule {line}: as of change {max(changed, 0)}, say what you don't know.\n"
