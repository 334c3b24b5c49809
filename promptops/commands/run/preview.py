"""Try a prompt with any inputs: each message that can be rendered, with its source, and a form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from promptops.analysis.input_schemas import InputSchemas, InputShape
from promptops.analysis.uses import ITEM, Path
from promptops.catalog.catalog import Catalog
from promptops.catalog.recordings import unrecorded_reason
from promptops.commands.run.run import CaseInputs
from promptops.errors import InputError
from promptops.evals.subject import text_of, with_calls
from promptops.json_pointer import escaped, tokens, value_at
from promptops.lint.prompt_model import prompt_model
from promptops.lint.request_size import cost_usd, request_tokens
from promptops.model.change import ABSENT
from promptops.model.place import Place
from promptops.model.preview import (
    FieldKind,
    FormField,
    Preview,
    PreviewError,
    PreviewMessage,
    PreviewPiece,
)
from promptops.model.prompt import Case, ConversationHistory, Prompt, Request
from promptops.records import replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.inputs import InputProblem, dotted
from promptops.runtime.request.partial import PartialRenderer, PartialRequest
from promptops.runtime.request.render import RenderError
from promptops.runtime.template.text_rendering import Piece
from promptops.workspace.given_inputs import media_inputs
from promptops.workspace.render import AskedTurn, asked_turn

MAX_CHOICES = 50
"""More values of an input are typed, and not chosen."""

CurrentPlace = Callable[[Place], Place | None]
"""From a place in the prompt to the same in the text as it is now; None if it is gone."""


def _unchanged(place: Place) -> Place:
    return place


def preview_prompt(
    catalog: Catalog,
    prompt: Prompt,
    tried: CaseInputs,
    current: CurrentPlace = _unchanged,
) -> Preview:
    """What the model receives; an error in one message leaves the others readable."""
    case = tried.case
    value = Preview(
        prompt=prompt.id,
        path=prompt.path,
        case=case.name if case is not None else None,
        turns=len(case.turns) if case is not None else 0,
        cases=tuple(case.name for case in prompt.cases),
        inputs=tried.inputs,
        form=tuple(form_of(prompt, tried.inputs)),
    )
    if case is not None and case.unrecorded:
        message = f"{unrecorded_reason(case)} for this case"
        return replace(value, errors=(PreviewError(message=message),))
    try:
        renderer = PartialRenderer(prompt, catalog.load, catalog.files.data)
        found = renderer.partial(tried.inputs)
    except RenderError as error:
        return replace(value, errors=(_error(error, current),))
    shown = replace(
        value,
        messages=tuple(_messages(found, current)),
        errors=tuple(_input_error(each, value) for each in found.problems),
    )
    if shown.errors or found.errors:
        return shown
    return _whole(catalog, prompt, shown, found.traced.request, current)


def _whole(
    catalog: Catalog, prompt: Prompt, shown: Preview, request: Request, current: CurrentPlace
) -> Preview:
    """With the size of the request; a case with turns with the messages of its conversation.

    They are those of the last turn that the recordings reach.
    """
    case = next((case for case in prompt.cases if case.turns and case.name == shown.case), None)
    if case is not None:
        try:
            turn = asked_turn(catalog, prompt, case, request, None)
        except InputError as error:
            return replace(shown, errors=(PreviewError(message=error.message, hint=error.hint),))
        said = _messages_of_turns(turn, len(request.messages), case, current)
        shown, request = replace(shown, messages=(*shown.messages, *said)), turn.request
    tokens, model = request_tokens(request), prompt_model(prompt, catalog.config)
    return replace(
        shown,
        tokens=tokens,
        cost_usd=cost_usd(model, tokens, 0) if model is not None else None,
        digest=request_digest(request),
    )


def _input_error(problem: InputProblem, value: Preview) -> PreviewError:
    """The problem, in words for a form: a field that is left empty is not a length of 0."""
    pointer = problem.pointer
    if problem.missing is not None:
        pointer = f"{pointer}/{escaped(problem.missing)}"
    elif problem.key or value_at(value.inputs, pointer) != "":
        return PreviewError(message=problem.message, hint=problem.hint, input=pointer)
    names = tokens(pointer)
    optional = any([each.name] == names and not each.required for each in value.form)
    or_not = ", or leave it out" if optional else ""
    return PreviewError(message=f"fill in `{dotted(pointer)}`{or_not}", input=pointer)


def _error(error: RenderError, current: CurrentPlace) -> PreviewError:
    place = current(error.place) if error.place is not None else None
    return PreviewError(message=error.message, hint=error.hint, place=place)


# The messages, with the source of each piece.


def _messages(found: PartialRequest, current: CurrentPlace) -> Iterator[PreviewMessage]:
    """Each message with its pieces; those of several parts follow each other."""
    pieces: dict[int, list[Piece]] = {}
    for text in found.traced.texts:
        pieces.setdefault(text.message, []).extend(piece for piece in text.pieces if piece.text)
    for index, message in enumerate(found.traced.request.messages):
        error = found.errors.get(index)
        written = pieces.get(index, [])
        shown = [PreviewPiece(each.text, each.literal, _place(each, current)) for each in written]
        others = [PreviewPiece(text, False, None) for text in _others(message, bool(written))]
        yield PreviewMessage(
            role=str(message["role"]),
            at=found.traced.messages_at[index],
            pieces=(*shown, *others),
            error=_error(error, current) if error is not None else None,
        )


def _messages_of_turns(
    turn: AskedTurn, first: int, case: Case, current: CurrentPlace
) -> Iterator[PreviewMessage]:
    """The messages of a conversation, each at its turn; `first` is the index of the first one."""
    for message, place in zip(turn.request.messages[first:], turn.places, strict=True):
        text = with_calls(text_of(message["content"]), message.get("tool_calls") or ())
        written = message["role"] != "assistant"
        yield PreviewMessage(
            role=str(message["role"]),
            at=f"{case.at}/turns",
            pieces=(PreviewPiece(text, written, current(place)),),
        )


def _place(piece: Piece, current: CurrentPlace) -> Place | None:
    source = piece.frame.text
    if not source.value:
        return None
    return current(source.place(piece.start, max(piece.end, piece.start + 1)))


def _others(message: Mapping[str, Any], is_written: bool) -> Iterator[str]:
    """A message of the history, media, and calls of tools."""
    content = message.get("content")
    if isinstance(content, str) and content and not is_written:
        yield content
    for part in content if isinstance(content, list) else ():
        kind = str(part.get("type", "part"))
        if kind != "text" or not is_written:
            yield part["text"] if kind == "text" else f"[{kind}]"
    for call in message.get("tool_calls") or ():
        yield f"[tool call {call.get('name', '')}]"


# The form.


def form_of(prompt: Prompt, values: Mapping[str, Any]) -> Iterator[FormField]:
    """A field for each input, the required ones first.

    Args:
        values: The inputs that are shown: an input without a type is a text, unless it has another
            value.
    """
    form = _Form(prompt, values)
    fields = list(form.fields(prompt.inputs.get("properties") or ()))
    yield from sorted(fields, key=lambda each: not each.required)


class _Form:
    """The fields of one prompt."""

    def __init__(self, prompt: Prompt, values: Mapping[str, Any]) -> None:
        self._schemas = InputSchemas(prompt.inputs)
        self._values = values
        self._media = media_inputs(prompt)
        turns = prompt.messages
        self._histories = {each.source for each in turns if isinstance(each, ConversationHistory)}

    def fields(self, names: Iterable[str]) -> Iterator[FormField]:
        for name in names:
            shape = self._schemas.at(name)
            if shape is None:
                continue
            if name in self._media:
                yield _field(name, "media", shape)
            elif name in self._histories:
                yield _field(name, "history", shape)
            else:
                yield self._field(name, name, (), shape)

    def _field(self, shown: str, name: str, path: Path, shape: InputShape) -> FormField:
        """One field; `shown` is its own name, below the input `name`."""
        choices = _choices(shape)
        if choices:
            return _field(shown, "choice", shape, choices=choices)
        types = shape.types - {"null"}
        if "array" in types and len(types) == 1:
            return self._list(shown, name, path, shape)
        if "object" in types and len(types) == 1:
            fields = self._keys(name, path, shape)
            return _field(shown, "object" if fields else "json", shape, fields=fields)
        given = self._values.get(name) if not path else None
        return _field(shown, _scalar_kind(types, given), shape)

    def _list(self, shown: str, name: str, path: Path, shape: InputShape) -> FormField:
        item = self._schemas.at(name, (*path, ITEM))
        if path or item is None:
            return _field(shown, "json", shape)
        types = item.types - {"null"}
        if "string" in types and not types & {"array", "object"}:
            return _field(shown, "list", shape)
        columns = self._keys(name, (*path, ITEM), item) if types == {"object"} else ()
        return _field(shown, "table" if columns else "json", shape, fields=columns)

    def _keys(self, name: str, path: Path, shape: InputShape) -> tuple[FormField, ...]:
        """The fields of an object with fixed keys, all of them single values; else none."""
        found = []
        for key in shape.keys:
            below = self._schemas.at(name, (*path, key))
            if below is not None:
                found.append(self._field(key, name, (*path, key), below))
        simple = all(each.kind in ("text", "number", "boolean", "choice") for each in found)
        return tuple(found) if simple else ()


def _field(
    name: str,
    kind: FieldKind,
    shape: InputShape,
    *,
    choices: tuple[Any, ...] = (),
    fields: tuple[FormField, ...] = (),
) -> FormField:
    described = (text for way in shape.ways for text in way.keyword_values("description"))
    defaults = (value for way in shape.ways for value in way.keyword_values("default"))
    default = next(defaults, ABSENT)
    return FormField(
        name=name,
        kind=kind,
        required=not shape.optional and default is ABSENT,
        description=next((text for text in described if isinstance(text, str)), None),
        default=default,
        choices=choices,
        fields=fields,
    )


def _choices(shape: InputShape) -> tuple[Any, ...]:
    """The only possible values, if there are few."""
    found: list[Any] = []
    for way in shape.ways:
        listed = next(way.keyword_values("enum"), None)
        values = listed if isinstance(listed, list) else list(way.keyword_values("const"))
        if not values:
            return ()
        found += [value for value in values if value not in found]
    return tuple(found) if len(found) <= MAX_CHOICES else ()


def _scalar_kind(types: frozenset[str], given: Any) -> FieldKind:
    if types <= {"string", "number", "integer", "boolean"}:
        if "string" in types or (not types and isinstance(given, str | None)):
            return "text"
        if types == {"boolean"}:
            return "boolean"
        if types and types <= {"number", "integer"}:
            return "number"
    return "json"
