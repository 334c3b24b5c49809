"""A request as arguments for the `anthropic` client's Messages API."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from promptops.model.prompt import Request
from promptops.runtime.request.media import media_source
from promptops.runtime.request.provider_schemas import claude_schema
from promptops.runtime.request.unsupported import INSTRUCTIONS, calls_of, parts_of

_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_MARK = {"type": "ephemeral"}


def message_arguments(request: Request) -> dict[str, Any]:
    """Arguments for `client.messages.create(**arguments)`.

    The provider's own options, `provider_options.anthropic`, are added; options that are mappings
    are merged. The request must be one that `unsupported` finds nothing in.
    """
    system, messages = _messages(request)
    params = request.params
    stop = params.get("stop")
    arguments = {
        "model": request.model.get("id"),
        "max_tokens": params.get("max_output_tokens"),
        "system": system or None,
        "messages": messages,
        "stop_sequences": [stop] if isinstance(stop, str) else stop,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request),
        "thinking": {"type": "disabled"} if params.get("reasoning_effort") == "none" else None,
        "output_config": _output_config(request) or None,
    }
    given = {name: value for name, value in arguments.items() if value is not None}
    return merged(given, request.provider_options.get("anthropic"))


def _messages(request: Request) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The blocks of the instructions at the top, and the turns; equal roles are joined."""
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for message in request.messages:
        blocks = _blocks(message)
        role = _role(str(message.get("role")))
        if not blocks:
            continue
        if role == "system" and not turns:
            system += blocks
        elif turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return system, turns


def _role(role: str) -> str:
    return "system" if role in INSTRUCTIONS else "user" if role == "tool" else role


def _blocks(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The content of a message; its last block has the mark of the cache."""
    blocks = [_block(part) for part in parts_of(message)]
    if message.get("role") == "tool":
        result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id")}
        blocks = [{**result, "content": blocks} if blocks else result]
    for call in calls_of(message):
        use = {"type": "tool_use", "id": call["id"], "name": call["name"]}
        blocks.append({**use, "input": call["arguments"]})
    if message.get("cache") and blocks:
        blocks[-1] = {**blocks[-1], "cache_control": _MARK}
    return blocks


def _block(part: Mapping[str, Any]) -> dict[str, Any]:
    """A block; one of a caller's history that has the provider's form stays as it is."""
    kind = part.get("type")
    source = media_source(part) if kind in ("image", "document") else None
    if source is None:
        return dict(part)
    title = {"title": part["title"]} if "title" in part else {}
    if source.url is not None:
        return {"type": kind, "source": {"type": "url", "url": source.url}, **title}
    data, media_type = source.data or "", source.media_type
    form = "base64"
    if media_type == "text/plain":
        form, data = "text", base64.b64decode(data).decode("utf-8", "replace")
    return {"type": kind, "source": {"type": form, "media_type": media_type, "data": data}, **title}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    parameters = tool.get("parameters")
    schema = dict(parameters) if isinstance(parameters, Mapping) else {}
    if tool.get("strict"):
        schema = claude_schema(schema)
    found = {"name": tool["name"], "input_schema": {"type": "object", **schema}}
    if tool.get("description"):
        found["description"] = tool["description"]
    return {**found, "strict": True} if tool.get("strict") else found


def _tool_choice(request: Request) -> dict[str, Any] | None:
    choice = request.tool_choice
    serial = request.params.get("parallel_tool_calls") is False
    if not request.tools or (choice is None and not serial):
        return None
    if isinstance(choice, Mapping):
        found: dict[str, Any] = {"type": "tool", "name": choice["name"]}
    else:
        found = {"type": _CHOICES[choice or "auto"]}
    return {**found, "disable_parallel_tool_use": True} if serial and choice != "none" else found


def _output_config(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    effort = request.params.get("reasoning_effort")
    if effort is not None and effort != "none":
        found["effort"] = effort
    if request.response_format is not None:
        schema = claude_schema(described(request.response_format))
        found["format"] = {"type": "json_schema", "schema": schema}
    return found


def described(form: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an answer, with the output's description where it has none of its own."""
    schema = dict(form["schema"])
    if "description" in form:
        schema.setdefault("description", form["description"])
    return schema


# Arguments with the options that a prompt has for one provider.


def merged(arguments: Mapping[str, Any], options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Arguments with options, which win; a mapping of both has the keys of both."""
    found = dict(arguments)
    for name, value in (options or {}).items():
        own = found.get(name)
        both = isinstance(own, Mapping) and isinstance(value, Mapping)
        found[name] = merged(own, value) if both else value  # type: ignore[arg-type]  # `both` says so
    return {name: value for name, value in found.items() if value is not None}
