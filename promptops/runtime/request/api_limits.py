"""The request formats of providers: which provider uses which, and what each can express.

Lint and the functions that create requests use this one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from promptops.model.prompt import provider_name
from promptops.records import field, record, replace
from promptops.runtime.request import provider_schemas
from promptops.runtime.request.provider_schemas import SchemaRefusal

_PARAMS = frozenset(
    (
        "temperature",
        "top_p",
        "max_output_tokens",
        "stop",
        "seed",
        "reasoning_effort",
        "frequency_penalty",
        "presence_penalty",
        "parallel_tool_calls",
    )
)
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
"""Values of `reasoning_effort`, the least first."""

_DETAILS = frozenset(("auto", "low", "high", "original"))


@record(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What a request format can express of one kind of media part.

    Attributes:
        types: Accepted media types; empty for all.
        remote: Whether the part may be an address that the provider fetches.
        remote_types: Accepted media types of an address; empty for the same as `types`.
        typed_address: Whether the media type of an address must be known.
    """

    types: frozenset[str] = frozenset()
    remote: bool = True
    remote_types: frozenset[str] = frozenset()
    typed_address: bool = False


@record(frozen=True, slots=True, kw_only=True)
class Api:
    """A request format.

    Attributes:
        method: The method of `RenderedRequest` that creates it.
        provider: Its provider.
        name: Its provider, or the format, as messages name it.
        options: The keys of `provider_options` that it uses.
        params: Parameters it can express, in neutral names.
        refusals: Why it can't express a parameter, where there is more to say than that.
        required: From the neutral name of a required parameter to the provider's name.
        efforts: Values of `reasoning_effort`.
        serial_calls: Whether it can express `parallel_tool_calls: false`.
        json_mode: Whether it can express JSON without a schema.
        refused_in_schema: What it can't express in the schema of an answer or of a strict tool;
            None if it sends schemas unchanged.
        names: Whether messages can have a `name`.
        titles: Whether documents can have a `title`.
        details: Values of an image's `detail`.
        cache_marks: Maximum number of messages with `cache: true`; None if they are not sent.
        later_instructions: Where a system message may be that is not at the top: `anywhere`,
            `after user`, or `nowhere`.
        letter_first: Whether the name of a tool must begin with a letter or an underscore.
        media: Limits by kind of media part; a missing kind can't be expressed.
        refused_parts: Roles with the kinds of media parts that their messages can't have.
        own_parts: Types of parts in the provider's own form that a caller's history may have;
            None for any.
        converts_calls: Whether tool calls get another form, for which they must be complete.
        needs_turn: Whether a message other than instructions is required.
        begun_answers: Whether the last message may be the assistant's.
    """

    method: str
    provider: str
    name: str
    options: tuple[str, ...]
    params: frozenset[str] = _PARAMS
    refusals: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)
    efforts: frozenset[str] = frozenset(EFFORTS)
    serial_calls: bool = True
    json_mode: bool = True
    refused_in_schema: Callable[[Any], Iterable[SchemaRefusal]] | None = None
    names: bool = True
    titles: bool = True
    details: frozenset[str] = _DETAILS
    cache_marks: int | None = None
    later_instructions: str = "anywhere"
    letter_first: bool = False
    media: Mapping[str, MediaLimits] = field(default_factory=dict)
    refused_parts: frozenset[tuple[str, str]] = frozenset()
    own_parts: frozenset[str] | None = frozenset()
    converts_calls: bool = False
    needs_turn: bool = False
    begun_answers: bool = True


def _pairs(roles: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    return frozenset((role, kind) for role in roles for kind in ("image", "audio", "document"))


_CHAT_PARTS = frozenset(("image_url", "input_audio", "file", "refusal"))
_CLAUDE_SAMPLING = "API version 2026-10-21 removed it"
_CLAUDE_PARTS = frozenset(
    (
        "image",
        "document",
        "search_result",
        "thinking",
        "redacted_thinking",
        "tool_use",
        "tool_result",
        "server_tool_use",
        "web_search_tool_result",
        "web_fetch_tool_result",
        "code_execution_tool_result",
        "bash_code_execution_tool_result",
        "text_editor_code_execution_tool_result",
        "tool_search_tool_result",
        "container_upload",
    )
)

_OPENAI = Api(
    method="openai",
    provider="openai",
    name="openai",
    options=("openai",),
    media={
        "image": MediaLimits(),
        "document": MediaLimits(),
        "audio": MediaLimits(types=frozenset(("audio/wav", "audio/mp3")), remote=False),
    },
    refused_parts=_pairs(("system", "developer", "assistant", "tool")),
    own_parts=_CHAT_PARTS,
)
_RESPONSES = Api(
    method="responses",
    provider="openai",
    name="openai's Responses API",
    options=("openai",),
    params=_PARAMS - {"stop", "seed", "frequency_penalty", "presence_penalty"},
    refusals=dict.fromkeys(
        ("stop", "seed", "frequency_penalty", "presence_penalty"), "chat completions have it"
    ),
    names=False,
    media={"image": MediaLimits(), "document": MediaLimits()},
    own_parts=_CHAT_PARTS | {"input_text", "output_text", "input_image", "input_file"},
)
_ANTHROPIC = Api(
    method="anthropic",
    provider="anthropic",
    name="anthropic",
    options=("anthropic",),
    params=frozenset(("max_output_tokens", "stop", "reasoning_effort", "parallel_tool_calls")),
    refusals={"temperature": _CLAUDE_SAMPLING, "top_p": _CLAUDE_SAMPLING},
    required={"max_output_tokens": "max_tokens"},
    efforts=frozenset(("none", "low", "medium", "high", "xhigh")),
    json_mode=False,
    refused_in_schema=provider_schemas.claude_refusals,
    names=False,
    details=frozenset(("auto",)),
    cache_marks=4,
    later_instructions="after user",
    media={
        "image": MediaLimits(
            types=frozenset(("image/jpeg", "image/png", "image/gif", "image/webp"))
        ),
        "document": MediaLimits(
            types=frozenset(("application/pdf", "text/plain")),
            remote_types=frozenset(("application/pdf",)),
        ),
    },
    refused_parts=_pairs(("system", "developer")) | {("assistant", "document")},
    own_parts=_CLAUDE_PARTS,
    converts_calls=True,
    needs_turn=True,
)
_GEMINI = Api(
    method="gemini",
    provider="gemini",
    name="gemini",
    options=("google", "gemini", "vertex", "vertexai"),
    serial_calls=False,
    names=False,
    titles=False,
    later_instructions="nowhere",
    letter_first=True,
    refused_in_schema=provider_schemas.gemini_refusals,
    media={kind: MediaLimits(typed_address=True) for kind in ("image", "audio", "document")},
    refused_parts=_pairs(("system", "developer")),
    converts_calls=True,
    needs_turn=True,
    begun_answers=False,
)

APIS: Mapping[str, Api] = MappingProxyType(
    {api.method: api for api in (_OPENAI, _RESPONSES, _ANTHROPIC, _GEMINI)}
)
"""All request formats, by the method of `RenderedRequest`."""

COMPATIBLE_RESPONSES = replace(_RESPONSES, name="the Responses API", names=True, own_parts=None)
"""OpenAI's Responses API of any server.

It may accept more than OpenAI, but no parameter and no kind of media that the format has no field
for.
"""

_METHODS = {
    "openai": ("openai", "responses"),
    "anthropic": ("anthropic",),
    "google": ("gemini",),
    "gemini": ("gemini",),
    "vertex": ("gemini", "anthropic"),
    "vertexai": ("gemini", "anthropic"),
}


def apis_of(provider: str | None) -> tuple[Api, ...]:
    """The request formats of a provider; empty if it may use any of them.

    Other providers than these have an OpenAI-compatible API, several, or one that is not known.
    """
    return tuple(APIS[method] for method in _METHODS.get(provider_name(provider), ()))


def speaks_openai(provider: str | None) -> bool:
    """Whether a provider may use OpenAI's request format."""
    apis = apis_of(provider)
    return not apis or APIS["openai"] in apis
