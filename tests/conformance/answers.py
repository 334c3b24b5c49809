"""Answers of models, and what `parse` gives for each: the rows of `answers.jsonl.gz`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.errors import InputError
from promptops.model.prompt import Output
from promptops.runtime.request.answers import AnswerError, Answers

RED = '{"colour": "red"}'
COLOUR = {
    "type": "object",
    "required": ["colour"],
    "properties": {
        "colour": {"enum": ["red", "green", None]},
        "shades": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/shade"}},
        "on": {"type": "string", "format": "date"},
    },
    "additionalProperties": False,
    "$defs": {"shade": {"type": "number", "minimum": 0, "maximum": 1}},
}
OF_COLOUR = {"format": "json", "schema": COLOUR}
OF_JSON, OF_TEXT = {"format": "json"}, {"format": "text"}

TEXTS = [
    RED,
    f" \t\r\n{RED}\n",
    f"```json\n{RED}\n```",
    f"Here it is: {RED}",
    f"\ufeff{RED}",
    "",
    "{",
    RED.replace('"', "'"),
    '{"colour": "red",}',
    '{"colour": "blue"}',
    '{"colour": null}',
    '{"color": "red"}',
    '{"colour": "green", "colour": "red"}',
    '{"colour": "red", "shades": [0, 0.5]}',
    '{"colour": "red", "shades": [0, 2]}',
    '{"colour": "red", "shades": [0, 1, 1]}',
    '{"colour": "red", "on": "some day"}',
    '{"colour": "red", "__proto__": 1}',
    '["red"]',
    '"red"',
    "null",
]
JSON_TEXTS = [
    "1",
    "-0",
    "1.5e3",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "01",
    "1.",
    ".5",
    "+1",
    "0x1",
    "true",
    "True",
    "[1, 2",
    "[1] 2",
    "// 1\n1",
    '"\\ud83d\\ude00 \\u00e9"',
    '"a\nb"',
    '"a\\xb"',
    '{"__proto__": {"a": 1}, "constructor": 2}',
    '{"": [[], {}, ""]}',
    "\u00a01",
]


def _chat(message: Any, reason: Any = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, "finish_reason": reason}]}


def _response(*content: Any, **more: Any) -> dict[str, Any]:
    message = {"type": "message", "role": "assistant", "content": list(content)}
    return {
        "output": [{"type": "reasoning", "summary": []}, message],
        "status": "completed",
        **more,
    }


def _claude(*content: Any, stop_reason: Any = "end_turn") -> dict[str, Any]:
    blocks = list(content)
    return {"role": "assistant", "type": "message", "stop_reason": stop_reason, "content": blocks}


def _gemini(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **more}]}


HALVES = [{"type": "text", "text": '{"colour": '}, {"type": "text", "text": '"red"}'}]
CALL = {"id": "c", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}

ANSWERS: list[tuple[str, Any]] = [
    ("chat completions", _chat({"role": "assistant", "content": RED})),
    ("chat completions", _chat({"content": RED}, None)),
    ("chat completions", {"choices": [{"message": {"content": RED}}]}),
    ("chat completions", _chat({"content": HALVES})),
    ("chat completions", _chat({"content": '{"colour": "r'}, "length")),
    ("chat completions", _chat({"content": RED}, "length")),
    ("chat completions", _chat({"content": ""}, "content_filter")),
    ("chat completions", _chat({"content": None, "refusal": "I can't."})),
    ("chat completions", _chat({"content": None, "tool_calls": [CALL]}, "tool_calls")),
    ("chat completions", _chat({})),
    ("chat completions", _chat({"content": {"a": 1}})),
    ("chat completions", _chat(None)),
    ("chat completions", {"choices": []}),
    ("chat completions", {"choices": 3}),
    ("responses", _response({"type": "output_text", "text": RED})),
    ("responses", _response(*({**half, "type": "output_text"} for half in HALVES))),
    ("responses", _response({"type": "refusal", "refusal": "I can't."})),
    (
        "responses",
        _response(
            {"type": "output_text", "text": "{"},
            status="incomplete",
            incomplete_details={"reason": "max_output_tokens"},
        ),
    ),
    ("responses", {"output": [], "status": "failed", "error": {"code": "server_error"}}),
    ("responses", {"output": [], "incomplete_details": {"reason": "content_filter"}}),
    ("responses", {"output": []}),
    ("messages", _claude({"type": "text", "text": RED})),
    ("messages", _claude({"type": "thinking", "thinking": "Hm.", "signature": "s"}, *HALVES)),
    ("messages", _claude({"type": "text", "text": RED}, stop_reason="stop_sequence")),
    ("messages", _claude({"type": "text", "text": "{"}, stop_reason="max_tokens")),
    ("messages", _claude(stop_reason="refusal")),
    ("messages", _claude({"type": "tool_use", "id": "t", "input": {}}, stop_reason="tool_use")),
    ("messages", {"content": [], "role": "user"}),
    ("generateContent", _gemini({"text": RED}, finishReason="STOP")),
    ("generateContent", _gemini({"text": RED}, finish_reason="STOP")),
    ("generateContent", _gemini({"text": "Hm.", "thought": True}, {"text": RED})),
    ("generateContent", _gemini({"text": "{"}, finishReason="MAX_TOKENS")),
    ("generateContent", {"candidates": [{"finishReason": "SAFETY"}]}),
    ("generateContent", {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
    ("generateContent", {"prompt_feedback": {"block_reason": "OTHER"}}),
    ("generateContent", {"candidates": []}),
    ("none", {}),
    ("none", []),
    ("none", [RED]),
    ("none", 7),
    ("none", True),
    ("none", None),
]

_KINDS = {
    "the answer is incomplete": "incomplete",
    "the answer is not JSON": "not JSON",
    "the answer does not fit the output schema": "misfit",
}


def answer_rows() -> Iterator[dict[str, Any]]:
    """Each answer for each kind of output, with what `parse` gives or raises."""
    for text in TEXTS:
        yield _row("text", OF_COLOUR, text)
    for text in (*TEXTS, *JSON_TEXTS):
        yield _row("text", OF_JSON, text)
    for output in (OF_COLOUR, OF_JSON, OF_TEXT):
        for api, answer in ANSWERS:
            yield _row(api, output, answer)


def _row(api: str, output: dict[str, Any], answer: Any) -> dict[str, Any]:
    return {"api": api, "output": output, "answer": answer, **parsed(output, answer)}


def parsed(output: dict[str, Any], answer: Any) -> dict[str, Any]:
    """`value`, or `error` and, of an answer with a text, `text`."""
    try:
        return {"value": Answers("ask", Output(**output)).parse(answer)}
    except AnswerError as error:
        return {"error": _KINDS[error.message.partition(":")[0]], "text": error.text}
    except InputError:
        return {"error": "not an answer"}
