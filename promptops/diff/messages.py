"""CHG306 and CHG307: the messages of a prompt, and the data that callers pass into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.diff.changes import change
from promptops.diff.input_names import with_new_names
from promptops.diff.side import PromptSide
from promptops.model.change import Change
from promptops.model.prompt import ConversationHistory, ForEach, MediaPart, Message, Prompt, Turn


def message_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes in the list of messages."""
    old, new = ([_summary(turn) for turn in side.prompt.messages] for side in (before, after))
    if old != new:
        facts = {"before": ", ".join(old), "after": ", ".join(new)}
        yield change("CHG306", "/messages", _what_happened(old, new), **facts)
    _, moved = with_new_names(before.prompt.inputs, after.prompt.inputs)
    remaining = _slots(after.prompt, moved)
    for slot, path in _slots(before.prompt, {}).items():
        if slot not in remaining:
            yield change("CHG307", path, f"{slot} no longer reaches the model")
    if old == new and _cached(before.prompt) != _cached(after.prompt):
        message = "the messages to be cached by the provider changed"
        yield change("CHG701", "/messages", message)


def _summary(turn: Turn) -> str:
    """A message in a few words: its role, or the input it comes from."""
    if isinstance(turn, ConversationHistory):
        return f"history {turn.source}" + (f" (the last {turn.last})" if turn.last else "")
    if isinstance(turn, ForEach):
        roles = " and ".join(message.role for message in turn.messages)
        return f"for each of {turn.source}: {roles}"
    return turn.role


def _what_happened(old: list[str], new: list[str]) -> str:
    if sorted(old) == sorted(new):
        return "the messages were reordered"
    if len(old) == len(new):
        return "messages have another role or come from another input"
    return "messages were added" if len(new) > len(old) else "messages were removed"


def _slots(prompt: Prompt, earlier: Mapping[str, str]) -> Mapping[str, str]:
    """Data that callers pass on to the model, under the earlier names of the inputs."""
    found: dict[str, str] = {}
    for turn in prompt.messages:
        if isinstance(turn, ConversationHistory):
            found[f"the conversation `{earlier.get(turn.source, turn.source)}`"] = turn.at
        for message in _messages(turn):
            for part in message.parts:
                if isinstance(part, MediaPart) and part.origin == "input":
                    found[f"the {part.kind} `{earlier.get(part.value, part.value)}`"] = part.at
    return found


def _messages(turn: Turn) -> tuple[Message, ...]:
    if isinstance(turn, ForEach):
        return turn.messages
    return (turn,) if isinstance(turn, Message) else ()


def _cached(prompt: Prompt) -> list[bool]:
    return [message.cache for turn in prompt.messages for message in _messages(turn)]
