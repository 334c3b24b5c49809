"""Prompts whose messages only substitute take a short way, and nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.model.place import Place, plain_text
from promptops.model.prompt import (
    ConversationHistory,
    ForEach,
    MediaPart,
    Message,
    Prompt,
    TextPart,
)
from promptops.runtime.request.render import MAX_TURNS, Renderer, RenderError, fast_path

PATH = "prompts/a.prompt.yaml"
INPUTS = {"a": "{{ b }}\n", "n": 1.0, "nothing": None, "many": ["x"]}


def message(text: str = "{{ a }}", **fields: Any) -> Message:
    part = TextPart(text=plain_text(PATH, text), at="/messages/0/content")
    return Message(**{"role": "user", "parts": (part,), "at": "/messages/0"} | fields)


def renderer(*turns: Any) -> Renderer:
    prompt = Prompt(id="a", path=PATH, locate=lambda _pointer, _key: Place(PATH), messages=turns)
    return Renderer(prompt, lambda _path, _name: None)


SHORT = {
    "substituted": message("say {{ a }} {{n}}{{ nothing }}\n\n"),
    "literal": message("as it is\r\n{ }\n"),
    "empty": message(""),
    "named": message(role="tool", name="Ada", tool_call_id="7", cache=True),
}
LONG = {
    "logic": message("{% if a %}yes{% endif %}"),
    "a filter": message("{{ a | upper }}"),
    "a message that may be missing": message(when=plain_text(PATH, "a")),
    "a text that may be missing": message(
        parts=(
            TextPart(text=plain_text(PATH, "x"), at="/m/0", when=plain_text(PATH, "nothing")),
            TextPart(text=plain_text(PATH, "y"), at="/m/1"),
        )
    ),
    "a list of parts": message(plain=False),
    "media": message(
        plain=False, parts=(MediaPart(kind="image", origin="url", value="https://x.y", at="/m"),)
    ),
    "no text": message(parts=()),
    "a call": message(tool_calls=({"id": "1", "name": "f", "arguments": {}},)),
    "repeated": ForEach(source="many", name="each", messages=(message(),), at="/messages/0"),
    "history": ConversationHistory(source="nothing", at="/messages/0"),
}


@pytest.mark.parametrize("turn", SHORT.values(), ids=SHORT)
def test_both_ways_lead_to_the_same_messages(turn: Message) -> None:
    short = fast_path([turn, turn])
    walked = renderer(turn, turn).trace(INPUTS).request.messages

    assert short is not None
    assert short(INPUTS) == walked
    assert [list(each) for each in short(INPUTS) or ()] == [list(each) for each in walked]


@pytest.mark.parametrize("turn", LONG.values(), ids=LONG)
def test_what_needs_more_than_that_goes_the_long_way(turn: Any) -> None:
    made = renderer(message(), turn)

    assert fast_path([message(), turn]) is None
    assert made.messages(INPUTS)[1] == made.trace(INPUTS).request.messages


def test_a_list_that_is_printed_is_left_to_the_long_way() -> None:
    made = renderer(message("{{ many }}"))

    assert made.messages(INPUTS) == (INPUTS, ({"role": "user", "content": "['x']"},))


def test_a_missing_value_fails_as_on_the_long_way() -> None:
    made = renderer(message("say {{ missing }}"))

    with pytest.raises(RenderError, match="`missing` is undefined") as short:
        made.messages(INPUTS)
    with pytest.raises(RenderError) as walked:
        made.trace(INPUTS)

    assert short.value.place == walked.value.place == Place(PATH, 1, 8, 1, 15)


def test_too_many_messages_are_refused_as_on_the_long_way() -> None:
    turns = [message()] * MAX_TURNS

    assert len(renderer(*turns).messages(INPUTS)[1]) == MAX_TURNS
    with pytest.raises(RenderError, match="over 1,000 messages"):
        renderer(*turns, message()).messages(INPUTS)


def test_what_a_caller_does_to_its_messages_is_its_own_affair() -> None:
    made = renderer(message("say {{ n }}"))

    made.messages(INPUTS)[1][0].update(role="system", content="x")

    assert made.messages(INPUTS)[1] == ({"role": "user", "content": "say 1.0"},)
