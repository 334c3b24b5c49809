"""A conversation that goes on after a tool call: what a model thought is sent back unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import Message as ClaudeMessage
from google.genai import types

from promptops.runtime.request.rendered import RenderedRequest

SIGNATURE = b"\x01\x02\xff\xfe"
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "sent"}


def rendered(provider: str, turn: dict[str, Any]) -> RenderedRequest:
    messages = ({"role": "user", "content": "Where is order 7?"}, turn, RESULT)
    fixed = {
        "model": {"provider": provider, "id": "m"},
        "params": {"max_output_tokens": 60},
        "tools": ({"name": "find_order", "parameters": {"type": "object"}},),
    }
    return RenderedRequest(messages=messages, prompt="ask", version=None, inputs={}, _fixed=fixed)


@pytest.mark.parametrize("by_alias", [True, False])
def test_the_content_of_gemini_goes_back_with_its_signature(by_alias: bool) -> None:
    call = types.FunctionCall(id="c1", name="find_order", args={"id": 7})
    part = types.Part(function_call=call, thought_signature=SIGNATURE)
    answer = types.Content(role="model", parts=[part])
    turn = answer.model_dump(mode="json", exclude_none=True, by_alias=by_alias)

    contents = rendered("gemini", turn).gemini()["contents"]

    sent = [types.Content.model_validate(each) for each in contents]
    assert sent[1] == answer
    assert sent[2].parts == [
        types.Part(
            function_response=types.FunctionResponse(
                id="c1", name="find_order", response={"output": "sent"}
            )
        )
    ]


def test_a_call_of_geminis_openai_compatible_api_keeps_its_signature() -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "find_order", "arguments": '{"id": 7}'},
        "extra_content": {"google": {"thought_signature": "AQL__g=="}},
    }
    turn = {"role": "assistant", "content": None, "tool_calls": [call]}

    parts = rendered("gemini", turn).gemini()["contents"][1]["parts"]

    assert parts == [
        {
            "function_call": {"id": "c1", "name": "find_order", "args": {"id": 7}},
            "thought_signature": "AQL__g==",
        }
    ]
    assert types.Part.model_validate(parts[0]).thought_signature == SIGNATURE


@pytest.mark.parametrize("extra", [None, 7, {"google": None}, {"google": {"thought_signature": 7}}])
def test_a_call_without_a_valid_signature_is_sent_without_one(extra: Any) -> None:
    call = {"id": "c1", "name": "find_order", "arguments": {"id": 7}, "extra_content": extra}
    turn = {"role": "assistant", "tool_calls": [call]}

    assert rendered("gemini", turn).gemini()["contents"][1]["parts"] == [
        {"function_call": {"id": "c1", "name": "find_order", "args": {"id": 7}}}
    ]


def test_the_thoughts_of_claude_go_back_with_their_signature() -> None:
    blocks = [
        {"type": "thinking", "thinking": "An order.", "signature": "c2lnbmVk"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
        {"type": "tool_use", "id": "c1", "name": "find_order", "input": {"id": 7}},
    ]
    answer = ClaudeMessage.model_validate(
        {
            "id": "m1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": blocks,
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )
    content = answer.model_dump(mode="json", exclude_none=True)["content"]

    request = rendered("anthropic", {"role": "assistant", "content": content})

    assert request.anthropic()["messages"][1] == {"role": "assistant", "content": blocks}
