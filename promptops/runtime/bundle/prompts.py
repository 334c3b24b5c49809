"""Convert a prompt, without its test cases, to JSON data and back.

Values for which the order of keys or the spelling of numbers matters are stored as strings of JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from promptops.model.place import Place
from promptops.model.prompt import ForEach, LocateWithin, Message, Model, Output, Prompt, Tool
from promptops.runtime.bundle.messages import turn_of, turn_value, unplaced_turn
from promptops.runtime.bundle.strict_json import Fields, json_string

_OPTIONAL = ("replaced_by", "sunset", "extends")
_LISTS = ("owners", "tags", "aliases")
_EMPTY: tuple[Any, ...] = (None, False, {}, [])
_STATUS: tuple[Literal["draft", "active", "deprecated"], ...] = ("draft", "active", "deprecated")
_FORMATS: tuple[Literal["text", "json", "markdown"], ...] = ("text", "json", "markdown")


def prompt_value(prompt: Prompt) -> dict[str, Any]:
    """The data of a prompt that an application needs, as JSON data; empty values are left out.

    Raises ValueError for a value that is not JSON.
    """
    value = {
        "id": prompt.id,
        "path": prompt.path,
        "status": prompt.status,
        "inputs": json_string(prompt.inputs),
        "output": _filled(
            format=prompt.output.format,
            schema=_json_or_none(prompt.output.schema),
            name=prompt.output.name,
            strict=prompt.output.strict,
            description=prompt.output.description,
        ),
        "model": _filled(
            profile=prompt.model.profile,
            provider=prompt.model.provider,
            id=prompt.model.id,
            params=_json_or_none(prompt.model.params or None),
            provider_options=_json_or_none(prompt.model.provider_options or None),
            any_api=prompt.model.any_api,
        ),
        "tools": [_tool_value(tool) for tool in prompt.tools],
        "tool_choice": _json_or_none(prompt.tool_choice),
        "messages": [turn_value(turn) for turn in prompt.messages],
        "metadata": _json_or_none(prompt.metadata or None),
        "title": prompt.title or None,
        "description": prompt.description or None,
        **{name: getattr(prompt, name) for name in _OPTIONAL},
        **{name: list(getattr(prompt, name)) for name in _LISTS},
    }
    return {key: item for key, item in value.items() if key == "messages" or item not in _EMPTY}


def prompt_of(fields: Fields) -> Prompt:
    """The prompt that `prompt_value` serialised; a value without a place gets that of its file.

    Raises Misshapen for anything else.
    """
    path = fields.text("path")
    return Prompt(
        id=fields.text("id"),
        path=path,
        locate=_somewhere_in(path),
        status=fields.one_of("status", _STATUS),
        inputs=fields.json_object("inputs"),
        output=_output_of(fields.inner("output")),
        model=_model_of(fields.inner("model")),
        tools=fields.objects("tools", _tool_of),
        tool_choice=fields.json_value("tool_choice"),
        messages=fields.objects("messages", turn_of),
        metadata=fields.json_object("metadata"),
        title=fields.text("title", ""),
        description=fields.text("description", ""),
        replaced_by=fields.optional_text("replaced_by"),
        sunset=fields.optional_text("sunset"),
        extends=fields.optional_text("extends"),
        owners=fields.texts("owners"),
        tags=fields.texts("tags"),
        aliases=fields.texts("aliases"),
    )


def unplaced(value: Mapping[str, Any]) -> dict[str, Any]:
    """The result of `prompt_value` without its places."""
    tools = [{k: item for k, item in tool.items() if k != "at"} for tool in value.get("tools", ())]
    messages = [unplaced_turn(turn) for turn in value["messages"]]
    return {**value, "path": None, "tools": tools, "messages": messages}


def contract_hash(prompt: Prompt) -> str:
    """SHA-256, in hexadecimal, of the parts on which callers rely: inputs, outputs, tools, roles.

    The order of keys does not matter.
    """
    from hashlib import sha256

    from promptops.runtime.request.canonical import canonical_json

    contract = {
        "inputs": prompt.inputs,
        "output": {"format": prompt.output.format, "schema": prompt.output.schema},
        "roles": [_role(turn) for turn in prompt.messages],
        "tools": [
            [tool.name, tool.description, tool.parameters, tool.returns, tool.strict]
            for tool in prompt.tools
        ],
    }
    return sha256(canonical_json(contract).encode()).hexdigest()


def _role(turn: Any) -> Any:
    if isinstance(turn, Message):
        return turn.role
    return [message.role for message in turn.messages] if isinstance(turn, ForEach) else "history"


def _tool_value(tool: Tool) -> dict[str, Any]:
    return _filled(
        name=tool.name,
        description=tool.description or None,
        parameters=_json_or_none(tool.parameters or None),
        returns=_json_or_none(tool.returns),
        strict=tool.strict,
        at=tool.at or None,
    )


def _tool_of(fields: Fields) -> Tool:
    return Tool(
        name=fields.text("name"),
        description=fields.text("description", ""),
        parameters=fields.json_object("parameters"),
        returns=fields.optional_object("returns"),
        strict=fields.flag("strict"),
        at=fields.text("at", ""),
    )


def _output_of(fields: Fields) -> Output:
    return Output(
        format=fields.one_of("format", _FORMATS),
        schema=fields.optional_object("schema"),
        name=fields.optional_text("name"),
        strict=fields.flag("strict"),
        description=fields.optional_text("description"),
    )


def _model_of(fields: Fields) -> Model:
    return Model(
        profile=fields.optional_text("profile"),
        provider=fields.optional_text("provider"),
        id=fields.optional_text("id"),
        params=fields.json_object("params"),
        provider_options=fields.json_object("provider_options"),
        any_api=fields.flag("any_api"),
    )


def _json_or_none(value: Any) -> str | None:
    return None if value is None else json_string(value)


def _filled(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in _EMPTY}


def _somewhere_in(path: str) -> LocateWithin:
    place = Place(path)
    return lambda _pointer, _key, within=None: place
