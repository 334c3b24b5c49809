"""The SDKs' own types of requests, without room for unknown fields."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import anthropic.types
import openai.types.chat
import openai.types.responses
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from google.genai import types
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import ConfigDict, TypeAdapter
from typing_extensions import is_typeddict

# Arguments of every method of the clients, beside those of the API.
_CLIENT = ("extra_body", "extra_headers")

_DICTIONARIES: Mapping[str, Any] = {
    "openai": CompletionCreateParamsNonStreaming,
    "responses": ResponseCreateParamsNonStreaming,
    "anthropic": MessageCreateParamsNonStreaming,
}


def validate(name: str, arguments: Mapping[str, Any]) -> None:
    """Raise pydantic's ValidationError for arguments that the SDK's types don't allow."""
    if name == "gemini":
        assert arguments.keys() <= {"model", "contents", "config"}
        for content in arguments["contents"]:
            types.Content.model_validate(content)
        config = types.GenerateContentConfig.model_validate(arguments.get("config", {}))
        assert config.system_instruction is None or _is_content(config.system_instruction)
        return
    body = {key: value for key, value in arguments.items() if key not in _CLIENT}
    _exhaust(_adapter(name).validate_python({"model": "any", **body}))


def _is_content(value: Any) -> bool:
    """`system_instruction` may be many things; of a mapping it must be a whole content."""
    types.Content.model_validate(value)
    return True


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    _forbid_unknown_fields()
    return TypeAdapter(_DICTIONARIES[name])


@cache
def _forbid_unknown_fields() -> None:
    """Every dictionary of the SDKs that does not say otherwise refuses unknown fields."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("openai.types", "anthropic.types")):
            for value in list(vars(module).values()):
                if is_typeddict(value) and not hasattr(value, "__pydantic_config__"):
                    value.__pydantic_config__ = ConfigDict(extra="forbid")


def _exhaust(value: Any) -> None:
    """Validate what pydantic validates only when it is read: `Iterable[…]`."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for each in value:
            _exhaust(each)


assert anthropic.types
assert openai.types.chat
assert openai.types.responses
