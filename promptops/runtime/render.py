"""From a prompt and inputs to a request: the one renderer.

Lint, diff, tests and applications all come through here, so that what was checked is what is sent.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptops.errors import InputError
from promptops.model.place import Place, Text
from promptops.model.prompt import (
    ForEach,
    History,
    MediaPart,
    Message,
    Part,
    Prompt,
    TextPart,
    Tool,
    Turn,
)
from promptops.model.request import Request
from promptops.runtime.inputs import InputProblem, Inputs
from promptops.runtime.program import evaluate, render_text, trace_text
from promptops.runtime.scope import Frame, Load, Piece, Run, TemplateFailure

MAX_TURNS = 1_000


class RenderError(InputError):
    """A request that can't be made.

    Attributes:
        place: Of what failed in the prompt or a partial; None where the caller's inputs are wrong.
        frames: The templates on the way there, innermost first.
        inputs: What is wrong with the inputs.
    """

    def __init__(
        self,
        message: str,
        *,
        place: Place | None = None,
        frame: Frame | None = None,
        inputs: tuple[InputProblem, ...] = (),
        refused: bool = False,
    ) -> None:
        super().__init__(message, where=str(place) if place else None)
        self.place = place
        self.frame = frame
        self.inputs = inputs
        self.refused = refused


@dataclass(frozen=True, slots=True)
class TracedText:
    """A text of the request, with where it comes from.

    Attributes:
        message: Index in the request's messages.
        at: JSON pointer of the text part in the prompt file.
        pieces: Joined they are the text of the request, trailing newlines cut.
    """

    message: int
    role: str
    at: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Traced:
    """A request, where each character of it comes from, and the ways its templates took."""

    request: Request
    texts: tuple[TracedText, ...]
    branches: frozenset[tuple[Text, int, str]]


class Renderer:
    """A prompt made ready to be rendered many times; safe to share between threads."""

    def __init__(
        self, prompt: Prompt, load: Load, media: Callable[[str], bytes | None] | None = None
    ) -> None:
        """`load` finds included templates, `media` the files of media parts.

        Raises RenderError where the inputs' schema is none.
        """
        self._prompt = prompt
        self._load = load
        self._media = media
        try:
            self._inputs = Inputs(prompt.inputs)
        except ValueError as error:
            place = prompt.locate("/inputs", False)
            raise RenderError(f"`inputs` is no schema: {error}", place=place) from None

    def accept(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[InputProblem, ...]]:
        """The inputs with their defaults, and what is wrong with them."""
        return self._inputs.accept(inputs)

    def request(self, inputs: Mapping[str, Any]) -> Request:
        """The request for these inputs; raises RenderError."""
        return self._request(_Plain(self, self._accepted(inputs)))

    def trace(self, inputs: Mapping[str, Any]) -> Traced:
        """The request, and where each character of it comes from; raises RenderError."""
        pass_ = _Tracing(self, self._accepted(inputs))
        request = self._request(pass_)
        return Traced(request, tuple(pass_.texts), frozenset(pass_.branches))

    def _accepted(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        accepted, problems = self._inputs.accept(inputs)
        if problems:
            lines = "; ".join(problem.message for problem in problems)
            raise RenderError(f"{self._prompt.id}: {lines}", inputs=problems)
        return accepted

    def _request(self, pass_: _Pass) -> Request:
        prompt = self._prompt
        try:
            messages = tuple(pass_.turns(prompt.messages))
        except TemplateFailure as failure:
            raise _failed(failure) from None
        model = {"provider": prompt.model.provider, "id": prompt.model.id}
        return Request(
            messages=messages,
            model={key: value for key, value in model.items() if value is not None},
            params=prompt.model.params,
            provider_options=prompt.model.provider_options,
            tools=tuple(_tool(tool) for tool in prompt.tools),
            tool_choice=prompt.tool_choice,
            response_format=_response_format(prompt),
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


class _Pass:
    """One walk over the messages with one set of inputs."""

    def __init__(self, renderer: Renderer, names: dict[str, Any]) -> None:
        self.load = renderer._load
        self.media = renderer._media
        self.names = names
        self.made = 0

    def turns(self, turns: tuple[Turn, ...]) -> Iterator[dict[str, Any]]:
        for turn in turns:
            if isinstance(turn, Message):
                yield from self.message(turn, self.names)
            elif isinstance(turn, ForEach):
                for item in self.names.get(turn.source) or ():
                    names = {**self.names, turn.name: item}
                    for message in turn.messages:
                        yield from self.message(message, names)
            else:
                yield from self.history(turn)

    def message(self, message: Message, names: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if message.when is not None and not self.holds(message.when, names):
            return
        if self.made >= MAX_TURNS:
            raise TemplateFailure(
                f"over {MAX_TURNS:,} messages", _frame(message), 0, 1, refused=True
            )
        parts = [self.part(message, part, names) for part in self.kept(message.parts, names)]
        content: Any = parts
        if message.plain:
            content = parts[0]["text"] if parts else ""
        turn = {"role": message.role, "content": content}
        optional = {
            "name": message.name,
            "tool_calls": list(message.tool_calls) or None,
            "tool_call_id": message.tool_call_id,
            "cache": message.cache or None,
        }
        self.made += 1
        yield turn | {key: value for key, value in optional.items() if value is not None}

    def kept(self, parts: tuple[Part, ...], names: dict[str, Any]) -> Iterator[Part]:
        for part in parts:
            if part.when is None or self.holds(part.when, names):
                yield part

    def part(self, message: Message, part: Part, names: dict[str, Any]) -> dict[str, Any]:
        if isinstance(part, TextPart):
            return {"type": "text", "text": self.text(message, part, names)}
        origin = {"type": part.kind, "detail": part.detail, "title": part.title}
        return {
            **{key: value for key, value in origin.items() if value is not None},
            **self.content(part, names),
        }

    def content(self, part: MediaPart, names: dict[str, Any]) -> dict[str, Any]:
        """An address stays one; a file is read; an input is whichever it looks like."""
        value = names.get(part.value) if part.origin == "input" else part.value
        if part.origin != "file":
            remote = isinstance(value, str) and value.startswith(("https://", "http://", "data:"))
            return {"url" if remote else "data": value}
        data = self.media(part.value) if self.media is not None else None
        if data is None:
            frame = Frame(Text(part.value, part.value, lambda offset: (1, offset + 1)))
            raise TemplateFailure(f"there is no file `{part.value}`", frame, 0, 1)
        kind = mimetypes.guess_type(part.value)[0] or "application/octet-stream"
        return {"url": f"data:{kind};base64,{base64.b64encode(data).decode()}"}

    def history(self, turn: History) -> Iterator[dict[str, Any]]:
        """The caller's conversation, as it is: never a template."""
        past = list(self.names.get(turn.source) or ())
        for item in past[-turn.last :] if turn.last else past:
            self.made += 1
            yield dict(item)

    def holds(self, when: Text, names: dict[str, Any]) -> bool:
        return evaluate(when, names, self.load)

    def text(self, message: Message, part: TextPart, names: dict[str, Any]) -> str:
        raise NotImplementedError


def _frame(message: Message) -> Frame:
    texts = [part.text for part in message.parts if isinstance(part, TextPart)]
    return Frame(texts[0] if texts else Text("", " ", lambda offset: (1, 1)))


class _Plain(_Pass):
    """Texts only: what an application pays for."""

    def text(self, message: Message, part: TextPart, names: dict[str, Any]) -> str:
        return render_text(part.text, names, self.load).rstrip("\n")


class _Tracing(_Pass):
    """Texts and where they come from: what lint and blame pay for."""

    def __init__(self, renderer: Renderer, names: dict[str, Any]) -> None:
        super().__init__(renderer, names)
        self.texts: list[TracedText] = []
        self.branches: set[tuple[Text, int, str]] = set()

    def text(self, message: Message, part: TextPart, names: dict[str, Any]) -> str:
        run = Run(self.load, traced=True)
        pieces = _without_trailing_newlines(trace_text(part.text, names, run))
        self.branches |= run.branches
        traced = TracedText(self.made, message.role, part.at, pieces)
        self.texts.append(traced)
        return traced.text

    def holds(self, when: Text, names: dict[str, Any]) -> bool:
        held = super().holds(when, names)
        self.branches.add((when, 0, "holds" if held else "fails"))
        return held


def _without_trailing_newlines(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    kept = list(pieces)
    while kept:
        last = kept.pop()
        text = last.text.rstrip("\n")
        if text:
            end = last.start + len(text) if last.literal else last.end
            return (*kept, Piece(text, last.frame, last.start, end, last.literal))
    return ()
