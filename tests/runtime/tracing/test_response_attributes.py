"""What a span records about an answer, for each API: objects of the clients, and JSON."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from promptops.runtime.request.span_attributes import (
    input_messages,
    output_messages,
    response_attributes,
)

CHAT = {
    "id": "chatcmpl-1",
    "model": "gpt-5.4-mini-2026-03-17",
    "system_fingerprint": "fp_1",
    "choices": [
        {
            "finish_reason": "tool_calls",
            "message": {
                "content": "A moment.",
                "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": '{"n":1}'}}],
            },
        },
        {"finish_reason": "stop", "message": {"content": "Yes."}},
    ],
    "usage": {
        "prompt_tokens": 30,
        "completion_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 20},
    },
}
RESPONSE = {
    "id": "resp_1",
    "model": "gpt-5.4-mini",
    "status": "incomplete",
    "incomplete_details": {"reason": "max_output_tokens"},
    "output": [
        {"type": "message", "content": [{"type": "output_text", "text": "A moment."}]},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"n":1}'},
    ],
    "usage": {
        "input_tokens": 30,
        "output_tokens": 7,
        "input_tokens_details": {"cached_tokens": 20},
    },
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5",
    "stop_reason": "tool_use",
    "content": [
        {"type": "text", "text": "A moment."},
        {"type": "tool_use", "id": "c1", "name": "look", "input": {"n": 1}},
    ],
    "usage": {
        "input_tokens": 4,
        "cache_read_input_tokens": 20,
        "cache_creation_input_tokens": 6,
        "output_tokens": 7,
    },
}
CONTENT = {
    "responseId": "g1",
    "modelVersion": "gemini-3-flash",
    "candidates": [
        {
            "finishReason": "STOP",
            "content": {
                "parts": [
                    {"text": "Hm.", "thought": True},
                    {"text": "A moment."},
                    {"functionCall": {"id": "c1", "name": "look", "args": {"n": 1}}},
                ]
            },
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 28,
        "toolUsePromptTokenCount": 2,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 2,
        "cachedContentTokenCount": 20,
    },
}
SNAKE_CASE = {
    "response_id": "g1",
    "model_version": "gemini-3-flash",
    "candidates": [
        {
            "finish_reason": SimpleNamespace(value="STOP"),
            "content": {
                "parts": [
                    {"text": "A moment."},
                    {"function_call": {"id": "c1", "name": "look", "args": {"n": 1}}},
                ]
            },
        }
    ],
    "usage_metadata": {
        "prompt_token_count": 30,
        "candidates_token_count": 5,
        "thoughts_token_count": 2,
        "cached_content_token_count": 20,
    },
}
ANSWERS = {
    "chat": (CHAT, "chatcmpl-1", "gpt-5.4-mini-2026-03-17", ["tool_calls", "stop"]),
    "responses": (RESPONSE, "resp_1", "gpt-5.4-mini", ["length"]),
    "anthropic": (MESSAGE, "msg_1", "claude-sonnet-5", ["tool_use"]),
    "gemini": (CONTENT, "g1", "gemini-3-flash", ["STOP"]),
    "gemini client": (SNAKE_CASE, "g1", "gemini-3-flash", ["STOP"]),
}


def as_object(value: Any) -> Any:
    """As the clients return it: the arguments of a tool call are a mapping there, too."""
    if isinstance(value, dict):
        members = {
            name: each if name in ("args", "input") else as_object(each)
            for name, each in value.items()
        }
        return SimpleNamespace(**members)
    return [as_object(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("convert", [dict, as_object], ids=["mapping", "object"])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_each_api_gives_the_attributes_of_the_conventions(name, convert) -> None:
    answer, identity, model, reasons = ANSWERS[name]
    fingerprint = {"openai.response.system_fingerprint": "fp_1"} if name == "chat" else {}

    assert response_attributes(convert(answer)) == {
        "gen_ai.response.model": model,
        "gen_ai.response.id": identity,
        "gen_ai.response.finish_reasons": reasons,
        "gen_ai.usage.input_tokens": 30,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 20,
        **fingerprint,
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_text_and_tool_calls_of_each_api_become_parts_of_one_message(name) -> None:
    recorded = output_messages(as_object(ANSWERS[name][0]))

    (message,) = json.loads(recorded or "")
    assert message["role"] == "assistant"
    assert message["parts"] == [
        {"type": "text", "content": "A moment."},
        {"type": "tool_call", "id": "c1", "name": "look", "arguments": {"n": 1}},
    ]


@pytest.mark.parametrize(
    "answer", ["Yes.", None, 7, object(), {}, {"usage": {"prompt_tokens": -1}}]
)
def test_what_is_not_an_answer_of_an_api_has_no_attributes(answer) -> None:
    assert response_attributes(answer) == {}


def test_messages_of_all_kinds_are_recorded_without_the_data_of_media() -> None:
    call = {"id": "c1", "name": "look", "arguments": {"n": 1}}
    messages = (
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See \ud800"},
                {"type": "image", "url": "https://example.com/a.png"},
                {"type": "image", "url": "data:image/png;base64,AAAA"},
                {"type": "audio", "data": "AAAA"},
            ],
        },
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "found"},
    )

    assert json.loads(input_messages(messages)) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "See ?"},
                {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
                {"type": "image"},
                {"type": "audio"},
            ],
        },
        {"role": "assistant", "parts": [{"type": "tool_call", **call}]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "c1", "response": "found"}],
        },
    ]
