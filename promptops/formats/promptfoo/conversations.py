"""Cases with turns as tests of promptfoo, which hands the answers of a conversation on.

Tests with the same `conversationId` are one conversation. A test gets those before it in the
variable `_conversation`: the messages and the answer of each. There is a test for each turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import ExportSubject
from promptops.model.prompt import Case, CaseTurn, SimulatedUser

MODULE = "promptops_conversations.py"
"""The module that renders prompts with conversations."""

RENDERING = '''\
def _rendered(identity, context):
    given = context["vars"]
    messages = _before(given) if given.get("__turn", 1) > 1 else _prompt(identity, context)
    if "__user" in given:
        messages.append({"role": "user", "content": given["__user"]})
    return messages


def _prompt(identity, context):
    prompt = promptops.load("git:HEAD")[identity]
    return prompt.render(**_inputs(context)).openai()["messages"]


def _before(given):
    """The messages of the turn before, and its answer.

    promptfoo hands them on to a file in which it finds its variable: {{ _conversation }}.
    """
    if len(given["_conversation"]) < given["__turn"] - 1:
        raise RuntimeError("a turn before this one has no answer")
    last = given["_conversation"][-1]
    return [*last["prompt"], {"role": "assistant", "content": last["output"]}]


def _inputs(context):
    """The inputs of the case: promptfoo adds variables of its own, such as `__evalId`."""
    given = context["vars"].items()
    return {name: value for name, value in given if name[:2] != "__" and name != "_conversation"}

'''


def tests(subject: ExportSubject, case: Case) -> Iterator[dict[str, Any]]:
    """A test for each turn, without its assertions."""
    accepted, _ = subject.renderer.accept(case.inputs)
    for number, turn in enumerate(case.turns, 1):
        said = {"__turn": number} | ({} if turn.user is None else {"__user": turn.user})
        yield {
            "description": f"{case.name}, turn {number}",
            "metadata": {"conversationId": case.name},
            "vars": accepted | said,
        }


def refused(subject: ExportSubject, case: Case) -> Loss | None:
    """Why a case with turns has no tests in promptfoo; None if it has."""
    if "_conversation" in subject.prompt.inputs.get("properties", {}):
        return _loss(case, f"{case.at}/turns", "promptfoo has a variable `_conversation`, too")
    if subject.prompt.output.format == "json":
        why = "promptfoo hands an answer in JSON on in its own spelling"
        return _loss(case, f"{case.at}/turns", why)
    for turn in case.turns:
        why = _not_said(turn)
        if why:
            return _loss(case, turn.at, why)
    return None


def _not_said(turn: CaseTurn) -> str:
    if turn.results:
        return "promptfoo hands no calls of tools on"
    return (
        "promptfoo has no model that plays a user" if isinstance(turn.user, SimulatedUser) else ""
    )


def _loss(case: Case, pointer: str, why: str) -> Loss:
    message = f"the case `{case.name}` is left out: {why}"
    return Loss(code="EXP114", message=message, place=case.locate(pointer, True))


def lost(case: Case) -> Iterator[Loss]:
    """The assertions on the whole conversation, each at its place."""
    for index, assertion in enumerate(case.conversation):
        message = f"the assertion `{assertion.get('type')}` on the conversation is not exported"
        place = case.locate(f"{case.at}/conversation/{index}", False)
        yield Loss(code="EXP106", message=message, place=place)
