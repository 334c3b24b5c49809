"""Anthropic's Messages API and Google's generateContent, as strict as the real ones.

Each checks a whole request and raises ValueError for what the real one answers with a 400: an
unknown field at any depth, a missing field, a wrong type. The tables are written by hand from the
references of both APIs, in November 2026, so that they don't repeat a mistake of an SDK.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

Shape = Callable[[dict[str, Any], "str | None", int], dict[str, Any]]
Check = Callable[[Any, str], None]

_UNDERSCORE = re.compile("_([a-z])")
_GENERATE = re.compile(r"/v1(?:beta)?/models/([^/:]+):generateContent")


def shape_of(path: str) -> Shape | None:
    """What answers a path; None for a path of neither API."""
    if path == "/v1/messages":
        return _message
    match = _GENERATE.fullmatch(path)
    if match is None:
        return None
    return lambda request, says, number: _content({**request, "model": match[1]}, says, number)


def _message(request: dict[str, Any], says: str | None, number: int) -> dict[str, Any]:
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


def _content(request: dict[str, Any], says: str | None, number: int) -> dict[str, Any]:
    model = request.pop("model")
    _GENERATE_CONTENT(request, "request")
    last = request["contents"][-1]
    _expect(last["role"] == "user", "the last content must be the user's", "contents")
    text = "".join(part.get("text", "") for part in last["parts"])
    said = text if says is None else says
    asked, answered = len(str(request).split()), len(said.split())
    return {
        "responseId": f"response-{number}",
        "modelVersion": model,
        "candidates": [
            {
                "index": 0,
                "content": {"role": "model", "parts": [{"text": said}]},
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": {
            "promptTokenCount": asked,
            "candidatesTokenCount": answered,
            "totalTokenCount": asked + answered,
        },
    }


def _expect(holds: bool, message: str, at: str) -> None:
    if not holds:
        raise ValueError(f"{at}: {message}")


def _of(*types: type) -> Check:
    def check(value: Any, at: str) -> None:
        wanted = " or ".join(each.__name__ for each in types)
        _expect(type(value) in types, f"Input should be {wanted}", at)

    return check


def _one_of(*values: Any) -> Check:
    return lambda value, at: _expect(value in values, f"Input should be one of {values}", at)


def _list(item: Check, *, least: int = 0) -> Check:
    def check(value: Any, at: str) -> None:
        _LIST(value, at)
        _expect(len(value) >= least, f"at least {least} items", at)
        for index, each in enumerate(value):
            item(each, f"{at}.{index}")

    return check


def _object(fields: Mapping[str, Check], *required: str) -> Check:
    def check(value: Any, at: str) -> None:
        _OBJECT(value, at)
        for name in value.keys() - fields.keys():
            raise ValueError(f"{at}.{name}: Extra inputs are not permitted")
        for name in required:
            _expect(name in value, "Field required", f"{at}.{name}")
        for name, each in value.items():
            fields[name](each, f"{at}.{name}")

    return check


def _proto(fields: Mapping[str, Check], *required: str) -> Check:
    """An object of Google's, whose fields may also have names with underscores."""
    check = _object(fields, *required)

    def named(value: Any, at: str) -> None:
        _OBJECT(value, at)
        check({_UNDERSCORE.sub(lambda m: m[1].upper(), k): each for k, each in value.items()}, at)

    return named


def _tagged(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` decides its fields."""

    def check(value: Any, at: str) -> None:
        _OBJECT(value, at)
        _expect(value.get("type") in kinds, f"Input tag {value.get('type')!r} is unknown", at)
        kinds[value["type"]](value, at)

    return check


def _either(scalar: type, other: Check) -> Check:
    return lambda value, at: None if type(value) is scalar else other(value, at)


def _text(value: Any, at: str) -> None:
    _expect(type(value) is str and value != "", "text content blocks must be non-empty", at)


def _base64(value: Any, at: str) -> None:
    _STRING(value, at)
    base64.b64decode(value, validate=True)


def _bytes(value: Any, at: str) -> None:
    """Google accepts both alphabets."""
    _STRING(value, at)
    base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)


def _https(value: Any, at: str) -> None:
    _expect(str(value).startswith("https://"), "Only HTTPS URLs are supported", at)


def _json_schema(value: Any, at: str) -> None:
    _OBJECT(value, at)
    _expect(value.get("type") == "object", "Input should be 'object'", f"{at}.type")


_GRAMMAR = frozenset(
    (
        *("type", "enum", "const", "anyOf", "allOf", "$ref", "$defs", "definitions", "title"),
        *("description", "properties", "required", "additionalProperties", "items", "minItems"),
        "format",
    )
)


def _structured(value: Any, at: str) -> None:
    """A schema from which the API can make a grammar."""
    _OBJECT(value, at)
    for key in value.keys() - _GRAMMAR:
        raise ValueError(f"{at}: property {key!r} is not supported")
    if value.get("type") == "object":
        closed = value.get("additionalProperties") is False
        _expect(closed, "'additionalProperties' must be explicitly set to false", at)
    _expect(value.get("minItems", 0) in (0, 1), "'minItems' must be 0 or 1", at)
    for key in ("properties", "$defs", "definitions"):
        for name, each in value.get(key, {}).items():
            _structured(each, f"{at}.{key}.{name}")
    for each in (*value.get("anyOf", ()), *value.get("allOf", ())):
        _structured(each, at)
    if "items" in value:
        _structured(value["items"], f"{at}.items")


_STRING, _OBJECT, _LIST = _of(str), _of(dict), _of(list)
_INTEGER, _NUMBER, _BOOLEAN = _of(int), _of(int, float), _of(bool)
_ANY: Check = lambda _value, _at: None  # noqa: E731  # a check like the others

# Anthropic, with `anthropic-version: 2026-10-21`.

_MARK = _object({"type": _one_of("ephemeral"), "ttl": _one_of("5m", "1h")}, "type")
_IMAGE_TYPES = _one_of("image/jpeg", "image/png", "image/gif", "image/webp")
_ADDRESS = _object({"type": _STRING, "url": _https}, "url")


def _source(form: str, media_type: Check, data: Check) -> Check:
    fields = {"type": _one_of(form), "media_type": media_type, "data": data}
    return _object(fields, "media_type", "data")


def _block(*required: str, **fields: Check) -> Check:
    return _object({"type": _STRING, "cache_control": _MARK, **fields}, *required)


_TEXT_BLOCK = _block("text", text=_text)
_IMAGE_BLOCK = _block(
    "source",
    source=_tagged({"base64": _source("base64", _IMAGE_TYPES, _base64), "url": _ADDRESS}),
)
_DOCUMENT_BLOCK = _block(
    "source",
    title=_STRING,
    source=_tagged(
        {
            "base64": _source("base64", _one_of("application/pdf"), _base64),
            "text": _source("text", _one_of("text/plain"), _text),
            "url": _ADDRESS,
        }
    ),
)
_RESULT = _either(
    str, _list(_tagged({"text": _TEXT_BLOCK, "image": _IMAGE_BLOCK, "document": _DOCUMENT_BLOCK}))
)
_OF_USER = _list(
    _tagged(
        {
            "text": _TEXT_BLOCK,
            "image": _IMAGE_BLOCK,
            "document": _DOCUMENT_BLOCK,
            "tool_result": _block("tool_use_id", tool_use_id=_STRING, content=_RESULT),
        }
    ),
    least=1,
)
_OF_ASSISTANT = _list(
    _tagged(
        {
            "text": _TEXT_BLOCK,
            "thinking": _object(
                {"type": _STRING, "thinking": _STRING, "signature": _STRING},
                "thinking",
                "signature",
            ),
            "tool_use": _block("id", "name", "input", id=_STRING, name=_STRING, input=_OBJECT),
        }
    ),
    least=1,
)
_CONTENTS = {
    "user": _OF_USER,
    "assistant": _OF_ASSISTANT,
    "system": _list(_tagged({"text": _TEXT_BLOCK}), least=1),
}


def _turn(value: Any, at: str) -> None:
    _object({"role": _one_of(*_CONTENTS), "content": _ANY}, "role", "content")(value, at)
    _either(str, _CONTENTS[value["role"]])(value["content"], f"{at}.content")


def _turns(value: Any, at: str) -> None:
    _list(_turn, least=1)(value, at)
    roles = [each["role"] for each in value]
    for index, (before, after) in enumerate(pairwise(roles)):
        _expect(before != after, "roles must alternate", f"{at}.{index + 1}")
        _expect(after != "system" or before == "user", "must follow a user turn", f"{at}.{index}")


def _check_marks(request: dict[str, Any]) -> None:
    marks = str(request).count("'cache_control'")
    _expect(marks <= 4, f"A maximum of 4 blocks with cache_control, found {marks}", "request")


_MESSAGES = _object(
    {
        "model": _STRING,
        "max_tokens": _INTEGER,
        "messages": _turns,
        "system": _either(str, _list(_tagged({"text": _TEXT_BLOCK}), least=1)),
        "metadata": _object({"user_id": _STRING}),
        "stop_sequences": _list(_STRING),
        "service_tier": _one_of("auto", "standard_only"),
        "stream": _one_of(False),
        "thinking": _tagged(
            {
                "adaptive": _object({"type": _STRING, "display": _STRING}),
                "enabled": _object(
                    {"type": _STRING, "display": _STRING, "budget_tokens": _INTEGER},
                    "budget_tokens",
                ),
                "disabled": _object({"type": _STRING}),
            }
        ),
        "output_config": _object(
            {
                "effort": _one_of("low", "medium", "high", "xhigh", "max"),
                "format": _object(
                    {"type": _one_of("json_schema"), "schema": _structured}, "type", "schema"
                ),
            }
        ),
        "tools": _list(
            _object(
                {
                    "name": _STRING,
                    "description": _STRING,
                    "input_schema": _json_schema,
                    "strict": _BOOLEAN,
                    "cache_control": _MARK,
                },
                "name",
                "input_schema",
            )
        ),
        "tool_choice": _tagged(
            {
                "auto": _object({"type": _STRING, "disable_parallel_tool_use": _BOOLEAN}),
                "any": _object({"type": _STRING, "disable_parallel_tool_use": _BOOLEAN}),
                "tool": _object(
                    {"type": _STRING, "name": _STRING, "disable_parallel_tool_use": _BOOLEAN},
                    "name",
                ),
                "none": _object({"type": _STRING}),
            }
        ),
    },
    "model",
    "max_tokens",
    "messages",
)

# Google.

_PART_KINDS = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
_PART_FIELDS = _proto(
    {
        "text": _STRING,
        "inlineData": _proto({"mimeType": _STRING, "data": _bytes}, "mimeType", "data"),
        "fileData": _proto({"mimeType": _STRING, "fileUri": _STRING}, "fileUri"),
        "functionCall": _proto({"id": _STRING, "name": _STRING, "args": _OBJECT}, "name"),
        "functionResponse": _proto(
            {"id": _STRING, "name": _STRING, "response": _OBJECT}, "name", "response"
        ),
        "mediaResolution": _proto(
            {"level": _one_of(*(f"MEDIA_RESOLUTION_{n}" for n in ("LOW", "HIGH", "ULTRA_HIGH")))}
        ),
    }
)


def _part(value: Any, at: str) -> None:
    _PART_FIELDS(value, at)
    names = [_UNDERSCORE.sub(lambda match: match[1].upper(), name) for name in value]
    kinds = [name for name in names if name in _PART_KINDS]
    _expect(len(kinds) == 1, f"exactly one kind of data, not {kinds}", at)


def _schema_of_gemini(value: Any, at: str) -> None:
    _OBJECT(value, at)
    _expect("type" in value or "$ref" in value or "anyOf" in value, "a schema has a type", at)


_GENERATE_CONTENT = _proto(
    {
        "contents": _list(
            _proto(
                {"role": _one_of("user", "model"), "parts": _list(_part, least=1)}, "role", "parts"
            ),
            least=1,
        ),
        # Its role is ignored; the SDK writes one.
        "systemInstruction": _proto({"role": _STRING, "parts": _list(_part, least=1)}, "parts"),
        "cachedContent": _STRING,
        "safetySettings": _list(_proto({"category": _STRING, "threshold": _STRING})),
        "tools": _list(
            _proto(
                {
                    "functionDeclarations": _list(
                        _proto(
                            {
                                "name": lambda value, at: _expect(
                                    re.fullmatch(r"[a-zA-Z_][\w.:-]{0,127}", value) is not None,
                                    "Invalid function name",
                                    at,
                                ),
                                "description": _STRING,
                                "parametersJsonSchema": _schema_of_gemini,
                            },
                            "name",
                        )
                    )
                }
            )
        ),
        "toolConfig": _proto(
            {
                "functionCallingConfig": _proto(
                    {
                        "mode": _one_of("AUTO", "ANY", "NONE", "VALIDATED"),
                        "allowedFunctionNames": _list(_STRING),
                    }
                )
            }
        ),
        "generationConfig": _proto(
            {
                "temperature": _NUMBER,
                "topP": _NUMBER,
                "maxOutputTokens": _INTEGER,
                "stopSequences": _list(_STRING),
                "seed": _INTEGER,
                "presencePenalty": _NUMBER,
                "frequencyPenalty": _NUMBER,
                "responseMimeType": _one_of("application/json", "text/plain"),
                "responseJsonSchema": _schema_of_gemini,
                "thinkingConfig": _proto(
                    {
                        "includeThoughts": _BOOLEAN,
                        "thinkingBudget": _INTEGER,
                        "thinkingLevel": _one_of("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"),
                    }
                ),
            }
        ),
    },
    "contents",
)
