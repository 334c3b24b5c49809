"""A ticket desk: reads tickets as JSON lines, and prints where each goes and a draft of the reply.

    python desk.py < tickets.jsonl

A ticket that can't be answered goes to people, with the reason. Exits 0 when none did, 1 when some
did, 2 when the desk could not open.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openai

import promptops

RELEASE = "v0.1.0"
TRIAGE, REPLY = "desk/triage", "desk/reply"
ANSWER_S = 60.0  # how long the model may take; the client asks again by itself where that helps
START_S = 30.0  # how long it may take to fetch the prompts for the first time

log = logging.getLogger("desk")


def main() -> int:
    asked = _arguments()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    log.setLevel(logging.INFO)
    try:
        client = openai.OpenAI(timeout=ANSWER_S)  # reads OPENAI_API_KEY and OPENAI_BASE_URL
        desk = Desk(client=client, release=asked.prompts, source=asked.source)
        desk.open()
    except (promptops.PromptopsError, openai.OpenAIError) as error:
        log.critical("the desk stays closed: %s", _told(error))
        return 2
    to_people = 0
    for line in sys.stdin.buffer:
        result = desk.handle(line)
        to_people += result["queue"] == "people"
        sys.stdout.write(f"{json.dumps(result)}\n")
        sys.stdout.flush()
    return 1 if to_people else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Sort support tickets, and draft the replies.")
    parser.add_argument("--prompts", default=RELEASE, metavar="REF", help="default: %(default)s")
    parser.add_argument("--source", help="default: PROMPTOPS_SOURCE, else the repository around")
    return parser.parse_args()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Answers tickets by the prompts of a release, or of what a channel serves."""

    client: openai.OpenAI
    release: str
    source: str | None

    def open(self) -> None:
        """Have the prompts here before the first ticket comes; raises PromptopsError."""
        prompts = promptops.load(self.release, source=self.source, timeout_s=START_S)
        log.info("open with %r: %r, %r", prompts, prompts[TRIAGE], prompts[REPLY])

    def handle(self, line: bytes) -> dict[str, Any]:
        """Where a ticket goes. What is wrong with one must not stop those that come after it."""
        try:
            ticket = _read(line)
        except (ValueError, RecursionError) as error:
            return _to_people(None, f"it is no ticket: {_told(error)}")
        try:
            return {"id": ticket.get("id"), **self._answered(ticket)}
        except promptops.PromptopsError as error:
            return _to_people(ticket.get("id"), _told(error))
        except (openai.OpenAIError, ValueError) as error:  # ValueError: the server sent no JSON
            return _to_people(ticket.get("id"), f"the model did not answer: {_told(error)}")

    def _answered(self, ticket: Mapping[str, Any]) -> dict[str, Any]:
        inputs = {name: value for name, value in ticket.items() if name != "id"}
        with promptops.pin():  # both prompts are of one release, even if the channel moves now
            found = self._asked(TRIAGE, inputs)
            reply = self._asked(REPLY, {**inputs, "category": found["category"]})
        return {"queue": inputs["product"], **found, "reply": reply}

    def _asked(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """What the model answers, the second time if the first is not what the prompt promises."""
        try:
            return self._asked_once(name, inputs)
        except promptops.AnswerError as error:
            log.warning("asked again: %s", _told(error))
            return self._asked_once(name, inputs)

    def _asked_once(self, name: str, inputs: Mapping[str, Any]) -> Any:
        prompts = promptops.load(self.release, source=self.source)
        request = prompts[name].render_from(inputs)
        started = time.monotonic()
        completion = self.client.chat.completions.create(**request.openai())
        facts = {
            **request.attributes(),  # the prompt and its release, none of the customer's words
            "stale": prompts.stale,  # watch this one: true while the source can't be reached
            "seconds": round(time.monotonic() - started, 2),
        }
        log.info("answered %s", json.dumps(facts))
        return prompts[name].parse(completion)


def _read(line: bytes) -> dict[str, Any]:
    ticket = json.loads(line)
    if not isinstance(ticket, dict):
        raise ValueError("a JSON object is one")
    return ticket


def _to_people(ticket: Any, reason: str) -> dict[str, Any]:
    log.warning("ticket %s goes to people: %s", json.dumps(ticket), reason)
    return {"id": ticket, "queue": "people", "reason": reason}


def _told(error: Exception) -> str:
    """In one line, whatever a customer, a model or a server put into it."""
    if isinstance(error, promptops.PromptopsError):
        text = ": ".join(part for part in (error.where, error.message) if part)
        text += f"; {error.hint}" if error.hint else ""
    else:
        text = f"{type(error).__name__}: {error}"
    return json.dumps(text, ensure_ascii=False)[1:-1]


if __name__ == "__main__":
    sys.exit(main())
