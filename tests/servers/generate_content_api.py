"""Google's generateContent.

Each request is checked as a whole, as by the real API: an unknown field at any depth, a missing
field and a wrong type are a 400. The tables are written by hand from the reference of the API, in
November 2026, so that they don't repeat a mistake of its SDK.
"""

from __future__ import annotations

import re
from typing import Any

from tests.servers.checks import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    STRING,
    any_base64,
    camel,
    expect,
    list_of,
    one_of,
    proto_of,
)


def content(model: str, request: dict[str, Any], says: str | None, number: int) -> dict[str, Any]:
    _GENERATE_CONTENT(request, "request")
    last = request["contents"][-1]
    expect(last["role"] == "user", "the last content must be the user's", "contents")
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


_PART_KINDS = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
_PART_FIELDS = proto_of(
    {
        "text": STRING,
        "thought": BOOLEAN,
        "thoughtSignature": any_base64,
        "inlineData": proto_of({"mimeType": STRING, "data": any_base64}, "mimeType", "data"),
        "fileData": proto_of({"mimeType": STRING, "fileUri": STRING}, "fileUri"),
        "functionCall": proto_of({"id": STRING, "name": STRING, "args": OBJECT}, "name"),
        "functionResponse": proto_of(
            {"id": STRING, "name": STRING, "response": OBJECT}, "name", "response"
        ),
        "mediaResolution": proto_of(
            {"level": one_of(*(f"MEDIA_RESOLUTION_{n}" for n in ("LOW", "HIGH", "ULTRA_HIGH")))}
        ),
    }
)


def _part(value: Any, at: str) -> None:
    _PART_FIELDS(value, at)
    names = [camel(name) for name in value]
    kinds = [name for name in names if name in _PART_KINDS]
    expect(len(kinds) == 1, f"exactly one kind of data, not {kinds}", at)


def _schema_of_gemini(value: Any, at: str) -> None:
    OBJECT(value, at)
    expect("type" in value or "$ref" in value or "anyOf" in value, "a schema has a type", at)


_KEYWORDS = {
    *("$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items"),
    *("prefixItems", "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties"),
    *("additionalProperties", "required", "propertyOrdering"),
}
"""The keywords that the reference of `responseJsonSchema` lists; the API ignores others."""


def _response_schema(value: Any, at: str) -> None:
    _schema_of_gemini(value, at)
    _keywords(value, at)


def _keywords(schema: Any, at: str) -> None:
    if not isinstance(schema, dict):
        return
    unknown = sorted(schema.keys() - _KEYWORDS)
    expect(not unknown, f"no other keywords, such as {unknown}", at)
    beside = [key for key in schema if not key.startswith("$")]
    expect("$ref" not in schema or not beside, f"nothing beside $ref, such as {beside}", at)
    values = schema.get("enum", [])
    expect(all(type(each) in (str, int, float) for each in values), "strings and numbers", at)
    for key in ("properties", "$defs"):
        for name, each in schema.get(key, {}).items():
            _keywords(each, f"{at}.{key}.{name}")
    for key in ("anyOf", "oneOf", "prefixItems"):
        for index, each in enumerate(schema.get(key, [])):
            _keywords(each, f"{at}.{key}[{index}]")
    for key in ("items", "additionalProperties"):
        _keywords(schema.get(key), f"{at}.{key}")


_GENERATE_CONTENT = proto_of(
    {
        "contents": list_of(
            proto_of(
                {"role": one_of("user", "model"), "parts": list_of(_part, least=1)}, "role", "parts"
            ),
            least=1,
        ),
        # Its role is ignored; the SDK writes one.
        "systemInstruction": proto_of({"role": STRING, "parts": list_of(_part, least=1)}, "parts"),
        "cachedContent": STRING,
        "safetySettings": list_of(proto_of({"category": STRING, "threshold": STRING})),
        "tools": list_of(
            proto_of(
                {
                    "functionDeclarations": list_of(
                        proto_of(
                            {
                                "name": lambda value, at: expect(
                                    re.fullmatch(r"[a-zA-Z_][\w.:-]{0,127}", value) is not None,
                                    "Invalid function name",
                                    at,
                                ),
                                "description": STRING,
                                "parametersJsonSchema": _schema_of_gemini,
                            },
                            "name",
                        )
                    )
                }
            )
        ),
        "toolConfig": proto_of(
            {
                "functionCallingConfig": proto_of(
                    {
                        "mode": one_of("AUTO", "ANY", "NONE", "VALIDATED"),
                        "allowedFunctionNames": list_of(STRING),
                    }
                )
            }
        ),
        "generationConfig": proto_of(
            {
                "temperature": NUMBER,
                "topP": NUMBER,
                "maxOutputTokens": INTEGER,
                "stopSequences": list_of(STRING),
                "seed": INTEGER,
                "presencePenalty": NUMBER,
                "frequencyPenalty": NUMBER,
                "responseMimeType": one_of("application/json", "text/plain"),
                "responseJsonSchema": _response_schema,
                "thinkingConfig": proto_of(
                    {
                        "includeThoughts": BOOLEAN,
                        "thinkingBudget": INTEGER,
                        "thinkingLevel": one_of("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"),
                    }
                ),
            }
        ),
    },
    "contents",
)
