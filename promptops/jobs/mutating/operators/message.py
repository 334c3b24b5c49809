"""Drop a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from promptops.jobs.mutating.edits import PromptEdit
from promptops.jobs.mutating.operators.example import examples
from promptops.model.prompt import ConversationHistory, ForEach, Message, Prompt, Turn
from promptops.records import replace

_T = TypeVar("_T")


def edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """One for each message that is not part of an example, and for a conversation history.

    Not for the only one: a request without messages is no request.
    """
    if len(prompt.messages) < 2:
        return
    shown = {turn.at for example in examples(prompt) for turn in example}
    for index, turn in enumerate(prompt.messages):
        if isinstance(turn, ForEach):
            yield from _of_loop(prompt, index, turn)
        elif turn.at not in shown:
            yield _without(prompt, turn, _but(prompt.messages, index))


def _of_loop(prompt: Prompt, index: int, loop: ForEach) -> Iterator[PromptEdit]:
    """The messages of a loop with several; for a single one, the operator `loop` does the same."""
    for inner, message in enumerate(loop.messages if len(loop.messages) > 1 else ()):
        turn: Turn = replace(loop, messages=_but(loop.messages, inner))
        messages = (*prompt.messages[:index], turn, *prompt.messages[index + 1 :])
        yield _without(prompt, message, messages)


def _without(
    prompt: Prompt, turn: Message | ConversationHistory, messages: tuple[Turn, ...]
) -> PromptEdit:
    name = f"{turn.role} message" if isinstance(turn, Message) else "history"
    return PromptEdit(
        prompt=replace(prompt, messages=messages),
        place=prompt.locate(turn.at, False),
        dropped=(turn.at,),
        change=f"drop the {name}",
        suggestion=f"count the messages: `{{type: message-count, value: {_count(prompt)}}}`",
    )


def _count(prompt: Prompt) -> str:
    """The number of messages; `N` if it depends on the inputs."""
    fixed = all(isinstance(turn, Message) and turn.when is None for turn in prompt.messages)
    return str(len(prompt.messages)) if fixed else "N"


def _but(turns: tuple[_T, ...], index: int) -> tuple[_T, ...]:
    return (*turns[:index], *turns[index + 1 :])
