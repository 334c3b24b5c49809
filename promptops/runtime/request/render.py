"""Render a prompt with inputs to a request: the only renderer.

Lint, diff, tests and applications all use it, so the request that was checked is the one that is
sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

from promptops.errors import InputError
from promptops.model.place import Place, Text
from promptops.model.prompt import Message, Prompt, TextPart, Tool, Turn
from promptops.model.request import Request, RequestSettings
from promptops.records import record
from promptops.runtime.request.inputs import InputProblem, Inputs
from promptops.runtime.request.messages import (
    MAX_TURNS,
    Media,
    MediaUrls,
    Rendering,
    SourcedText,
    TracedRendering,
    message_data,
)
from promptops.runtime.template.limits import MAX_OUTPUT_CHARS, MAX_WORK, PromptBudget
from promptops.runtime.template.scope import Frame, Load, TemplateFailure
from promptops.runtime.template.text_rendering import Parts, filled, is_template, parts_of


class RenderError(InputError):
    """A request that can't be rendered.

    Attributes:
        place: The place in the prompt or a partial that failed; None if the caller's inputs are
            invalid.
        frame: The template of that place, and those that included it; None if there is no place.
        inputs: The problems with the inputs.
    """

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        frame: Frame | None = None,
        inputs: tuple[InputProblem, ...] = (),
        hint: str | None = None,
        refused: bool = False,
    ) -> None:
        super().__init__(message, where=str(place) if place else None, hint=hint)
        self.place = place
        self.frame = frame
        self.inputs = inputs
        self.refused = refused


class BudgetSpent(RenderError):
    """A case that is not rendered because earlier cases used up the work limit of the prompt."""

    def __init__(self) -> None:
        super().__init__("rendering the cases of this prompt takes too much work", refused=True)


@record(frozen=True, slots=True)
class TracedRequest:
    """A request, the source of each character, and the template branches that were taken.

    Attributes:
        messages_at: For each message of the request its JSON pointer in the prompt file.
    """

    request: Request
    texts: tuple[SourcedText, ...]
    branches: frozenset[tuple[Text, int, str]]
    messages_at: tuple[str, ...]


class Renderer:
    """A prompt prepared for rendering; can be shared between threads.

    Attributes:
        fixed: All arguments of `Request` except the messages; they do not depend on inputs.
    """

    def __init__(
        self,
        prompt: Prompt,
        load: Load,
        media: Media | None = None,
        budget: PromptBudget | None = None,
    ) -> None:
        """`load` finds included templates, `media` the files of media parts.

        With a budget, all requests share it, and BudgetSpent is raised when it is used up. Raises
        RenderError if the input schema is invalid.
        """
        self._prompt = prompt
        self._load = load
        self._media = MediaUrls(media)
        self._budget = budget
        # The fast path does not count work.
        self._fast_path = fast_path(prompt.messages) if budget is None else None
        self.fixed = _request_settings(prompt)
        self._has_no_model = prompt.model.profile is not None and prompt.model.id is None
        try:
            self._inputs = Inputs(prompt.inputs)
        except ValueError as error:
            place = prompt.locate("/inputs", False)
            raise RenderError(f"`inputs` is not a valid schema: {error}", place=place) from None

    def within(self, budget: PromptBudget) -> Renderer:
        """The same with another budget; the compiled schema is shared."""
        found = copy(self)
        found._budget = budget
        found._fast_path = None
        return found

    def accept(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[InputProblem, ...]]:
        """The inputs with their defaults, and the problems with them."""
        return self._inputs.accept(inputs)

    def request(self, inputs: Mapping[str, Any]) -> Request:
        """The request for these inputs; raises RenderError."""
        return Request(messages=self.messages(inputs)[1], **self.fixed)

    def messages(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], Messages]:
        """The inputs with their defaults, and the messages for them; raises RenderError."""
        if self._has_no_model:
            raise _no_model(self._prompt)
        accepted = self._accepted(inputs)
        messages = self._fast_path(accepted) if self._fast_path is not None else None
        if messages is None:
            messages = self._completed(Rendering(self._prompt, accepted, self._load, self._media))
        return accepted, messages

    def trace(self, inputs: Mapping[str, Any]) -> TracedRequest:
        """The request, and the source of each of its characters; raises RenderError."""
        rendering = TracedRendering(self._prompt, self._accepted(inputs), self._load, self._media)
        request = Request(messages=self._completed(rendering), **self.fixed)
        return TracedRequest(
            request,
            tuple(rendering.texts),
            frozenset(rendering.branches),
            tuple(rendering.messages_at),
        )

    def _completed(self, rendering: Rendering) -> Messages:
        budget, limit = self._budget, MAX_WORK
        if budget is not None:
            if budget.left <= 0:
                raise BudgetSpent
            limit = budget.begin(rendering.meter)
        try:
            return rendering.walk()
        except TemplateFailure as failure:
            if limit < MAX_WORK and rendering.meter.left < 0:
                raise BudgetSpent from None
            raise _failed(failure) from None
        finally:
            if budget is not None:
                budget.take(rendering.meter, limit)

    def _accepted(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        accepted, problems = self._inputs.accept(inputs)
        if problems:
            from promptops.runtime.request.input_problems import hint_about

            lines = "; ".join(problem.message for problem in problems)
            hint = hint_about(problems, self._prompt.inputs)
            raise RenderError(f"{self._prompt.id}: {lines}", inputs=problems, hint=hint)
        return accepted


def _no_model(prompt: Prompt) -> RenderError:
    message = f"there is no profile `{prompt.model.profile}`: the request has no model"
    return RenderError(message, place=prompt.locate("/model/profile", False))


def _request_settings(prompt: Prompt) -> RequestSettings:
    model = {"provider": prompt.model.provider, "id": prompt.model.id}
    return RequestSettings(
        {
            "model": {key: value for key, value in model.items() if value is not None},
            "params": prompt.model.params,
            "provider_options": prompt.model.provider_options,
            "tools": tuple(_tool(tool) for tool in prompt.tools),
            "tool_choice": prompt.tool_choice,
            "response_format": _response_format(prompt),
            "any_api": prompt.model.any_api,
        }
    )


def _failed(failure: TemplateFailure) -> RenderError:
    text = failure.frame.text
    end = min(max(failure.end, failure.start + 1), len(text.value))
    return RenderError(
        failure.message,
        place=text.place(min(failure.start, max(len(text.value) - 1, 0)), end),
        frame=failure.frame,
        refused=failure.refused,
    )


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        "strict": tool.strict,
    }


def _response_format(prompt: Prompt) -> dict[str, Any] | None:
    output = prompt.output
    if output.schema is None and output.format != "json":
        return None
    form = {
        "format": output.format,
        "schema": output.schema,
        "name": output.name,
        "strict": output.strict or None,
        "description": output.description,
    }
    return {key: value for key, value in form.items() if value is not None}


# The fast path for prompts with fixed messages whose texts contain only plain substitutions
#
# It renders only what it fully supports, and leaves the rest to `Rendering`.

Messages = tuple[dict[str, Any], ...]
FastPath = Callable[[dict[str, Any]], Messages | None]
"""From the inputs to the messages; None if `Rendering` must render them."""


def fast_path(turns: Iterable[Turn]) -> FastPath | None:
    """The function that renders these messages; None if they need the full renderer."""
    steps: list[tuple[dict[str, Any], Parts]] = []
    for turn in turns:
        parts = _plain_parts(turn) if isinstance(turn, Message) else None
        if not isinstance(turn, Message) or parts is None or len(steps) >= MAX_TURNS:
            return None
        steps.append((message_data(turn, ""), parts))

    def messages(names: dict[str, Any]) -> Messages | None:
        rendered, chars = [], 0
        for fixed, parts in steps:
            text = filled(parts, names)
            if text is None:
                return None
            chars += len(text)
            if chars > MAX_OUTPUT_CHARS:  # `Rendering` enforces the limits
                return None
            message = fixed.copy()
            message["content"] = text.rstrip("\n")
            rendered.append(message)
        return tuple(rendered)

    return messages


def _plain_parts(message: Message) -> Parts | None:
    """The parts of the only text of a message that is always present."""
    part = message.parts[0] if len(message.parts) == 1 else None
    if not isinstance(part, TextPart) or part.when is not None or message.when is not None:
        return None
    if not message.plain or message.tool_calls:  # the list would be shared between requests
        return None
    return parts_of(part.text.value) if is_template(part.text.value) else (part.text.value,)
