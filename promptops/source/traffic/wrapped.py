"""Answers inside of messages and responses, as traces wrap them.

A model may write JSON that looks like a message. What is not surely one stays as it is: a key that
no API writes is the model's, and so is a part of which nothing would be left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.attributes import response_facts
from promptops.source.traffic.values import embedded

_ANSWERS = frozenset(("assistant", "model", "ai"))
"""Roles of a message that a model wrote."""

_PARTS = frozenset(("text", "output_text", "refusal", "thinking", "reasoning"))
_CALLS = frozenset(("tool_use", "tool_call", "redacted_thinking"))
"""Types of the parts of a message."""

_THOUGHTS = frozenset(("thinking", "reasoning", "redacted_thinking"))
"""Types of parts that are left out of the answer."""

_TEXTS = frozenset(("text", "output_text", "refusal"))
_CONTENT = frozenset(
    (
        *("content", "parts", "tool_calls", "function_call", "refusal", "annotations", "audio"),
        *("finish_reason", "stop_reason", "usage", "reasoning_content"),
    )
)
"""Keys of a message without a role."""

_OF_A_MESSAGE = _CONTENT | frozenset(
    (
        *("role", "type", "id", "name", "index", "status", "example", "model"),
        *("additional_kwargs", "response_metadata", "usage_metadata", "invalid_tool_calls"),
        *("reasoning", "reasoning_details", "thinking", "images", "provider_specific_fields"),
        *("stop_sequence", "stop_details", "container", "context_management"),
    )
)
"""Keys of a message with the role of a model."""

_BESIDE_A_MESSAGE = frozenset(
    (
        *("message", "index", "logprobs", "finish_reason", "stop_reason", "matched_stop"),
        *("native_finish_reason", "content_filter_results", "token_ids", "model", "usage"),
        *("created_at", "done", "done_reason", "context", "total_duration", "load_duration"),
        *("prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"),
    )
)
"""Keys of a choice, and of a response of Ollama."""

_OF_A_CANDIDATE = frozenset(
    (
        *("content", "index", "finishReason", "finishMessage", "safetyRatings", "tokenCount"),
        *("citationMetadata", "groundingMetadata", "groundingAttributions", "avgLogprobs"),
        *("logprobsResult", "urlContextMetadata", "finish_reason", "finish_message"),
        *("safety_ratings", "token_count", "citation_metadata", "grounding_metadata"),
        *("grounding_attributions", "avg_logprobs", "logprobs_result", "url_context_metadata"),
    )
)
_OF_A_CONTENT = frozenset(("role", "parts"))
_OF_A_RESPONSE = frozenset(
    (
        *("id", "object", "created", "model", "choices", "usage", "system_fingerprint"),
        *("service_tier", "provider", "citations", "prompt_filter_results", "x_groq", "timings"),
        *("candidates", "usageMetadata", "modelVersion", "responseId", "promptFeedback"),
        *("createTime", "usage_metadata", "model_version", "response_id", "prompt_feedback"),
        *("create_time", "sdk_http_response", "automatic_function_calling_history", "parsed"),
        *("status", "output", "created_at", "error", "incomplete_details"),
    )
)
_COUNTS = ("usage", "usageMetadata", "usage_metadata")
"""Keys with the counts of tokens, which only an API has."""

_OF_A_PART = frozenset(
    (
        *("type", "text", "content", "refusal", "thinking", "reasoning", "summary", "signature"),
        *("id", "call_id", "name", "input", "arguments", "args", "function", "data", "index"),
        *("annotations", "citations", "logprobs", "cache_control", "encrypted_content"),
        *("status", "extras", "caller"),
    )
)
_OF_GEMINI = frozenset(
    (
        *("text", "thought", "functionCall", "inlineData", "fileData", "executableCode"),
        *("codeExecutionResult", "function_call", "inline_data", "file_data"),
        *("executable_code", "code_execution_result", "thoughtSignature", "thought_signature"),
        *("videoMetadata", "video_metadata"),
    )
)
"""Keys of parts without a type."""


def unwrapped(body: Any) -> dict[str, Any] | None:
    """Output, tool calls and, if known, finish reason and fingerprint of a wrapped answer.

    `body` is JSON data: a response of an API; `{"content": {"parts": …}}`; `{"message": …}`; a list
    with one message; a message with the role of a model; or the parts of one. None for anything
    else, which is the answer itself, and if nothing of it would be left.
    """
    if (found := _of_response(body)) is not None:
        return found
    message = _message_in(body)
    if message is None or not _is_whole(message):
        return None
    text, calls = _extracted(message)
    return {"output": text, "tool_calls": calls, "unwrapped": True}


def _of_response(body: Any) -> dict[str, Any] | None:
    """What is in a response of an API; None if it is not one."""
    if not isinstance(body, dict) or not _is_response(body):
        return None
    found = response_facts(body)
    names = ("output", "tool_calls", "finish_reason", "fingerprint")
    facts = {name: found[name] for name in names if name in found}
    is_lost = not facts or not (any(facts.values()) or _counts_tokens(body))
    return None if is_lost else facts | {"unwrapped": True}


def _is_response(body: Mapping[str, Any]) -> bool:
    """Whether it is surely one: it counts tokens, or has no key that an API does not write."""
    counts = _counts_tokens(body)
    if _word(body, "object") == "response":
        output = body.get("output")
        is_list = isinstance(output, list) and all(map(_has_type, output))
        return is_list and (counts or "model" in body or _has_only(body, _OF_A_RESPONSE))
    if _word(body, "type") == "message":
        is_known = counts or _has_only(body, _OF_A_MESSAGE)
        return is_known and isinstance(body.get("content"), list) and _is_whole(body)
    choice, candidate = (_first_object(body.get(name)) for name in ("choices", "candidates"))
    if choice is None and candidate is None:
        return False
    is_known = _has_only(body, _OF_A_RESPONSE)
    return counts or (is_known and (_is_choice(choice) or _is_candidate(candidate)))


def _has_type(item: Any) -> bool:
    return isinstance(item, dict) and bool(_word(item, "type"))


def _is_choice(choice: Mapping[str, Any] | None) -> bool:
    """Also without content, as that of a filtered answer."""
    message = choice.get("message") if choice and _has_only(choice, _BESIDE_A_MESSAGE) else None
    if not isinstance(message, dict):
        return False
    return _has_only(message, _keys_of(message, _CONTENT)) and _is_whole(message)


def _is_candidate(candidate: Mapping[str, Any] | None) -> bool:
    """Also without content, as that of a blocked answer."""
    if not candidate or not _has_only(candidate, _OF_A_CANDIDATE):
        return False
    content = candidate.get("content")
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        return _is_whole(content)
    return bool(_word(candidate, "finishReason") or _word(candidate, "finish_reason"))


def _counts_tokens(body: Mapping[str, Any]) -> bool:
    found = (body.get(name) for name in _COUNTS)
    return any("token" in key.lower() for each in found if isinstance(each, dict) for key in each)


def _first_object(value: Any) -> Mapping[str, Any] | None:
    first = value[0] if isinstance(value, list) and value else None
    return first if isinstance(first, dict) else None


def _message_in(body: Any) -> Mapping[str, Any] | None:
    if isinstance(body, list):
        return _message_in_list(body)
    if not isinstance(body, dict):
        return None
    if isinstance(inner := body.get("message"), dict) and _is_message(inner, _CONTENT):
        others = _OF_A_MESSAGE if _is_answer(inner) else frozenset()
        return inner if _has_only(body, _BESIDE_A_MESSAGE | others) else None
    if isinstance(inner := body.get("content"), dict) and isinstance(inner.get("parts"), list):
        is_known = _has_only(body, _OF_A_CANDIDATE) and _has_only(inner, _OF_A_CONTENT)
        return inner if is_known else None
    has_calls = "content" in body and isinstance(body.get("tool_calls"), list)
    return body if _is_message(body, _CONTENT if has_calls else frozenset()) else None


def _message_in_list(body: list[Any]) -> Mapping[str, Any] | None:
    if body and all(isinstance(part, dict) and _is_part_of_list(part) for part in body):
        is_answered = any(part["type"] not in _THOUGHTS for part in body)
        return {"content": body} if is_answered else None
    if len(body) != 1 or not isinstance(body[0], dict):
        return None
    return _message_in(body[0]) or (body[0] if _is_message(body[0], _CONTENT) else None)


def _is_part_of_list(part: Mapping[str, Any]) -> bool:
    """Whether an object is a part of a message where nothing else shows it."""
    return _word(part, "type") in _PARTS | _CALLS and _has_only(part, _OF_A_PART)


def _is_message(body: Mapping[str, Any], without_role: frozenset[str]) -> bool:
    """Whether it is the message of a model; see `_keys_of`."""
    has_content = any(name in body for name in ("content", "parts", "tool_calls"))
    return has_content and _has_only(body, _keys_of(body, without_role))


def _keys_of(message: Mapping[str, Any], without_role: frozenset[str]) -> frozenset[str]:
    """The keys that a message may have; `without_role` if no role shows that a model wrote it."""
    return _OF_A_MESSAGE if _is_answer(message) else without_role


def _is_answer(body: Mapping[str, Any]) -> bool:
    return any(_word(body, name) in _ANSWERS for name in ("role", "type"))


def _has_only(body: Mapping[str, Any], known: frozenset[str]) -> bool:
    """Whether no other key has a value."""
    return all(name in known or value is None for name, value in body.items())


def _is_whole(message: Mapping[str, Any]) -> bool:
    """Whether a message has text, tool calls, thoughts and media only, and is not lost as a whole.

    An answer without any text or tool call is lost if it had more than empty text and thoughts.
    """
    parts, listed = _parts(message), embedded(message.get("tool_calls")) or []
    if not isinstance(listed, list) or len(values.tool_calls(listed)) < len(listed):
        return False
    return all(map(_is_part, parts)) and (any(_extracted(message)) or all(map(_is_silent, parts)))


def _is_part(part: Any) -> bool:
    """Whether it is a part of a message whose text or call can be read."""
    if not isinstance(part, dict):
        return part is None or isinstance(part, str)
    kind = _word(part, "type")
    if kind in _TEXTS:
        return any(isinstance(part.get(name), str) for name in ("text", "content", "refusal"))
    if kind in _CALLS - _THOUGHTS or _gemini_call(part) is not None:
        return any(_calls([part]))
    return bool(kind) or (not _OF_GEMINI.isdisjoint(part) and _has_only(part, _OF_GEMINI))


def _is_silent(part: Any) -> bool:
    """Whether a part has no text, or is a thought."""
    if not isinstance(part, dict):
        return not part
    is_thought = _is_thought(part) or _word(part, "type") in _THOUGHTS
    return is_thought or any(part.get(name) == "" for name in ("text", "content", "refusal"))


def _extracted(message: Mapping[str, Any]) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """The text and the tool calls of a message."""
    parts = _parts(message)
    calls = values.tool_calls(message.get("tool_calls")) or tuple(_calls(parts))
    calls = calls or values.tool_calls([message.get("function_call")])
    return values.joined([part for part in parts if not _is_thought(part)]), calls


def _word(value: Mapping[str, Any], name: str) -> str:
    """A string; "" for any other value, which may not be hashable."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _parts(message: Mapping[str, Any]) -> list[Any]:
    """The parts of a message; its text, or that of a refusal, is one of them."""
    parts, content = embedded(message.get("parts")), message.get("content")
    if isinstance(content, dict) and isinstance(content.get("parts"), list):
        content = content["parts"]
    for found in (parts, content, message.get("refusal")):
        if found not in (None, ""):
            return found if isinstance(found, list) else [found]
    return []


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and bool(part.get("thought"))


def _calls(parts: list[Any]) -> Iterator[Mapping[str, Any]]:
    """Tool calls between the texts, as Anthropic and Gemini write them."""
    for part in parts:
        if isinstance(part, dict):
            call = part if _word(part, "type") in _CALLS else None
            yield from values.tool_calls([_gemini_call(part) or call])


def _gemini_call(part: Mapping[str, Any]) -> Any:
    return part.get("functionCall", part.get("function_call"))
