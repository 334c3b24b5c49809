"""A prompt whose case has three turns, and recordings of the answers to its turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from promptops.evals.conversations import Conversation, SimulatedUsers
from promptops.model.answer import Answer, Recording, Usage
from promptops.source.recordings import recordings_bytes
from promptops.testing.plan import plan_cases
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository

CASE = "a refund in two turns"
PATH = "prompts/refund.prompt.yaml"
RECORDINGS = "prompts/refund.recordings.jsonl"
PROMPT = """\
format: promptops/1
description: A support agent that refunds.
owners: ["@acme/support"]
model: {profile: main, params: {max_output_tokens: 200}}
inputs:
  required: [product]
  properties: {product: {type: string, maxLength: 100}}
tools:
  - name: lookup_order
    description: Find an order.
    parameters: {type: object, required: [id], properties: {id: {type: string}}}
  - name: refund
    description: Refund an order.
    parameters: {type: object, required: [id], properties: {id: {type: string}}}
messages:
  - {role: system, content: "You support users of the {{ product }}."}
tests:
  - name: a refund in two turns
    inputs: {product: hub}
    turns:
      - user: I want my money back for order 1182.
        output: [{type: tool-calls, value: [{name: lookup_order, arguments: {id: "1182"}}]}]
      - tool: {name: lookup_order, result: {status: delivered, days: 12}}
        output: [{type: contains, value: "14 days"}, {type: not-contains, value: sorry}]
      - user: Thanks, do it.
        output: [{type: tool-calls, value: [{name: refund, arguments: {id: "1182"}}]}]
    conversation:
      - {type: max-turns, value: 4}
      - {type: tool-sequence, value: [lookup_order, refund]}
      - {type: no-repeat}
"""


def profile(provider: str = "openai", id_: str = "gpt-5.4-mini") -> str:
    """The configuration with the model of the prompt."""
    return f'[models.main]\nprovider = "{provider}"\nid = "{id_}"\n'


def said(text: str, *calls: tuple[str, Mapping[str, Any]]) -> Answer:
    """An answer with its tool calls, each the name and the arguments."""
    return Answer(
        text=text,
        tool_calls=tuple({"name": name, "arguments": dict(values)} for name, values in calls),
        finish_reason="tool_calls" if calls else "stop",
        model="gpt-5.4-mini-2026",
        usage=Usage(input=20, output=5),
    )


ORDER = {"id": "1182"}
ANSWERS = (
    said("", ("lookup_order", ORDER)),
    said("Delivered 12 days ago: within 14 days. Refund it?"),
    said("", ("refund", ORDER)),
)


def converse(repo: GitRepository, answers: Iterable[Answer] = ANSWERS) -> None:
    """Record the answers to the requests of the only case of the prompt, turn after turn."""
    repo.write({RECORDINGS: recordings_bytes(list(_recordings(repo.root, answers)))})


def _recordings(root: Path, answers: Iterable[Answer]) -> Iterator[Recording]:
    with workspace(root, "worktree") as opened:
        catalog = opened.catalog
        (planned,) = plan_cases(catalog, [catalog.loaded(PATH)], 1)
        assert planned.request is not None, planned.error
        simulate = SimulatedUsers(catalog).request
        conversation = Conversation(planned.request, planned.case.turns, simulate)
        for answer in answers:
            step = conversation.next()
            assert step is not None, conversation.ended
            yield Recording(
                request=step.digest, repeat=0, case=CASE, answer=answer, judge=step.judge
            )
            conversation.answer(answer)
