"""A request as arguments for the `google-genai` client's `generate_content`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from promptops.model.prompt import Request
from promptops.runtime.request.anthropic import described, merged
from promptops.runtime.request.api_limits import APIS
from promptops.runtime.request.media import media_source
from promptops.runtime.request.provider_schemas import gemini_schema
from promptops.runtime.request.unsupported import (
    INSTRUCTIONS,
    calls_of,
    gemini_calls,
    parts_of,
    text_of,
    thought_signature,
)

_AS_NAMED = (
    "temperature",
    "top_p",
    "max_output_tokens",
    "seed",
    "frequency_penalty",
    "presence_penalty",
)
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
_RESOLUTIONS = {
    "low": "MEDIA_RESOLUTION_LOW",
    "high": "MEDIA_RESOLUTION_HIGH",
    "original": "MEDIA_RESOLUTION_ULTRA_HIGH",
}
_BUDGETS = {"minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576, "xhigh": 24_576}
"""Tokens, for models before Gemini 3: those of Google's own OpenAI-compatible API."""


def content_arguments(request: Request) -> dict[str, Any]:
    """Arguments for `client.models.generate_content(**arguments)`.

    Data of media parts are bytes. The provider's own options, such as
    `provider_options.gemini.cached_content`, are added to `config`; options that are mappings are
    merged. The request must be one that `unsupported` finds nothing in.
    """
    system, contents = _contents(request)
    stop = request.params.get("stop")
    config: dict[str, Any] = {
        "system_instruction": {"parts": system} if system else None,
        **{name: request.params.get(name) for name in _AS_NAMED},
        "stop_sequences": [stop] if isinstance(stop, str) else stop,
        "thinking_config": _thinking(request),
        **_response(request.response_format),
        "tools": _tools(request),
        "tool_config": _tool_config(request),
    }
    for name in APIS["gemini"].options:
        config = merged(config, request.provider_options.get(name))
    arguments = {"model": request.model.get("id"), "contents": contents, "config": config}
    return {name: value for name, value in arguments.items() if value}


def _contents(request: Request) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The parts of the instructions, and the turns; equal roles are joined."""
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    names: dict[Any, Any] = {}
    for message in request.messages:
        names |= {call["id"]: call["name"] for call in calls_of(message)} | gemini_calls(message)
        parts, role = _parts(message, names), message.get("role")
        if not parts:
            continue
        if role in INSTRUCTIONS:
            system += parts
            continue
        role = "model" if role in ("assistant", "model") else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"] += parts
        else:
            turns.append({"role": role, "parts": parts})
    return system, turns


def _parts(message: Mapping[str, Any], names: Mapping[Any, Any]) -> list[dict[str, Any]]:
    if "parts" in message:  # of a caller's history: in the provider's form already
        return list(message["parts"])
    if message.get("role") == "tool":
        id_ = message.get("tool_call_id")
        answer = {"id": id_, "name": names.get(id_), "response": _result(text_of(message))}
        media = [_part(part) for part in parts_of(message) if part.get("type") != "text"]
        return [{"function_response": answer}, *media]
    parts = [_part(part) for part in parts_of(message)]
    written = message.get("tool_calls") or ()
    for call, original in zip(calls_of(message), written, strict=True):
        known = {"id": call["id"], "name": call["name"], "args": call["arguments"]}
        signature = thought_signature(original)
        signed = {"thought_signature": signature} if signature is not None else {}
        parts.append({"function_call": known, **signed})
    return parts


def _result(text: str) -> dict[str, Any]:
    """The result of a tool as an object: the API accepts nothing else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {"output": text}
    return value if isinstance(value, dict) else {"output": value}


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    source = media_source(part)
    if part.get("type") == "text" or source is None:
        return {"text": part.get("text", "")}
    found: dict[str, Any]
    if source.url is not None:
        found = {"file_data": {"file_uri": source.url, "mime_type": source.media_type}}
    else:
        data = base64.b64decode(source.data or "")
        found = {"inline_data": {"data": data, "mime_type": source.media_type}}
    if part.get("detail") in _RESOLUTIONS:
        found["media_resolution"] = {"level": _RESOLUTIONS[part["detail"]]}
    return found


def _thinking(request: Request) -> dict[str, Any] | None:
    effort = request.params.get("reasoning_effort")
    if effort is None:
        return None
    if effort == "none":
        return {"thinking_budget": 0}
    if "gemini-2" in str(request.model.get("id")):
        return {"thinking_budget": _BUDGETS[effort]}
    return {"thinking_level": effort.upper()}


def _response(form: Mapping[str, Any] | None) -> dict[str, Any]:
    if form is None:
        return {}
    schema = {"response_json_schema": gemini_schema(described(form))} if "schema" in form else {}
    return {"response_mime_type": "application/json", **schema}


def _tools(request: Request) -> list[dict[str, Any]] | None:
    if not request.tools:
        return None
    return [{"function_declarations": [_declaration(tool) for tool in request.tools]}]


def _declaration(tool: Mapping[str, Any]) -> dict[str, Any]:
    parameters = tool.get("parameters") or None
    found = {
        "name": tool["name"],
        "description": tool.get("description") or None,
        "parameters_json_schema": gemini_schema(parameters) if tool.get("strict") else parameters,
    }
    return {name: value for name, value in found.items() if value is not None}


def _tool_config(request: Request) -> dict[str, Any] | None:
    """`VALIDATED` where a tool is strict: then calls match their schemas, as they do with `ANY`."""
    choice = request.tool_choice
    strict = any(tool.get("strict") for tool in request.tools)
    if not request.tools or (choice is None and not strict):
        return None
    calling: dict[str, Any] = {"mode": "ANY"}
    if isinstance(choice, Mapping):
        calling["allowed_function_names"] = [choice["name"]]
    else:
        calling["mode"] = _MODES[choice or "auto"]
    if strict and calling["mode"] == "AUTO":
        calling["mode"] = "VALIDATED"
    return {"function_calling_config": calling}
