"""Facts about a model's answer, and messages if content is recorded, as attributes of a span."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from promptops.records import record
from promptops.runtime.request.answers import answer_text, either, member, reason_word


@record(frozen=True, slots=True, kw_only=True)
class _UsageFields:
    """How one API reports tokens; the sum of `input` and that of `output` are the totals.

    The first of each is required, and `cached` is the path of the tokens read from a cache.
    """

    input: tuple[str, ...]
    output: tuple[str, ...]
    cached: tuple[tuple[str, ...], ...]


_USAGE = (
    _UsageFields(  # chat completions
        input=("prompt_tokens",),
        output=("completion_tokens",),
        cached=(("prompt_tokens_details", "cached_tokens"),),
    ),
    _UsageFields(  # the Responses API; Anthropic, which counts tokens of its cache apart
        input=("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
        output=("output_tokens",),
        cached=(("input_tokens_details", "cached_tokens"), ("cache_read_input_tokens",)),
    ),
    _UsageFields(  # Gemini's client
        input=("prompt_token_count", "tool_use_prompt_token_count"),
        output=("candidates_token_count", "thoughts_token_count"),
        cached=(("cached_content_token_count",),),
    ),
    _UsageFields(  # Gemini's JSON
        input=("promptTokenCount", "toolUsePromptTokenCount"),
        output=("candidatesTokenCount", "thoughtsTokenCount"),
        cached=(("cachedContentTokenCount",),),
    ),
)

_STATUSES = {
    "completed": "stop",
    "max_output_tokens": "length",
    "incomplete": "incomplete",
    "content_filter": "content_filter",
    "failed": "error",
    "cancelled": "error",
}
"""Final statuses of OpenAI's responses and their reasons, as the conventions name them."""


def response_attributes(answer: Any) -> dict[str, Any]:
    """Model, id, finish reasons, tokens and fingerprint, as far as the answer has them.

    `answer` is what the client of OpenAI (chat completion or response), Anthropic or Gemini
    returned, one chunk of its stream, or the same as a mapping.
    """
    body = _body(answer)
    named = {
        "gen_ai.response.model": member(body, "model") or either(body, *_GEMINI_MODEL),
        "gen_ai.response.id": member(body, "id") or either(body, "response_id", "responseId"),
        "openai.response.system_fingerprint": member(body, "system_fingerprint"),
    }
    found: dict[str, Any] = {
        name: value for name, value in named.items() if isinstance(value, str) and value
    }
    if reasons := [word for reason in _finish_reasons(body) if (word := reason_word(reason))]:
        found["gen_ai.response.finish_reasons"] = reasons
    return found | dict(_usage(member(body, "usage") or either(body, *_GEMINI_USAGE)))


_GEMINI_MODEL = ("model_version", "modelVersion")
_GEMINI_USAGE = ("usage_metadata", "usageMetadata")


def _body(answer: Any) -> Any:
    """The answer inside an event of a stream: of the Responses API, of Anthropic."""
    for name in ("response", "message"):
        inner = member(answer, name)
        if inner is not None:
            return inner
    return answer


def _finish_reasons(body: Any) -> Iterator[Any]:
    for choice in _items(member(body, "choices")):
        yield member(choice, "finish_reason")
    for candidate in _items(member(body, "candidates")):
        yield either(candidate, "finish_reason", "finishReason")
    feedback = either(body, "prompt_feedback", "promptFeedback")
    yield either(feedback, "block_reason", "blockReason")
    yield member(body, "stop_reason") or member(member(body, "delta"), "stop_reason")
    reason = member(member(body, "incomplete_details"), "reason") or member(body, "status")
    yield _STATUSES.get(reason) if isinstance(reason, str) else None


def _usage(usage: Any) -> Iterator[tuple[str, int]]:
    for fields in _USAGE:
        known = _total(usage, fields.input), _total(usage, fields.output)
        if known != (None, None):
            yield from _counts(*known, _cached(usage, fields))
            return


def _counts(tokens: int | None, answered: int | None, cached: int) -> Iterator[tuple[str, int]]:
    if tokens is not None:
        yield "gen_ai.usage.input_tokens", tokens
    if answered is not None:
        yield "gen_ai.usage.output_tokens", answered
    if cached:
        yield "gen_ai.usage.cache_read.input_tokens", cached


def _total(usage: Any, names: tuple[str, ...]) -> int | None:
    first, *others = (_count(member(usage, name)) for name in names)
    return None if first is None else first + sum(count or 0 for count in others)


def _cached(usage: Any, fields: _UsageFields) -> int:
    return next((count for path in fields.cached if (count := _count(_at(usage, path)))), 0)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = member(value, name)
    return value


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _items(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()


# Messages of a request and of its answer as attributes of a span; only if content is recorded.
#
# The form is that of the OpenTelemetry conventions for generative AI, v0.1.0: JSON text of
# `[{"role", "parts": [{"type", …}]}]`.

Part = dict[str, Any]


def input_messages(messages: Sequence[Mapping[str, Any]]) -> str:
    """The messages of a request; the data of images, sounds and documents are left out."""
    return _text([{"role": each["role"], "parts": list(_parts(each))} for each in messages])


def output_messages(answer: Any) -> str | None:
    """The message of an answer with its tool calls; None if it is not a whole answer."""
    text, reason = answer_text(answer)
    if text is None:
        return None
    parts = [_text_part(text)] if text else []
    message: dict[str, Any] = {"role": "assistant", "parts": [*parts, *answered_calls(answer)]}
    return _text([message | ({"finish_reason": reason} if reason else {})])


def _parts(message: Mapping[str, Any]) -> Iterator[Part]:
    content = message.get("content")
    if message.get("role") == "tool":
        response = {"id": message.get("tool_call_id"), "response": content}
        yield {"type": "tool_call_response", **response}
        return
    if isinstance(content, str) and content:
        yield _text_part(content)
    elif isinstance(content, (list, tuple)):
        yield from map(_part, content)
    yield from map(_call, message.get("tool_calls") or ())


def _part(part: Mapping[str, Any]) -> Part:
    kind, address = part.get("type"), part.get("url")
    if kind == "text":
        return _text_part(part["text"])
    if isinstance(address, str) and not address.startswith("data:"):
        return {"type": "uri", "modality": kind, "uri": address}
    return {"type": kind}


def answered_calls(answer: Any) -> Iterator[Part]:
    """The tool calls of an answer, each `{"type": "tool_call", "id", "name", "arguments"}`."""
    choice = next(_message_items(member(answer, "choices")), None)
    yield from map(_call, _message_items(member(member(choice, "message"), "tool_calls")))
    for item in _message_items(member(answer, "output")):
        if member(item, "type") == "function_call":
            yield _tool_call(member(item, "call_id"), item, "arguments")
    for block in _message_items(member(answer, "content")):
        if member(block, "type") == "tool_use":
            yield _tool_call(member(block, "id"), block, "input")
    candidate = next(_message_items(member(answer, "candidates")), None)
    for part in _message_items(member(member(candidate, "content"), "parts")):
        if call := either(part, "function_call", "functionCall"):
            yield _tool_call(member(call, "id"), call, "args")


def _call(call: Any) -> Part:
    """A tool call in the neutral form or in that of chat completions."""
    return _tool_call(member(call, "id"), member(call, "function") or call, "arguments")


def _tool_call(identity: Any, call: Any, name: str) -> Part:
    arguments = member(call, name)
    if isinstance(arguments, str):
        with suppress(ValueError, RecursionError):  # invalid JSON of a model is recorded as it is
            found = json.loads(arguments)
            json.dumps(found, allow_nan=False)  # Python reads `NaN`, too
            arguments = found
    return {
        "type": "tool_call",
        "id": identity,
        "name": member(call, "name"),
        "arguments": arguments,
    }


def _text_part(text: str) -> Part:
    return {"type": "text", "content": text}


def _message_items(value: Any) -> Iterator[Any]:
    return iter(value) if isinstance(value, (list, tuple)) else iter(())


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode(errors="replace").decode()  # half a surrogate pair can't be exported
