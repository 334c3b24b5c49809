"""A request as the arguments of the `openai` client's chat completions."""

import pytest

from promptops.model.prompt import Request
from promptops.runtime.request.openai import chat_arguments


def test_what_is_not_set_is_not_sent():
    request = Request(messages=({"role": "user", "content": "hello"},), model={"id": "m"})

    assert chat_arguments(request) == {
        "model": "m",
        "messages": [{"role": "user", "content": "hello"}],
    }


def test_parameters_get_the_names_of_the_provider_and_its_own_options_are_added():
    request = Request(
        messages=(),
        model={"provider": "openai", "id": "m"},
        params={"temperature": 0, "max_output_tokens": 600, "stop": ["END"]},
        provider_options={"openai": {"store": True}, "anthropic": {"top_k": 3}},
        tool_choice={"name": "find"},
        tools=(
            {"name": "find", "description": "", "parameters": {"type": "object"}, "strict": True},
        ),
    )

    assert chat_arguments(request) == {
        "model": "m",
        "messages": [],
        "temperature": 0,
        "max_completion_tokens": 600,
        "stop": ["END"],
        "store": True,
        "tool_choice": {"type": "function", "function": {"name": "find"}},
        "tools": [
            {
                "type": "function",
                "function": {"name": "find", "parameters": {"type": "object"}, "strict": True},
            }
        ],
    }


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"format": "json"}, {"type": "json_object"}),
        (
            {"format": "json", "schema": {"type": "object"}, "name": "triage", "strict": True},
            {
                "type": "json_schema",
                "json_schema": {"name": "triage", "schema": {"type": "object"}, "strict": True},
            },
        ),
        (
            {"format": "json", "schema": {}, "description": "An answer."},
            {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "schema": {},
                    "strict": False,
                    "description": "An answer.",
                },
            },
        ),
    ],
)
def test_the_answers_schema_is_the_response_format(form, expected):
    request = Request(messages=(), model={"id": "m"}, response_format=form)

    assert chat_arguments(request)["response_format"] == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "text": "a"}, {"type": "text", "text": "a"}),
        (
            {"type": "image", "url": "https://acme.example/a.png", "detail": "low"},
            {
                "type": "image_url",
                "image_url": {"url": "https://acme.example/a.png", "detail": "low"},
            },
        ),
        (
            {"type": "audio", "url": "data:audio/wav;base64,UklGRg=="},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        ),
        (
            {"type": "document", "url": "data:application/pdf;base64,JVBE", "title": "Manual"},
            {
                "type": "file",
                "file": {"filename": "Manual", "file_data": "data:application/pdf;base64,JVBE"},
            },
        ),
        (
            {"type": "document", "data": "JVBE"},
            {
                "type": "file",
                "file": {
                    "filename": "document",
                    "file_data": "data:application/octet-stream;base64,JVBE",
                },
            },
        ),
    ],
)
def test_parts_are_written_in_the_providers_form(part, expected):
    request = Request(messages=({"role": "user", "content": [part]},), model={"id": "m"})

    assert chat_arguments(request)["messages"][0]["content"] == [expected]


def test_calls_of_tools_have_their_arguments_as_text_and_a_cache_mark_is_not_sent():
    call = {"id": "1", "name": "find", "arguments": {"order": "Ä"}}
    given = {"id": "2", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    turn = {"role": "assistant", "content": "", "cache": True, "tool_calls": [call, given]}
    request = Request(messages=(turn,), model={"id": "m"})

    assert chat_arguments(request)["messages"] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "find", "arguments": '{"order": "Ä"}'},
                },
                given,
            ],
        }
    ]
