"""What a request format can't express, with the place in the request; refuses such requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.errors import InputError, UsageError
from promptops.model.prompt import Request, RequestSettings
from promptops.records import record
from promptops.runtime.request.api_limits import (
    APIS,
    COMPATIBLE_RESPONSES,
    Api,
    MediaLimits,
    apis_of,
)
from promptops.runtime.request.media import MediaSource, is_base64, media_source

_MEDIA = ("image", "audio", "document")


@record(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """One field that a request format can't express.

    Attributes:
        at: JSON pointer into the request, such as `/params/seed` or `/messages/2/content/0`.
        message: Names the field and the provider; lower case, no full stop.
        hint: The fix, or None.
    """

    at: str
    message: str
    hint: str | None = None


def unsupported(request: Request, api: Api) -> Iterator[Unsupported]:
    """Everything in a request that a format can't express."""
    yield from unsupported_settings(request, api)
    for index, message in enumerate(request.messages):
        if not is_plain_message(message):
            yield from unsupported_in(message, api, f"/messages/{index}")
    yield from unsupported_conversation(request.messages, api)


def unsupported_settings(request: Request, api: Api) -> Iterator[Unsupported]:
    """Everything outside of the messages that a format can't express."""
    yield from unsupported_params(request.params, api)
    for name, own in api.required.items():
        given = any(own in (request.provider_options.get(key) or ()) for key in api.options)
        if request.params.get(name) is None and not given:
            message = f"`{name}` is missing: {api.name} requires it"
            yield Unsupported(at="/params", message=message, hint=f"add `{name}` to `params`")
    if request.response_format is not None:
        yield from _response_format(request.response_format, api)
    yield from _tools(request.tools, api)


def unsupported_in(message: Mapping[str, Any], api: Api, at: str) -> Iterator[Unsupported]:
    """Everything in one message, at the pointer `at`, that a format can't express."""
    role = str(message.get("role"))
    if message.get("name") is not None and not api.names and role != "tool":
        text = f"{api.name} can't express the `name` of a message"
        yield Unsupported(at=f"{at}/name", message=text, hint="write the name into the content")
    if "parts" in message and api.method != "gemini":
        text = f"{api.name} can't express a message with `parts`: it is in Gemini's form"
        yield Unsupported(at=f"{at}/parts", message=text)
    if "parts" in message and not _are_parts(message["parts"]):
        yield Unsupported(
            at=f"{at}/parts", message="the `parts` of a message are not a list of objects"
        )
    if api.converts_calls:
        yield from _calls(message, api, at)
    for index, part in numbered_parts(message):
        kind = str(part.get("type"))
        if kind in _MEDIA and "source" not in part:
            yield from _media(part, role, api, f"{at}/content/{index}")
        elif kind != "text" and not (api.own_parts is None or kind in api.own_parts):
            text = f"{api.name} can't express `{kind}` parts"
            yield Unsupported(at=f"{at}/content/{index}", message=text)


def _are_parts(value: Any) -> bool:
    listed = isinstance(value, (list, tuple)) and bool(value)
    return listed and all(isinstance(part, Mapping) for part in value)


def is_plain_message(message: Mapping[str, Any]) -> bool:
    """Whether a message has only a role and a text, which every format can express."""
    if len(message) != 2 or type(message.get("content")) is not str:
        return False
    role = message.get("role")
    return type(role) is str and role != "tool"


def unsupported_params(params: Mapping[str, Any], api: Api) -> Iterator[Unsupported]:
    """Every parameter that a format can't express; one without a value is not sent."""
    for name in (name for name, value in params.items() if value is not None):
        if name not in api.params and not name.startswith("x-"):
            because = f": {api.refusals[name]}" if name in api.refusals else ""
            yield _param(name, f"{api.name} can't express `{name}`{because}", "remove it")
    effort = params.get("reasoning_effort")
    if effort is not None and effort not in api.efforts:
        hint = f"use one of {', '.join(sorted(api.efforts))}"
        message = f"{api.name} can't express `reasoning_effort: {effort}`"
        yield _param("reasoning_effort", message, hint)
    if params.get("parallel_tool_calls") is False and not api.serial_calls:
        message = f"{api.name} can't express `parallel_tool_calls: false`"
        yield _param("parallel_tool_calls", message, "remove it")


def _param(name: str, message: str, hint: str) -> Unsupported:
    return Unsupported(at=f"/params/{name}", message=message, hint=hint)


def _response_format(form: Mapping[str, Any], api: Api) -> Iterator[Unsupported]:
    if not api.json_mode and not isinstance(form.get("schema"), Mapping):
        message = f"{api.name} can't express `format: json` without a schema"
        yield Unsupported(at="/response_format", message=message, hint="add `output.schema`")
    yield from _schema(form.get("schema"), "/response_format/schema", api)


def _schema(schema: Any, at: str, api: Api) -> Iterator[Unsupported]:
    for found in api.refused_in_schema(schema) if api.refused_in_schema else ():
        message = f"{api.name} can't express {found.what}"
        yield Unsupported(at=f"{at}{found.at}", message=message, hint=found.hint)


def _tools(tools: Sequence[Mapping[str, Any]], api: Api) -> Iterator[Unsupported]:
    for index, tool in enumerate(tools):
        at = f"/tools/{index}/parameters"
        parameters = tool.get("parameters")
        kind = parameters.get("type", "object") if isinstance(parameters, Mapping) else "object"
        if kind != "object":
            message = f"{api.name} can't express parameters of a tool that are not an object"
            yield Unsupported(at=at, message=message, hint="declare them as `properties`")
        elif tool.get("strict"):
            yield from _schema(parameters, at, api)
        if api.letter_first:
            yield from _tool_name(tool, index, api)


def _tool_name(tool: Mapping[str, Any], index: int, api: Api) -> Iterator[Unsupported]:
    name = str(tool.get("name", ""))
    if not (name[:1].isalpha() or name[:1] == "_"):
        message = f"{api.name} can't express the tool name `{name}`: it must begin with a letter"
        yield Unsupported(at=f"/tools/{index}/name", message=message, hint="rename the tool")


def _calls(message: Mapping[str, Any], api: Api, at: str) -> Iterator[Unsupported]:
    try:
        calls_of(message)
    except ValueError as error:
        text = f"a tool call is not valid: {error}"
        yield Unsupported(at=f"{at}/tool_calls", message=text)
    if message.get("role") == "tool" and message.get("tool_call_id") is None:
        text = f"{api.name} requires the `tool_call_id` of a tool message"
        yield Unsupported(at=f"{at}/tool_call_id", message=text, hint="add the id of the tool call")


def _media(part: Mapping[str, Any], role: str, api: Api, at: str) -> Iterator[Unsupported]:
    kind, limits = part["type"], api.media.get(part["type"])
    if limits is None:
        yield Unsupported(at=at, message=f"{api.name} can't express {kind} parts")
        return
    yield from _media_fields(part, role, api, at)
    source = media_source(part)
    problem = _source_problem(kind, source, limits, api) if source is not None else None
    if problem is not None:
        yield Unsupported(at=at, message=problem[0], hint=problem[1])


def _media_fields(part: Mapping[str, Any], role: str, api: Api, at: str) -> Iterator[Unsupported]:
    kind = part["type"]
    if (role, kind) in api.refused_parts:
        message = f"{api.name} can't express {kind} parts in a message of the role `{role}`"
        yield Unsupported(at=at, message=message, hint="move it to a user message")
    detail = part.get("detail")
    if detail is not None and str(detail) not in api.details:
        message = f"{api.name} can't express `detail: {detail}`"
        yield Unsupported(at=f"{at}/detail", message=message, hint="remove it")
    if part.get("title") is not None and not api.titles:
        message = f"{api.name} can't express the `title` of a document"
        yield Unsupported(at=f"{at}/title", message=message, hint="write it in a text part")


def _source_problem(
    kind: str, source: MediaSource, limits: MediaLimits, api: Api
) -> tuple[str, str] | None:
    """What the format can't express of the source of a media part, and the fix."""
    named = f"{'an' if kind[0] in 'ai' else 'a'} {kind}"
    remote = source.url is not None
    if remote and not limits.remote:
        message = f"{api.name} can't express the address of {named}: it fetches no files"
        return message, "pass the data as an input, or use a file"
    types = (limits.remote_types if remote else None) or limits.types
    if source.media_type is None and (limits.typed_address or (types and not remote)):
        message = f"{api.name} requires the media type of {named}"
        return message, "declare it with `contentMediaType` at the input, or use a `data:` URL"
    if source.media_type is not None and types and source.media_type not in types:
        message = f"{api.name} can't express {named} of type {source.media_type}"
        return message, f"use {' or '.join(sorted(types))}"
    if source.data is not None and api.converts_calls and not is_base64(source.data):
        return f"the data of {named} are not base64", "pass base64, or an address"
    return None


def unsupported_conversation(
    messages: Sequence[Mapping[str, Any]], api: Api
) -> Iterator[Unsupported]:
    """Everything that a format can't express because of the order of the messages."""
    if not api.converts_calls:
        return
    turns = [
        index
        for index, each in enumerate(messages)
        if each.get("role") not in INSTRUCTIONS and _is_sent(each)
    ]
    if api.needs_turn and not turns:
        message = f"{api.name} requires a user message"
        yield Unsupported(at="/messages", message=message, hint="add one")
    if (
        turns
        and not api.begun_answers
        and messages[turns[-1]].get("role") in ("assistant", "model")
    ):
        message = f"{api.name} can't express a last message of the assistant"
        hint = "describe in the instructions how the answer begins"
        yield Unsupported(at=f"/messages/{turns[-1]}/role", message=message, hint=hint)
    for index in range(turns[0] if turns else len(messages), len(messages)):
        yield from _later_instructions(messages, index, api)
    yield from _unknown_calls(messages, api)
    marks = [index for index, each in enumerate(messages) if each.get("cache")]
    if api.cache_marks is not None and len(marks) > api.cache_marks:
        message = f"{api.name} can't express more than {api.cache_marks} messages with `cache`"
        at = f"/messages/{marks[api.cache_marks]}/cache"
        yield Unsupported(at=at, message=message, hint="keep the last ones")


def _later_instructions(
    messages: Sequence[Mapping[str, Any]], index: int, api: Api
) -> Iterator[Unsupported]:
    role = messages[index].get("role")
    if role not in INSTRUCTIONS or not _is_sent(messages[index]):
        return
    if api.later_instructions == "anywhere":
        return
    if api.later_instructions == "after user":
        if messages[index - 1].get("role") in ("user", "tool"):
            return
        message = f"{api.name} can't express a {role} message that follows no user message"
    else:
        message = f"{api.name} can't express a {role} message that is not at the top"
    yield Unsupported(at=f"/messages/{index}/role", message=message, hint="move it to the top")


def _unknown_calls(messages: Sequence[Mapping[str, Any]], api: Api) -> Iterator[Unsupported]:
    known: list[Any] = []
    for index, message in enumerate(messages):
        calls = message.get("tool_calls")
        listed = calls if isinstance(calls, (list, tuple)) else ()
        known += [call.get("id") for call in listed if isinstance(call, Mapping)]
        known += [part.get("id") for part in parts_of(message) if part.get("type") == "tool_use"]
        known += gemini_calls(message)
        answered = message.get("tool_call_id")
        if answered is not None and answered not in known:
            text = f"{api.name} requires the tool call `{answered}` before its result"
            yield Unsupported(at=f"/messages/{index}/tool_call_id", message=text)


def _is_sent(message: Mapping[str, Any]) -> bool:
    """Whether a message has content: no provider accepts an empty one, so it is left out."""
    kinds = ("parts", "tool_calls", "tool_call_id")
    return bool(parts_of(message)) or any(message.get(kind) for kind in kinds)


# Messages of a caller's history that have a provider's form, in the neutral form.

INSTRUCTIONS = ("system", "developer")
"""Roles whose messages are instructions."""


def parts_of(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The content of a message as parts; empty texts are left out."""
    return [part for _, part in numbered_parts(message)]


def numbered_parts(message: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    """The parts, each with its index in the content of the message."""
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    parts = enumerate(content) if isinstance(content, (list, tuple)) else ()
    return [(i, _part(p)) for i, p in parts if isinstance(p, Mapping) and not _is_empty(p)]


def calls_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tool calls of a message as `{"id", "name", "arguments"}`.

    Raises ValueError for a call without them; arguments are a mapping, or the JSON of one.
    """
    calls = message.get("tool_calls") or ()
    if not isinstance(calls, (list, tuple)):
        raise ValueError("`tool_calls` is not a list")
    return [_call(call) for call in calls]


def thought_signature(call: Any) -> str | None:
    """The signature of Gemini's thoughts before a call, as its OpenAI-compatible API returns it.

    Gemini 3 and later refuse a call of the current turn without its signature.
    """
    value: Any = call
    for key in ("extra_content", "google", "thought_signature"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def gemini_calls(message: Mapping[str, Any]) -> dict[Any, Any]:
    """The names of the tool calls in a message with Gemini's `parts`, by id."""
    parts = message.get("parts")
    calls = [
        part.get("function_call", part.get("functionCall"))
        for part in (parts if isinstance(parts, (list, tuple)) else ())
        if isinstance(part, Mapping)
    ]
    return {call.get("id"): call.get("name") for call in calls if isinstance(call, Mapping)}


def text_of(message: Mapping[str, Any]) -> str:
    """The joined text of a message."""
    return "".join(str(part.get("text") or "") for part in parts_of(message))


def _is_empty(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "text" and not part.get("text")


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    image = part.get("image_url")
    if part.get("type") != "image_url" or not isinstance(image, Mapping):
        return part
    detail = {"detail": image["detail"]} if image.get("detail") else {}
    return {"type": "image", "url": image.get("url"), **detail}


def _call(call: Any) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        raise ValueError("it is not an object")
    id_, name, arguments = call.get("id"), function.get("name"), function.get("arguments") or {}
    if not isinstance(id_, str) or not isinstance(name, str):
        raise ValueError("its `id` or name is missing")
    try:
        arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its arguments are not JSON: {error}") from None
    if not isinstance(arguments, Mapping):
        raise ValueError("its arguments are not a JSON object")
    return {"id": id_, "name": name, "arguments": dict(arguments)}


# Refuse a request that a request format can not express.

_NOTHING, _CONTENT = "nothing", "content"
"""What is left to check in further requests of a prompt: messages that are not plain."""


def refuse_unsupported(
    request: Request, method: str, prompt: str, settings: Mapping[str, Any] | None = None
) -> None:
    """Refuse a request that the format of `method` can't express, or that has another format.

    `prompt` is the id that errors show. With `settings`, those of the request's prompt, they are
    checked only once. Raises UsageError for a prompt of a provider with another format, and
    InputError for a field that the format can't express.
    """
    checked = settings.checked if isinstance(settings, RequestSettings) else {}
    left = checked.get(method)
    if left == _NOTHING or (left == _CONTENT and all(map(is_plain_message, request.messages))):
        return
    provider = request.model.get("provider")
    apis = () if request.any_api else apis_of(provider)
    api = APIS[method]
    if apis and api not in apis:
        raise _another_format(api, apis, str(provider), prompt)
    if not apis and method == "openai":
        checked[method] = _NOTHING  # a compatible server may accept more than OpenAI does
        return
    if not apis and method == "responses":
        api = COMPATIBLE_RESPONSES
    errors = [_error(each, prompt) for each in unsupported(request, api)]
    if errors:
        errors[0].others = tuple(errors[1:])
        raise errors[0]
    if not api.converts_calls:
        checked[method] = _CONTENT


def _another_format(api: Api, own: Sequence[Api], provider: str, prompt: str) -> UsageError:
    hint = f"call {' or '.join(f'`request.{each.method}()`' for each in own)}"
    if own[0].provider != "openai":
        hint += "; for a server with another API, set its `base_url` in the profile"
    message = f"`{api.method}()` does not create requests for the provider `{provider}`"
    return UsageError(message, where=prompt, hint=hint)


def _error(found: Unsupported, prompt: str) -> InputError:
    return InputError(f"{found.message}, at {found.at}", where=prompt, hint=found.hint)
