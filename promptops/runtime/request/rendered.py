"""A rendered request for an application: client arguments, and attributes for traces."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from promptops.model.prompt import Request
from promptops.records import field, record


@record(frozen=True, slots=True, kw_only=True)
class PromptOrigin:
    """Where the prompt of a request comes from.

    A request does not refer to its `Prompt`: it can be pickled, and keeps no bundle in memory.

    Attributes:
        release: The name of the release's tag; None for a revision that is not a release.
        channel: The channel by which the bundle was loaded, or None.
        digest: Of the prompt's content, SHA-256 in hexadecimal.
    """

    release: str | None
    channel: str | None
    digest: str


@record(slots=True, kw_only=True)  # a frozen one takes as long as rendering a message
class RenderedRequest:
    """One request to a model, rendered from a prompt and inputs; must not be changed.

    Attributes:
        messages: Each has `role`, `content` and the other keys of a message, in the
            provider-neutral form.
        prompt: The prompt's id.
        version: The prompt's version; None if the prompt does not come from a release.
        inputs: The inputs as templates received them: with defaults, under their current names.
    """

    messages: tuple[Mapping[str, Any], ...]
    prompt: str
    version: str | None
    inputs: Mapping[str, Any] = field(repr=False)
    _fixed: Mapping[str, Any] = field(repr=False)
    _origin: PromptOrigin | None = field(default=None, repr=False, compare=False)

    @property
    def request(self) -> Request:
        """The request as a provider-neutral value."""
        return Request(messages=self.messages, **self._fixed)

    @property
    def model(self) -> Mapping[str, Any]:
        """`{"provider", "id"}`; empty if the prompt names no model."""
        return self.request.model

    @property
    def digest(self) -> str:
        """SHA-256 of the request in hexadecimal: the key of recorded answers."""
        from promptops.runtime.request.canonical import request_digest

        return request_digest(self.request)

    def openai(self) -> dict[str, Any]:
        """Arguments for `client.chat.completions.create(**request.openai())`.

        Raises UsageError for a provider with another API, and InputError for a field that the API
        can't express.
        """
        return self._arguments("openai")

    def responses(self) -> dict[str, Any]:
        """Arguments for `client.responses.create(**request.responses())`; raises as `openai`."""
        return self._arguments("responses")

    def anthropic(self) -> dict[str, Any]:
        """Arguments for `client.messages.create(**request.anthropic())`; raises as `openai`."""
        return self._arguments("anthropic")

    def gemini(self) -> dict[str, Any]:
        """Arguments for `client.models.generate_content(**request.gemini())`; raises as `openai`.

        The data of images, sounds and documents are bytes.
        """
        return self._arguments("gemini")

    def _arguments(self, method: str) -> dict[str, Any]:
        create = _CREATORS.get(method) or _creator(method)
        return create(self.request, self._fixed, self.prompt)

    def attributes(self, *, inputs: bool = False) -> dict[str, str]:
        """Attributes for an OpenTelemetry span: which prompt of which release, and which request.

        `gen_ai.prompt.name`, `gen_ai.prompt.version` (of a release), `promptops.release` (of a
        release), `promptops.channel` (if loaded by a channel), `promptops.prompt.digest`, and
        `promptops.request.digest`: the key of recorded answers. Values of inputs may be personal
        data: they are included only if `inputs` is set, as `gen_ai.prompt.variable.NAME`.
        """
        named = {"gen_ai.prompt.name": self.prompt, "gen_ai.prompt.version": self.version}
        origin = self._origin
        if origin is not None:
            named["promptops.release"] = origin.release
            named["promptops.channel"] = origin.channel
            named["promptops.prompt.digest"] = origin.digest
        named["promptops.request.digest"] = self.digest
        found = {name: value for name, value in named.items() if value is not None}
        if inputs:
            found |= {f"gen_ai.prompt.variable.{k}": _text(v) for k, v in self.inputs.items()}
        return found


_FORMATS = {
    "openai": ("openai", "chat_arguments"),
    "responses": ("openai", "response_arguments"),
    "anthropic": ("anthropic", "message_arguments"),
    "gemini": ("gemini", "content_arguments"),
}
"""By method: the module and the function that create its requests, imported when first used."""

_CREATORS: dict[str, Callable[[Request, Mapping[str, Any], str], dict[str, Any]]] = {}


def _creator(method: str) -> Callable[[Request, Mapping[str, Any], str], dict[str, Any]]:
    """The function that checks a request and creates its arguments.

    An import in the method itself would take as long as the arguments of a short request.
    """
    from importlib import import_module

    from promptops.runtime.request.unsupported import refuse_unsupported

    module, function = _FORMATS[method]
    arguments = getattr(import_module(f"promptops.runtime.request.{module}"), function)

    def create(request: Request, settings: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        refuse_unsupported(request, method, prompt, settings)
        created: dict[str, Any] = arguments(request)
        return created

    _CREATORS[method] = create
    return create


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
