"""Render a prompt to a request, also with the source of each character: the only renderer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any

from promptops.errors import InputError
from promptops.model.place import Place, Text
from promptops.model.prompt import (
    ConversationHistory,
    ForEach,
    MediaPart,
    Message,
    Part,
    Prompt,
    Request,
    RequestSettings,
    TextPart,
    Tool,
    Turn,
)
from promptops.records import record
from promptops.runtime.request.inputs import InputProblem, Inputs
from promptops.runtime.template.limits import (
    MAX_MEDIA_BYTES,
    MAX_OUTPUT_CHARS,
    MAX_WORK,
    Meter,
    PromptBudget,
)
from promptops.runtime.template.text_rendering import (
    Frame,
    Load,
    Parts,
    Piece,
    Run,
    TemplateFailure,
    evaluate,
    filled,
    is_template,
    parts_of,
    render_text,
    trace_text,
)


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
            raise render_error(failure) from None
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


def render_error(failure: TemplateFailure) -> RenderError:
    """The error of a template that failed, with its place."""
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


# Render the messages of a prompt, optionally tracing the source of each character.

MAX_TURNS = 1_000

Media = Callable[[str], bytes | None]
"""From the path of a file to its bytes, or None."""


@record(frozen=True, slots=True)
class SourcedText:
    """A text of the request, with the source of its characters.

    Attributes:
        message: Index in the request's messages, 0-based.
        at: JSON pointer of the text part in the prompt file.
        pieces: Joined, they are the text of the request, without trailing newlines.
    """

    message: int
    role: str
    at: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


class MediaUrls:
    """The files of media parts as `data:` URLs, each created once."""

    def __init__(self, read: Media | None) -> None:
        self._read = read
        self._urls: dict[str, str] = {}

    def url(self, path: str) -> str:
        """Raises LookupError with the problem: lower case, no full stop."""
        if path not in self._urls:
            self._urls[path] = self._data_url(path)
        return self._urls[path]

    def _data_url(self, path: str) -> str:
        import base64

        from promptops.runtime.request.media import media_type_of_file

        data = self._read(path) if self._read is not None else None
        if data is None:
            raise LookupError(f"there is no file `{path}`")
        if len(data) > MAX_MEDIA_BYTES:  # such a file is not read to its end
            raise LookupError(f"`{path}` is larger than 2 MB")
        return f"data:{media_type_of_file(path)};base64,{base64.b64encode(data).decode()}"


class Rendering:
    """One rendering of the messages with one set of inputs; raises TemplateFailure.

    Attributes:
        messages: The messages of the request rendered so far.
        meter: The remaining work of the request.
    """

    _traced = False

    def __init__(self, prompt: Prompt, names: dict[str, Any], load: Load, media: MediaUrls) -> None:
        self.messages: list[dict[str, Any]] = []
        self.meter = Meter()
        self._prompt = prompt
        self._names = names
        self._run = Run(load, self._traced, self.meter)
        self._media = media

    def walk(self) -> tuple[dict[str, Any], ...]:
        for turn in self._prompt.messages:
            if isinstance(turn, Message):
                self._message(turn, self._names)
            elif isinstance(turn, ForEach):
                for item in self._items(turn):
                    names = {**self._names, turn.name: item}
                    for message in turn.messages:
                        self._message(message, names)
            else:
                self._history(turn)
        return tuple(self.messages)

    def _message(self, message: Message, names: dict[str, Any]) -> None:
        if message.when is not None and not self.holds(message.when, names):
            return
        parts = [
            part for part in message.parts if part.when is None or self.holds(part.when, names)
        ]
        content: Any
        if message.plain:
            texts = [self.text(message, p, names) for p in parts if isinstance(p, TextPart)]
            content = texts[0] if texts else ""
        else:
            content = [self._part(message, part, names) for part in parts]
        self._add(message_data(message, content), message.at)

    def _add(self, turn: dict[str, Any], at: str) -> None:
        if len(self.messages) >= MAX_TURNS:
            raise self._failure(f"over {MAX_TURNS:,} messages", at, refused=True)
        self.messages.append(turn)

    def _part(self, message: Message, part: Part, names: dict[str, Any]) -> dict[str, Any]:
        if isinstance(part, TextPart):
            return {"type": "text", "text": self.text(message, part, names)}
        origin = {"type": part.kind, "detail": part.detail, "title": part.title}
        return {
            **{key: value for key, value in origin.items() if value is not None},
            **self._content(part, names),
        }

    def _content(self, part: MediaPart, names: dict[str, Any]) -> dict[str, Any]:
        """A URL stays a URL; a file is read; an input is a URL or base64.

        Base64 becomes a `data:` URL if the schema of the input declares its media type.
        """
        if part.origin == "file":
            return {"url": self._read(part)}
        from promptops.runtime.request.media import is_address, is_media, no_media

        value = names.get(part.value) if part.origin == "input" else part.value
        if not value:
            raise self._failure(f"`{part.value}` has no value", part.at)
        if is_address(value) or part.origin == "url":
            return {"url": value}
        if not is_media(value):
            raise self._failure(no_media(part.value), part.at)
        schema = (self._prompt.inputs.get("properties") or {}).get(part.value)
        kind = schema.get("contentMediaType") if isinstance(schema, Mapping) else None
        return {"url": f"data:{kind};base64,{value}"} if kind else {"data": value}

    def _read(self, part: MediaPart) -> str:
        try:
            return self._media.url(part.value)
        except LookupError as error:
            raise self._failure(str(error.args[0]), part.at) from None

    def _history(self, turn: ConversationHistory) -> None:
        """The caller's conversation, unchanged: it is never rendered as a template."""
        turns = self._items(turn)
        for item in turns if turn.last is None else turns[max(len(turns) - turn.last, 0) :]:
            if not isinstance(item, dict):
                raise self._failure(
                    f"`{turn.source}` contains an item that is not a message", turn.at
                )
            self._add(item, turn.at)

    def _items(self, turn: ForEach | ConversationHistory) -> list[Any]:
        items = self._names.get(turn.source)
        if items is None:
            return []
        if not isinstance(items, list):
            raise self._failure(f"`{turn.source}` is not a list", turn.at)
        return items

    def _failure(self, message: str, at: str, refused: bool = False) -> TemplateFailure:
        """A failure at a value of the prompt file that is not in a template."""
        place = self._prompt.locate(at, False)
        text = Text(place.path, " ", lambda offset: (place.line, place.column + offset))
        return TemplateFailure(message, Frame(text), 0, 1, refused)

    def holds(self, when: Text, names: dict[str, Any]) -> bool:
        return evaluate(when, names, self._run)

    def text(self, message: Message, part: TextPart, names: dict[str, Any]) -> str:
        """Only the text, without its sources: the fast variant for applications."""
        return render_text(part.text, names, self._run).rstrip("\n")


def message_data(message: Message, content: Any) -> dict[str, Any]:
    """A message of the request."""
    turn = {"role": message.role, "content": content}
    if message.name is not None:
        turn["name"] = message.name
    if message.tool_calls:
        turn["tool_calls"] = list(message.tool_calls)
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.cache:
        turn["cache"] = True
    return turn


class TracedRendering(Rendering):
    """Texts with their sources: the slower variant for lint and blame."""

    _traced = True

    def __init__(self, prompt: Prompt, names: dict[str, Any], load: Load, media: MediaUrls) -> None:
        super().__init__(prompt, names, load, media)
        self.texts: list[SourcedText] = []
        self.messages_at: list[str] = []
        self.branches = self._run.branches

    def _add(self, turn: dict[str, Any], at: str) -> None:
        super()._add(turn, at)
        self.messages_at.append(at)

    def text(self, message: Message, part: TextPart, names: dict[str, Any]) -> str:
        pieces = _without_trailing_newlines(trace_text(part.text, names, self._run))
        traced = SourcedText(len(self.messages), message.role, part.at, pieces)
        self.texts.append(traced)
        return traced.text

    def holds(self, when: Text, names: dict[str, Any]) -> bool:
        result = super().holds(when, names)
        self.branches.add((when, 0, "holds" if result else "fails"))
        return result


def _without_trailing_newlines(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    pieces_ = list(pieces)
    while pieces_:
        last = pieces_.pop()
        text = last.text.rstrip("\n")
        if text:
            end = last.start + len(text) if last.literal else last.end
            return (*pieces_, Piece(text, last.frame, last.start, end, last.literal))
    return ()
