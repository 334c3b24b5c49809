"""Anthropic's Messages API, with `anthropic-version: 2026-10-21`.

Each request is checked as a whole, as by the real API: an unknown field at any depth, a missing
field and a wrong type are a 400. The tables are written by hand from the reference of the API, in
November 2026, so that they don't repeat a mistake of its SDK.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.servers.checks import (
    ANY,
    BOOLEAN,
    INTEGER,
    OBJECT,
    STRING,
    Check,
    base64_text,
    either,
    expect,
    fields_of,
    https,
    list_of,
    one_of,
    tagged,
    text,
)


def message(request: dict[str, Any], says: str | None, number: int) -> dict[str, Any]:
    _MESSAGES(request, "request")
    _check_marks(request)
    blocks = request["messages"][-1]["content"]
    text = blocks if isinstance(blocks, str) else "".join(each.get("text", "") for each in blocks)
    said = text if says is None else says
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [{"type": "text", "text": said}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": len(str(request).split()), "output_tokens": len(said.split())},
    }


def _json_schema(value: Any, at: str) -> None:
    OBJECT(value, at)
    expect(value.get("type") == "object", "Input should be 'object'", f"{at}.type")


_GRAMMAR = frozenset(
    (
        *("type", "enum", "const", "anyOf", "allOf", "$ref", "$defs", "definitions", "title"),
        *("description", "properties", "required", "additionalProperties", "items", "minItems"),
        "format",
    )
)


def _structured(value: Any, at: str) -> None:
    """A schema from which the API can make a grammar."""
    OBJECT(value, at)
    for key in value.keys() - _GRAMMAR:
        raise ValueError(f"{at}: property {key!r} is not supported")
    if value.get("type") == "object":
        closed = value.get("additionalProperties") is False
        expect(closed, "'additionalProperties' must be explicitly set to false", at)
    expect(value.get("minItems", 0) in (0, 1), "'minItems' must be 0 or 1", at)
    for key in ("properties", "$defs", "definitions"):
        for name, each in value.get(key, {}).items():
            _structured(each, f"{at}.{key}.{name}")
    for each in (*value.get("anyOf", ()), *value.get("allOf", ())):
        _structured(each, at)
    if "items" in value:
        _structured(value["items"], f"{at}.items")


_MARK = fields_of({"type": one_of("ephemeral"), "ttl": one_of("5m", "1h")}, "type")
_IMAGE_TYPES = one_of("image/jpeg", "image/png", "image/gif", "image/webp")
_ADDRESS = fields_of({"type": STRING, "url": https}, "url")


def _source(form: str, media_type: Check, data: Check) -> Check:
    fields = {"type": one_of(form), "media_type": media_type, "data": data}
    return fields_of(fields, "media_type", "data")


def _block(*required: str, **fields: Check) -> Check:
    return fields_of({"type": STRING, "cache_control": _MARK, **fields}, *required)


_TEXT_BLOCK = _block("text", text=text)
_IMAGE_BLOCK = _block(
    "source",
    source=tagged({"base64": _source("base64", _IMAGE_TYPES, base64_text), "url": _ADDRESS}),
)
_DOCUMENT_BLOCK = _block(
    "source",
    title=STRING,
    source=tagged(
        {
            "base64": _source("base64", one_of("application/pdf"), base64_text),
            "text": _source("text", one_of("text/plain"), text),
            "url": _ADDRESS,
        }
    ),
)
_RESULT = either(
    str, list_of(tagged({"text": _TEXT_BLOCK, "image": _IMAGE_BLOCK, "document": _DOCUMENT_BLOCK}))
)
_OF_USER = list_of(
    tagged(
        {
            "text": _TEXT_BLOCK,
            "image": _IMAGE_BLOCK,
            "document": _DOCUMENT_BLOCK,
            "tool_result": _block("tool_use_id", tool_use_id=STRING, content=_RESULT),
        }
    ),
    least=1,
)
_OF_ASSISTANT = list_of(
    tagged(
        {
            "text": _TEXT_BLOCK,
            "thinking": fields_of(
                {"type": STRING, "thinking": STRING, "signature": STRING},
                "thinking",
                "signature",
            ),
            "tool_use": _block("id", "name", "input", id=STRING, name=STRING, input=OBJECT),
        }
    ),
    least=1,
)
_CONTENTS = {
    "user": _OF_USER,
    "assistant": _OF_ASSISTANT,
    "system": list_of(tagged({"text": _TEXT_BLOCK}), least=1),
}


def _turn(value: Any, at: str) -> None:
    fields_of({"role": one_of(*_CONTENTS), "content": ANY}, "role", "content")(value, at)
    either(str, _CONTENTS[value["role"]])(value["content"], f"{at}.content")


def _turns(value: Any, at: str) -> None:
    list_of(_turn, least=1)(value, at)
    roles = [each["role"] for each in value]
    for index, (before, after) in enumerate(pairwise(roles)):
        expect(before != after, "roles must alternate", f"{at}.{index + 1}")
        expect(after != "system" or before == "user", "must follow a user turn", f"{at}.{index}")


def _check_marks(request: dict[str, Any]) -> None:
    marks = str(request).count("'cache_control'")
    expect(marks <= 4, f"A maximum of 4 blocks with cache_control, found {marks}", "request")


_MESSAGES = fields_of(
    {
        "model": STRING,
        "max_tokens": INTEGER,
        "messages": _turns,
        "system": either(str, list_of(tagged({"text": _TEXT_BLOCK}), least=1)),
        "metadata": fields_of({"user_id": STRING}),
        "stop_sequences": list_of(STRING),
        "service_tier": one_of("auto", "standard_only"),
        "stream": BOOLEAN,
        "thinking": tagged(
            {
                "adaptive": fields_of({"type": STRING, "display": STRING}),
                "enabled": fields_of(
                    {"type": STRING, "display": STRING, "budget_tokens": INTEGER},
                    "budget_tokens",
                ),
                "disabled": fields_of({"type": STRING}),
            }
        ),
        "output_config": fields_of(
            {
                "effort": one_of("low", "medium", "high", "xhigh", "max"),
                "format": fields_of(
                    {"type": one_of("json_schema"), "schema": _structured}, "type", "schema"
                ),
            }
        ),
        "tools": list_of(
            fields_of(
                {
                    "name": STRING,
                    "description": STRING,
                    "input_schema": _json_schema,
                    "strict": BOOLEAN,
                    "cache_control": _MARK,
                },
                "name",
                "input_schema",
            )
        ),
        "tool_choice": tagged(
            {
                "auto": fields_of({"type": STRING, "disable_parallel_tool_use": BOOLEAN}),
                "any": fields_of({"type": STRING, "disable_parallel_tool_use": BOOLEAN}),
                "tool": fields_of(
                    {"type": STRING, "name": STRING, "disable_parallel_tool_use": BOOLEAN},
                    "name",
                ),
                "none": fields_of({"type": STRING}),
            }
        ),
    },
    "model",
    "max_tokens",
    "messages",
)
