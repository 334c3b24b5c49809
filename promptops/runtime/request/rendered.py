"""A request as an application gets it: for the `openai` client, and for its traces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promptops.model.request import Request
from promptops.records import field, record


@record(slots=True, kw_only=True)  # to freeze it would take as long as to render a message
class RenderedRequest:
    """One request to a model, made of a prompt and inputs; not to be changed.

    Attributes:
        messages: Each `{"role", "content"}`, and what else a turn has; in neutral form.
        prompt: The prompt's id.
        version: The prompt's version; None where it comes from no release.
        inputs: As the templates saw them: with defaults, under their names of today.
    """

    messages: tuple[Mapping[str, Any], ...]
    prompt: str
    version: str | None
    inputs: Mapping[str, Any] = field(repr=False)
    _fixed: Mapping[str, Any] = field(repr=False)

    @property
    def request(self) -> Request:
        """The request as a value, of no provider's making."""
        return Request(messages=self.messages, **self._fixed)

    @property
    def model(self) -> Mapping[str, Any]:
        """`{"provider", "id"}`; empty where the prompt names no model."""
        return self.request.model

    @property
    def digest(self) -> str:
        """SHA-256 of the request in hexadecimal: what recordings of answers are kept by."""
        from promptops.runtime.request.canonical import request_digest

        return request_digest(self.request)

    def openai(self) -> dict[str, Any]:
        """For `client.chat.completions.create(**request.openai())`."""
        from promptops.runtime.request.chat import chat_arguments

        return chat_arguments(self.request)

    def responses(self) -> dict[str, Any]:
        """For `client.responses.create(**request.responses())`."""
        from promptops.runtime.request.responses import response_arguments

        return response_arguments(self.request)

    def attributes(self, *, inputs: bool = False) -> dict[str, str]:
        """For a span of OpenTelemetry, by its names: which prompt it was, and which version.

        The values of inputs may be personal: they are added where `inputs` says so, as
        `gen_ai.prompt.variable.NAME`.
        """
        found = {"gen_ai.prompt.name": self.prompt}
        if self.version is not None:
            found["gen_ai.prompt.version"] = self.version
        if inputs:
            found |= {f"gen_ai.prompt.variable.{k}": _text(v) for k, v in self.inputs.items()}
        return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
