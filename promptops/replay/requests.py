"""A request as a client sends it to a model API, in a form in which equal requests are equal.

The form is the body without what clients add and what does not decide the answer (`IGNORED`), and
with one spelling where an API has several: a text is a list with one text part, and the ids of tool
calls are numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Literal

from promptops.model.prompt import Request
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.runtime.request.canonical import canonical_json

Api = Literal["chat", "responses", "messages", "gemini"]
APIS: tuple[Api, ...] = ("chat", "responses", "messages", "gemini")

_BY_OPENAI = (
    *("stream", "stream_options", "user", "metadata", "store", "service_tier"),
    *("safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
)
IGNORED: Mapping[Api, frozenset[str]] = {
    "chat": frozenset(_BY_OPENAI),
    "responses": frozenset((*_BY_OPENAI, "background", "include")),
    "messages": frozenset(("stream", "metadata", "service_tier")),
    "gemini": frozenset(("labels",)),
}
"""Keys of a body that are not compared. Anthropic's `cache_control` isn't either, at any depth."""

_CONVERSATION = ("messages", "input", "instructions", "system", "contents", "system_instruction")
"""Keys of a body with what is said; all others are settings."""


@record(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request.

    Attributes:
        body: In the canonical form, with the model also for Gemini, which has it in the path.
        streamed: Whether a stream is requested.
        with_usage: Whether the stream of a chat completion is to end with the number of tokens.
        sent: The body as it was sent; empty for a request that was not.
        versions: Headers that select a version of the API.
    """

    api: Api
    body: Mapping[str, Any]
    streamed: bool = False
    with_usage: bool = False
    sent: Mapping[str, Any] = field(default_factory=dict, compare=False)
    versions: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal; equal for equal requests."""
        return sha256(canonical_json([self.api, self.body]).encode()).hexdigest()

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the messages."""
        return {name: value for name, value in self.body.items() if name not in _CONVERSATION}

    @property
    def messages(self) -> tuple[tuple[str, str], ...]:
        """The role and the text of each message; a part that is not text is a line of JSON."""
        return tuple(_messages(self.body))


def api_of(path: str) -> tuple[Api, str] | None:
    """The API of the path of an address, and the model in it or ""; None for any other path."""
    found = _GEMINI.search(path)
    if found is not None:
        return "gemini", found[1]
    return next(((api, "") for end, api in _ENDINGS.items() if path.endswith(end)), None)


_GEMINI = lazy_pattern(r"/models/([^/:]+):(?:streamG|g)enerateContent$")
_ENDINGS: Mapping[str, Api] = {
    "/chat/completions": "chat",
    "/responses": "responses",
    "/messages": "messages",
}


def read_request(
    api: Api, model: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> ApiRequest:
    """A request from what a client sent; `api` and `model` are those of the path."""
    options = body.get("stream_options")
    named = {name.lower(): value for name, value in headers.items()}
    return ApiRequest(
        api=api,
        body=_canonical(api, {**body, "model": model} if model else body),
        streamed=body.get("stream") is True or ":streamGenerateContent" in path,
        with_usage=isinstance(options, Mapping) and options.get("include_usage") is True,
        sent=body,
        versions={name: named[name] for name in _VERSIONS if name in named},
    )


_VERSIONS = ("anthropic-version", "anthropic-beta", "openai-beta")


def rendered_request(api: Api, request: Request) -> ApiRequest:
    """A rendered request as a client sends its arguments.

    Raises UsageError and InputError if the API can't express it.
    """
    from promptops.runtime.request.unsupported import refuse_unsupported

    refuse_unsupported(request, _METHODS.get(api, api), "")
    arguments = _arguments(api)(request)
    for name in _OF_THE_CLIENT:
        arguments.pop(name, None)
    body = {**arguments, **(arguments.pop("extra_body", None) or {})}
    return ApiRequest(api=api, body=_canonical(api, body))


_METHODS = {"chat": "openai", "messages": "anthropic"}
_OF_THE_CLIENT = ("extra_headers", "extra_query", "timeout", "api")


def _arguments(api: Api) -> Callable[[Request], dict[str, Any]]:
    """The function that makes the arguments of a client."""
    from promptops.runtime.request.anthropic import message_arguments
    from promptops.runtime.request.gemini import content_arguments
    from promptops.runtime.request.openai import chat_arguments, response_arguments

    return {
        "chat": chat_arguments,
        "responses": response_arguments,
        "messages": message_arguments,
        "gemini": content_arguments,
    }[api]


# The canonical form.


def _canonical(api: Api, body: Mapping[str, Any]) -> dict[str, Any]:
    if api == "gemini":
        body = _gemini_body(body)
    found = {
        name: _plain(value)
        for name, value in body.items()
        if value is not None and name not in IGNORED[api]
    }
    if api == "chat" and "max_tokens" in found:
        found.setdefault("max_completion_tokens", found.pop("max_tokens"))
    if isinstance(found.get("input"), str):
        found["input"] = [{"role": "user", "content": found["input"]}]
    if isinstance(found.get("system"), str):
        found["system"] = [{"type": "text", "text": found["system"]}]
    for name in ("messages", "input"):
        if isinstance(found.get(name), list):
            found[name] = [_message(api, each) for each in found[name]]
    found = _without_marks(found) if api == "messages" else found
    numbers: dict[str, str] = {}
    return {name: _with_numbered_calls(each, numbers, name) for name, each in found.items()}


def _as_data(text: Any) -> Any:
    """JSON objects and lists in one spelling: clients write the results of tools with their own."""
    if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return canonical_json(json.loads(text))
    except (ValueError, RecursionError):
        return text


_CALL_IDS = ("tool_call_id", "call_id", "tool_use_id")


def _with_numbered_calls(value: Any, numbers: dict[str, str], name: str = "") -> Any:
    """A value in which the ids of tool calls are numbers: each answer has other ids.

    `name` is the key of the value.
    """
    if isinstance(value, list):
        return [_with_numbered_calls(each, numbers, name) for each in value]
    if not isinstance(value, dict) or name in _DATA:
        return value
    kind, found = value.get("type"), {}
    is_call = kind == "tool_use" or name in ("tool_calls", "function_call", "function_response")
    for key, each in value.items():
        if isinstance(each, str) and (key in _CALL_IDS or (key == "id" and is_call)):
            found[key] = numbers.setdefault(each, f"call {len(numbers) + 1}")
        elif key == "input" and is_call:
            found[key] = each
        elif key in ("arguments", "output"):  # of a call, and of its result in the Responses API
            found[key] = _as_data(each)
        else:
            found[key] = _with_numbered_calls(each, numbers, key)
    return found


def _plain(value: Any) -> Any:
    """A value without null members; bytes in base64."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return _base64(value) if isinstance(value, bytes) else value


def _base64(value: bytes) -> str:
    import base64

    return base64.b64encode(value).decode()


def _message(api: Api, message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    if message.get("type") in ("message", "function_call", "function_call_output"):
        message = {key: each for key, each in message.items() if key not in _OF_AN_ITEM}
        if message["type"] == "message":
            del message["type"]
    content = message.get("content")
    if message.get("role") == "tool":
        content = _as_data(content)
    if not content and "tool_calls" in message:
        return {key: each for key, each in message.items() if key != "content"}
    if isinstance(content, list):
        return {**message, "content": [_block(each) for each in content]}
    if not isinstance(content, str):
        return message
    kind = "text"
    if api == "responses":
        kind = "output_text" if message.get("role") == "assistant" else "input_text"
    return {**message, "content": [{"type": kind, "text": content}]}


def _block(block: Any) -> Any:
    """A block of a message; the result of a tool as a list of blocks, a text without notes."""
    if not isinstance(block, dict):
        return block
    if isinstance(block.get("content"), str):
        return {**block, "content": [{"type": "text", "text": _as_data(block["content"])}]}
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        inner = (
            {**e, "text": _as_data(e.get("text"))} if "text" in e else e for e in block["content"]
        )
        return {**block, "content": list(inner)}
    if block.get("type") == "output_text":
        return {name: block[name] for name in ("type", "text") if name in block}
    return block


_OF_AN_ITEM = ("id", "status")
"""What an item has that a response returned, and one that a client wrote does not need."""


def _without_marks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_marks(each) for key, each in value.items() if key != "cache_control"}
    return [_without_marks(each) for each in value] if isinstance(value, list) else value


_DATA = ("args", "response", "parameters_json_schema", "response_json_schema", "properties")
"""Keys whose values are data of the application: the names in them stay as they are."""
_CAPITAL = lazy_pattern("[A-Z]")


def _gemini_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the client, from them or from the body that it sends."""
    snake = _snake(body)
    found = {**snake.pop("config", {}), **snake.pop("generation_config", {}), **snake}
    return {name: value for name, value in found.items() if value not in ({}, [])}


def _snake(value: Any, name: str = "") -> Any:
    if isinstance(value, Mapping):
        named = ((_CAPITAL.sub(lambda found: f"_{found[0].lower()}", key), key) for key in value)
        return {key: value[own] if key in _DATA else _snake(value[own], key) for key, own in named}
    if isinstance(value, (list, tuple)):
        return [_snake(each, name) for each in value]
    if name == "data" and isinstance(value, str):  # the client writes base64 for addresses
        return value.replace("-", "+").replace("_", "/")
    return value


# What is said, by role.


def _messages(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("instructions", "system", "system_instruction"):
        if body.get(name):
            yield "system", _text(body[name])
    for name in ("messages", "input", "contents"):
        for message in body.get(name, ()) if isinstance(body.get(name), list) else ():
            role = message.get("role") if isinstance(message, dict) else None
            yield str(role or "item"), _text(message)


def _text(value: Any) -> str:
    """The text of a message, of its content or of a part."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    if not isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value.get("text"), str):
        return str(value["text"])
    inner = [_text(value[name]) for name in ("content", "parts") if name in value]
    rest = {name: value[name] for name in value if name not in ("role", "content", "parts")}
    more = [json.dumps(rest, ensure_ascii=False, sort_keys=True)] if rest else []
    return "\n".join((*inner, *more))
