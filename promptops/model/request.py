"""A request to a model, as a provider-neutral value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.records import field, record
from promptops.records.outputs import hidden

REQUEST_FORMAT = "promptops-request/1"


class RequestSettings(dict[str, Any]):
    """All arguments of `Request` except the messages: those of one prompt, never changed.

    Attributes:
        checked: By method of `RenderedRequest`: what is left to check in each request, because the
            settings were checked with the first one.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.checked: dict[str, str] = {}


@record(frozen=True, slots=True, kw_only=True)
class Request:
    """One provider-neutral request.

    Attributes:
        messages: Each `{"role", "content"}`, with `name`, `tool_calls`, `tool_call_id`, `cache` if
            they are set. Content is a string, or a list of `{"type": "text", "text"}` and `{"type":
            "image" | "audio" | "document", "url" | "data", …}`.
        model: `{"provider", "id"}`; empty if the prompt names no model.
        params: Parameters in neutral names.
        provider_options: By the name of a provider: its own options, passed on unchanged.
        tools: Each `{"name", "description", "parameters", "strict"}`.
        tool_choice: `auto`, `none`, `required`, or `{"name"}` of the tool to call; None if unset.
        response_format: `{"format", "schema", "name", "strict", "description"}`, without unset
            keys; None for plain text.
        any_api: Whether the profile has its own address, so that the provider's name does not
            decide the format; not part of the digest.
    """

    messages: tuple[Mapping[str, Any], ...]
    model: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    provider_options: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = None
    response_format: Mapping[str, Any] | None = None
    any_api: bool = hidden(default=False)
