"""Render the messages of a prompt that can be rendered, for an editor: others have an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.prompt import ConversationHistory, ForEach, Message, Prompt, Request
from promptops.records import record
from promptops.runtime.request.inputs import InputProblem
from promptops.runtime.request.render import (
    MediaUrls,
    Renderer,
    RenderError,
    TracedRendering,
    TracedRequest,
    render_error,
)
from promptops.runtime.template.text_rendering import Load, TemplateFailure


@record(frozen=True, slots=True)
class PartialRequest:
    """A request of which some messages can't be rendered.

    Attributes:
        problems: Those with the inputs.
        traced: The content of a message with an error is "".
        errors: By the index of a message, 0-based.
    """

    problems: tuple[InputProblem, ...]
    traced: TracedRequest
    errors: Mapping[int, RenderError]


class PartialRenderer(Renderer):
    """A prompt prepared for rendering, also with wrong inputs."""

    def partial(self, inputs: Mapping[str, Any]) -> PartialRequest:
        """The request as far as it can be rendered; raises RenderError for over 1,000 messages."""
        accepted, problems = self._inputs.accept(inputs)
        rendering = _PartialRendering(self._prompt, accepted, self._load, self._media)
        request = Request(messages=self._completed(rendering), **self.fixed)
        traced = TracedRequest(
            request,
            tuple(rendering.texts),
            frozenset(rendering.branches),
            tuple(rendering.messages_at),
        )
        errors = {index: render_error(each) for index, each in rendering.failures.items()}
        return PartialRequest(problems, traced, errors)


class _PartialRendering(TracedRendering):
    """The messages that can be rendered, and the failures of the others by their index."""

    def __init__(self, prompt: Prompt, names: dict[str, Any], load: Load, media: MediaUrls) -> None:
        super().__init__(prompt, names, load, media)
        self.failures: dict[int, TemplateFailure] = {}

    def _message(self, message: Message, names: dict[str, Any]) -> None:
        try:
            super()._message(message, names)
        except TemplateFailure as failure:
            self._fail(message.role, message.at, failure)

    def _history(self, turn: ConversationHistory) -> None:
        try:
            super()._history(turn)
        except TemplateFailure as failure:
            self._fail(turn.source, turn.at, failure)

    def _items(self, turn: ForEach | ConversationHistory) -> list[Any]:
        try:
            return super()._items(turn)
        except TemplateFailure as failure:
            self._fail(turn.source, turn.at, failure)
            return []

    def _fail(self, role: str, at: str, failure: TemplateFailure) -> None:
        """A message without content; those of a list that is not a list have its name as role."""
        index = len(self.messages)
        self.texts = [text for text in self.texts if text.message != index]
        self.failures[index] = failure
        self._add({"role": role, "content": ""}, at)
