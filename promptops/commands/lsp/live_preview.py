"""What a model receives for a case of a prompt, each part with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.retrieved_inputs import unrecorded_reason
from promptops.lint.prompt_model import prompt_model
from promptops.lint.request_tokens import cost_usd, request_tokens
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.records import record
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.template.scope import Piece


@record(frozen=True, slots=True)
class PreviewPiece:
    """A part of a message.

    Attributes:
        literal: Whether the text is written in a template; otherwise it is an inserted value.
        place: Where it is written, or inserted; None for a part that no template contains.
    """

    text: str
    literal: bool
    place: Place | None


@record(frozen=True, slots=True)
class PreviewMessage:
    """A message of the request; the pieces of several parts follow each other."""

    role: str
    pieces: tuple[PreviewPiece, ...]


@record(frozen=True, slots=True, kw_only=True)
class Preview:
    """A rendered case, or why it can't be rendered.

    Attributes:
        case: The name of the case; None if the prompt has none.
        cases: The names of all cases.
        tokens: Estimated tokens of the request; None if it can't be rendered.
        cost_usd: US dollars for sending the request; None without a known price.
        error: Why the request can't be rendered, with the place; None if it can.
    """

    case: str | None
    cases: tuple[str, ...]
    messages: tuple[PreviewMessage, ...] = ()
    tokens: int | None = None
    cost_usd: float | None = None
    error: str | None = None


def preview(catalog: Catalog, prompt: Prompt, name: str | None) -> Preview:
    """The request of a case; without a name, or for one that is gone, of the first case.

    A prompt without cases is rendered with the defaults of its inputs.
    """
    case = next((each for each in prompt.cases if each.name == name), None)
    case = case or next(iter(prompt.cases), None)
    own, names = case.name if case else None, tuple(each.name for each in prompt.cases)
    if case is not None and case.unrecorded:
        return Preview(case=own, cases=names, error=f"{unrecorded_reason(case)} for this case")
    try:
        traced = _traced(catalog, prompt, case)
    except RenderError as error:
        return Preview(case=own, cases=names, error=str(error))
    tokens, model = request_tokens(traced.request), prompt_model(prompt, catalog.config)
    return Preview(
        case=own,
        cases=names,
        messages=tuple(_messages(traced)),
        tokens=tokens,
        cost_usd=cost_usd(model, tokens, 0) if model is not None else None,
    )


def _traced(catalog: Catalog, prompt: Prompt, case: Case | None) -> TracedRequest:
    renderer = Renderer(prompt, catalog.load, catalog.files.data)
    return renderer.trace(case.inputs if case is not None else {})


def _messages(traced: TracedRequest) -> Iterator[PreviewMessage]:
    pieces: dict[int, list[PreviewPiece]] = {}
    for text in traced.texts:
        pieces.setdefault(text.message, []).extend(map(_piece, text.pieces))
    for index, message in enumerate(traced.request.messages):
        found = [piece for piece in pieces.get(index, ()) if piece.text]
        yield PreviewMessage(str(message["role"]), (*found, *_others(message, bool(found))))


def _piece(piece: Piece) -> PreviewPiece:
    source = piece.frame.text
    place = source.place(piece.start, max(piece.end, piece.start + 1)) if source.value else None
    return PreviewPiece(piece.text, piece.literal, place)


def _others(message: Mapping[str, Any], is_written: bool) -> Iterator[PreviewPiece]:
    """What no template contains: a message of the history, media, and calls of tools."""
    content = message.get("content")
    if isinstance(content, str) and content and not is_written:
        yield PreviewPiece(content, False, None)
    parts = content if isinstance(content, list) else ()
    for part in parts:
        kind = str(part.get("type", "part"))
        if kind != "text" or not is_written:
            yield PreviewPiece(part["text"] if kind == "text" else f"[{kind}]", False, None)
    for call in message.get("tool_calls") or ():
        yield PreviewPiece(f"[tool call {call.get('name', '')}]", False, None)
