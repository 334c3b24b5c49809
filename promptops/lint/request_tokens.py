"""Estimates the tokens and the cost of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil
from typing import Any

from promptops.analysis import tokens
from promptops.lint.bounds import (
    FORMAT_CHARS,
    Bounds,
    SchemaPart,
    children,
    types_of,
    unbounded_inputs,
)
from promptops.lint.prompt_model import PromptModel
from promptops.lint.subject import PromptFacts, messages
from promptops.model.prompt import MediaPart, Prompt, Request
from promptops.records import replace
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.template.sized_cache import cached_by_size

CHARS_PER_TOKEN = 4
"""Characters per token assumed for unknown values."""


MAX_TOKENS_A_BYTE = 1.3
"""An upper bound of every estimate."""

# The cases of a prompt usually differ in only one message.
estimate = cached_by_size(16_000_000)(tokens.estimate)


def tokens_at_most(request: Request) -> int:
    """An upper bound of `request_tokens`, cheap to compute."""
    texts = (len(text.encode()) for message in request.messages for text in _texts(message))
    structure = sum(len(json.dumps(part)) for part in _structure(request))
    return ceil((sum(texts) + structure) * MAX_TOKENS_A_BYTE)


def request_tokens(request: Request) -> int:
    """Tokens of all messages, the tools and the output schema, without media."""
    texts = sum(estimate(text) for message in request.messages for text in _texts(message))
    return texts + _structure_tokens(request)


def worst_tokens(subject: PromptFacts) -> int | None:
    """Tokens if every input is as large as its schema allows; None if one has no limit.

    A value counts one token for four characters.
    """
    from promptops.lint.request_tokens import MAX_CHARS, characters, largest_input

    prompt, files = subject.prompt, subject.catalog.files
    if prompt is None or any(unbounded_inputs(prompt, subject.scopes, files.defines)):
        return None
    bounds = Bounds(prompt.inputs, files.defines)
    inputs = {name: largest_input(bounds, name) for name in prompt.inputs.get("properties") or {}}
    inputs |= dict.fromkeys(_media_inputs(prompt), "data:,")
    if characters(inputs) > MAX_CHARS:
        return characters(inputs) // CHARS_PER_TOKEN
    open_prompt = replace(prompt, inputs={"type": "object"})
    try:
        renderer = Renderer(open_prompt, subject.catalog.load, files.data)
        return _traced_tokens(renderer.trace(inputs))
    except RenderError:
        return None


def cost_usd(model: PromptModel, input_tokens: int, output_tokens: int) -> float | None:
    """US dollars of one request without caching; None if the input price is not known."""
    if model.input_usd is None:
        return None
    return (input_tokens * model.input_usd + output_tokens * (model.output_usd or 0)) / 1_000_000


def _traced_tokens(traced: TracedRequest) -> int:
    written = values = 0
    for text in traced.texts:
        literal = "".join(piece.text for piece in text.pieces if piece.literal)
        written += estimate(literal)
        values += sum(len(piece.text) for piece in text.pieces) - len(literal)
    rendered = {text.message for text in traced.texts}
    for index, message in enumerate(traced.request.messages):
        if index not in rendered:
            values += sum(map(len, _texts(message)))
    return written + ceil(values / CHARS_PER_TOKEN) + _structure_tokens(traced.request)


def _texts(message: Mapping[str, Any]) -> list[str]:
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else ()
    return [part["text"] for part in parts if isinstance(part, Mapping) and "text" in part]


def _structure_tokens(request: Request) -> int:
    """Tokens of tools and the output schema, which providers add to the prompt."""
    parts = _structure(request)
    return sum(estimate(json.dumps(part, ensure_ascii=False)) for part in parts)


def _structure(request: Request) -> list[Any]:
    schema = (request.response_format or {}).get("schema")
    return [*request.tools, *([schema] if schema is not None else [])]


def _media_inputs(prompt: Prompt) -> list[str]:
    return [
        part.value
        for message, _ in messages(prompt)
        for part in message.parts
        if isinstance(part, MediaPart) and part.origin == "input"
    ]


MAX_CHARS = 1_000_000
"""The limit of characters; a larger value is cut to about this size."""

_CUT_ANYWAY = 4_000
"""Characters assumed for an unlimited string that the template truncates."""

_PATTERN_CHARS = 64
_MEDIA = "data:,"


def largest_input(bounds: Bounds, name: str) -> Any:
    """Approximately the largest value of an input; it may not be valid for the schema."""
    part = bounds.input(name)
    return None if part is None else _largest(bounds, part, 0)


def characters(value: Any) -> int:
    """The characters of all strings and numbers in a value, counted at each occurrence."""
    sizes: dict[int, int] = {}

    def count(item: Any) -> int:
        if isinstance(item, Mapping):
            return 1 + sum(count(each) for each in item.values())
        if isinstance(item, list):  # all items are the same object
            return len(item) * sizes.setdefault(id(item), max(count(item[0]), 1) if item else 0)
        return len(item) if isinstance(item, str) else len(json.dumps(item))

    return count(value)


def _largest(bounds: Bounds, part: SchemaPart, depth: int) -> Any:
    values = [
        _largest_alternative(bounds, alternative, depth)
        for alternative in bounds.alternatives(part)
    ]
    return max(values, key=characters, default="")


def _largest_alternative(bounds: Bounds, alternative: SchemaPart, depth: int) -> Any:
    schema = alternative.schema
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return max(schema["enum"], key=lambda value: len(json.dumps(value)))
    found = [
        _largest_of_type(bounds, alternative, name, depth)
        for name in types_of(schema) or ("object",)
    ]
    return max(found, key=characters)


def _largest_of_type(bounds: Bounds, alternative: SchemaPart, name: str, depth: int) -> Any:
    if name == "string":
        return _text(alternative.schema)
    if name in ("integer", "number"):
        return max(
            alternative.schema.get("maximum", 1_000_000), alternative.schema.get("minimum", 0)
        )
    if name in ("boolean", "null"):
        return name == "boolean" or None
    if depth > 8:
        return ""
    if name == "array":
        items = [_largest(bounds, child, depth + 1) for child in children(alternative)]
        count = min(alternative.schema.get("maxItems", len(items)), 10_000)
        return [max(items, key=characters, default="")] * count
    named = (alternative.schema.get("properties") or {}).keys()
    return {
        key: _largest(bounds, child, depth + 1)
        for key in named
        for child in children(alternative, key)
    }


def _text(schema: Mapping[str, Any]) -> str:
    if "contentMediaType" in schema:
        return _MEDIA
    chars = schema.get("maxLength", FORMAT_CHARS.get(schema.get("format", "")))
    if chars is None:
        chars = _PATTERN_CHARS if "pattern" in schema else _CUT_ANYWAY
    return "x" * int(min(chars, MAX_CHARS + 1))
