"""Messages for tools that replace names in texts and do nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.analysis.template_walk import walk
from promptops.formats.document import Loss
from promptops.formats.exported import ExportSubject, NotExported
from promptops.formats.parts import CommentPart, ExpressionPart, TemplatePart, TextPart
from promptops.formats.template_parts import NotATemplate, template_parts
from promptops.model.prompt import Case, ConversationHistory, Message
from promptops.model.prompt import TextPart as PromptText
from promptops.patterns import lazy_pattern
from promptops.plurals import series
from promptops.records import record

_SHOWN = 10
_MARK = lazy_pattern("\ue000(\\w+)\ue001")


@record(frozen=True, slots=True)
class Variable:
    """The name of an input in a text."""

    name: str


Piece = str | Variable


@record(frozen=True, slots=True)
class PlainMessage:
    """A message of texts and variables."""

    role: str
    pieces: tuple[Piece, ...]

    @property
    def parts(self) -> tuple[TemplatePart, ...]:
        """The message as a template."""
        return tuple(
            TextPart(one) if isinstance(one, str) else ExpressionPart(one.name)
            for one in self.pieces
        )

    @property
    def variables(self) -> set[str]:
        """The names of its variables."""
        return {one.name for one in self.pieces if isinstance(one, Variable)}


@record(frozen=True, slots=True)
class PlainHistory:
    """The caller's conversation."""

    source: str


PlainTurn = PlainMessage | PlainHistory


def plain_turns(subject: ExportSubject) -> list[PlainTurn]:
    """The messages; with a case, those that it renders. Raises NotExported."""
    if subject.case is not None:
        return list(case_messages(subject, subject.case))
    return [_turn(subject, turn) for turn in subject.prompt.messages]


def case_messages(subject: ExportSubject, case: Case) -> Iterator[PlainMessage]:
    """The rendered messages of a case, with variables in place of the inputs that are only printed.

    Raises NotExported.
    """
    accepted, _ = subject.renderer.accept(case.inputs)
    for message in subject.request(case, {**accepted, **_marked(subject, accepted)}).messages:
        content = message.get("content")
        if not isinstance(content, str) or message.keys() & {"tool_calls", "tool_call_id"}:
            raise subject.refused(
                "this format can't express a call of a tool, or a message of several parts"
            )
        split = _MARK.split(content)
        pieces = [Variable(one) if at % 2 else one for at, one in enumerate(split)]
        yield PlainMessage(str(message["role"]), tuple(_merged(pieces)))


def fixed_inputs(subject: ExportSubject) -> Iterator[Loss]:
    """A loss that names the inputs whose values in the case are part of the export."""
    if subject.case is None:
        return
    accepted, _ = subject.renderer.accept(subject.case.inputs)
    fixed = sorted(accepted.keys() - _marked(subject, accepted).keys())
    if fixed:
        names = series([f"`{name}`" for name in fixed], "and", _SHOWN)
        have = "has the value" if len(fixed) == 1 else "have the values"
        message = f"{names} {have} of the case `{subject.case.name}`"
        yield subject.lost("EXP111", message, "/inputs")


def _turn(subject: ExportSubject, turn: Any) -> PlainTurn:
    if isinstance(turn, ConversationHistory):
        return PlainHistory(turn.source)
    if not isinstance(turn, Message):
        raise _not_plain(subject, "messages that are repeated", turn.at)
    if turn.when is not None:
        raise _not_plain(subject, "a condition of a message", turn.at)
    if turn.tool_calls or turn.role == "tool":
        raise subject.refused("this format can't express a call of a tool", turn.at)
    if not turn.plain:
        raise subject.refused("this format can't express a message of several parts", turn.at)
    pieces: list[Piece] = []
    for part in turn.parts:
        if not isinstance(part, PromptText):
            raise _not_plain(subject, "an image", part.at)
        pieces += _pieces(subject, part)
    return PlainMessage(turn.role, tuple(_merged(pieces)))


def _pieces(subject: ExportSubject, text: PromptText) -> Iterator[Piece]:
    try:
        parts = template_parts(text.text, subject.load)
    except NotATemplate as error:
        raise _not_plain(subject, str(error), text.at) from None
    for part in parts:
        if isinstance(part, TextPart):
            yield part.text
        elif isinstance(part, ExpressionPart) and part.source.isidentifier():
            yield Variable(part.source)
        elif not isinstance(part, CommentPart):
            raise _not_plain(subject, f"`{getattr(part, 'source', '')}`", text.at)


def _marked(subject: ExportSubject, accepted: Mapping[str, Any]) -> dict[str, str]:
    """The marks by the names of the inputs that stay variables."""
    return {
        name: f"\ue000{name}\ue001"
        for name in _printed(subject)
        if isinstance(accepted.get(name), str)
    }


def _printed(subject: ExportSubject) -> set[str]:
    """The text inputs that are printed as they are and read nowhere else."""
    roles: dict[str, set[str]] = {}
    for turn in subject.prompt.messages:
        if not isinstance(turn, Message):
            continue
        for part in turn.parts:
            if isinstance(part, PromptText):
                for use in walk(part.text, subject.load).uses:
                    roles.setdefault(use.name, set()).add(use.role if not use.path else "other")
    properties = subject.prompt.inputs.get("properties", {})
    return {
        name
        for name, found in roles.items()
        if found == {"output"} and _takes_any_text(properties.get(name), len(name) + 2)
    }


def _takes_any_text(schema: Any, length: int) -> bool:
    if not isinstance(schema, Mapping):
        return False
    kinds = schema.get("type", "string")
    limited = any(
        key in schema for key in ("enum", "const", "pattern", "format", "contentMediaType")
    )
    return "string" in kinds and not limited and schema.get("maxLength", length) >= length


def _merged(pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces without empty and adjacent texts; no newlines at the end, as rendered."""
    text = ""
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        found += [text, piece]
        text = ""
    found.append(text.rstrip("\n"))
    return (piece for piece in found if piece != "")


def _not_plain(subject: ExportSubject, what: str, pointer: str = "/messages") -> NotExported:
    return subject.refused(f"this format can't express {what}", pointer, subject.case_hint)
