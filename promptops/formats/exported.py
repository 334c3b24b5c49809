"""What a writer gets, and what it yields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from promptops.analysis.template_walk import walk
from promptops.formats.document import CommentPart, ExpressionPart, Loss, TemplatePart, TextPart
from promptops.formats.languages.jinja import NotATemplate, template_parts
from promptops.model.place import Place
from promptops.model.prompt import Case, ConversationHistory, ForEach, Message, Prompt, Request
from promptops.model.prompt import TextPart as PromptText
from promptops.patterns import lazy_pattern
from promptops.plugins import modules_in
from promptops.plurals import series
from promptops.records import record
from promptops.runtime.request.render import Renderer, RenderError
from promptops.runtime.template.text_rendering import Load


class NotExported(Exception):
    """A prompt, or a test case of it, that is not exported; `loss` is the reason, an error."""

    def __init__(self, loss: Loss) -> None:
        super().__init__(loss.message)
        self.loss = loss


def turns_left_out(case: Case) -> Loss:
    """The loss of a case with turns, in a format that has none."""
    message = f"the case `{case.name}` is left out: this format has no turns"
    return Loss(code="EXP114", message=message, place=case.locate(f"{case.at}/turns", True))


@record(frozen=True, slots=True, kw_only=True)
class ExportSubject:
    """One prompt.

    Attributes:
        load: Finds included templates.
        case: With it, only inputs that messages print stay variables; all others have its values.
    """

    prompt: Prompt
    load: Load
    renderer: Renderer
    case: Case | None = None

    def request(self, case: Case, inputs: Mapping[str, Any] | None = None) -> Request:
        """The rendered request of a test case, or for other inputs in place of its own.

        It is the prompt, without what the case says in turns.

        Raises NotExported with an EXP003.
        """
        try:
            return self.renderer.request(case.inputs if inputs is None else inputs)
        except RenderError as error:
            reason = error.message.removeprefix(f"{self.prompt.id}: ")
            message = f"the case `{case.name}` can't be rendered: {reason}"
            place = error.place or case.locate(case.at, False)
            loss = Loss(code="EXP003", message=message, place=place, hint=error.hint)
            raise NotExported(loss) from None

    def refused(
        self, message: str, pointer: str = "/messages", hint: str | None = None
    ) -> NotExported:
        """The error for a part that the format can't express."""
        place = self.prompt.locate(pointer, False)
        return NotExported(Loss(code="EXP005", message=message, place=place, hint=hint))

    @property
    def case_hint(self) -> str | None:
        """The fix for what only a template expresses; None if a case is exported already."""
        return "export a case of it: --case NAME" if self.case is None else None

    def inexpressible(self, what: str, pointer: str = "/messages") -> NotExported:
        """The error for a part that the format could express if a case of it was exported."""
        return self.refused(f"this format can't express {what}", pointer, self.case_hint)

    def lost(self, code: str, message: str, pointer: str = "") -> Loss:
        """A loss at a key of the prompt file."""
        return Loss(code=code, message=message, place=self.prompt.locate(pointer, True))

    def file(self, path: str, text: str) -> ExportedFile:
        """A file for this prompt, or for several prompts of which it is the first."""
        return ExportedFile(path, text, self.prompt.locate("", False))

    def without(self, *fields: str) -> Iterator[Loss]:
        """A loss if the prompt has one of these fields, which only describe or limit it."""
        given = [name for name in fields if getattr(self.prompt, name)]
        if given:
            names = ", ".join(f"`{name}`" for name in given)
            yield self.lost("EXP109", f"not exported: {names}", f"/{given[0]}")

    def without_message_keys(self, *keys: str) -> Iterator[Loss]:
        """A loss for each of these keys, `cache` or `name`, at the first message that has it."""
        for key in keys:
            message = next((one for one in self.messages() if getattr(one, key)), None)
            if message is not None:
                text = f"`{key}` of a message is not exported"
                yield self.lost("EXP113", text, f"{message.at}/{key}")

    def messages(self) -> Iterator[Message]:
        """The messages of the prompt, also those that are repeated."""
        for turn in self.prompt.messages:
            if isinstance(turn, ForEach):
                yield from turn.messages
            elif isinstance(turn, Message):
                yield turn

    def without_tools(self) -> Iterator[Loss]:
        """A loss if the model may call tools."""
        if self.prompt.tools:
            yield self.lost("EXP104", "tools are not exported", "/tools")

    def without_input_schema(self) -> Iterator[Loss]:
        """A loss if inputs are declared."""
        if self.prompt.inputs.get("properties"):
            yield self.lost("EXP103", "the schema of the inputs is not exported", "/inputs")

    def without_cases(self) -> Iterator[Loss]:
        """A loss if there are test cases."""
        if self.prompt.cases:
            yield self.lost("EXP101", "test cases are not exported", "/tests")

    def without_assertions(self) -> Iterator[Loss]:
        """A loss if a case has assertions."""
        for case in self.prompt.cases:
            if case.rendered or case.on_answers:
                message = "the assertions of test cases are not exported"
                place = case.locate(case.at, False)
                yield Loss(code="EXP106", message=message, place=place)
                return

    def without_expected(self) -> Iterator[Loss]:
        """A loss if a case has an expected answer."""
        for case in self.prompt.cases:
            if case.expected is not None:
                message = "expected answers of test cases are not exported"
                place = case.locate(f"{case.at}/expected", True)
                yield Loss(code="EXP101", message=message, place=place)
                return

    def without_rendered(self) -> Iterator[Loss]:
        """A loss if a case has assertions about the request, other than of its number of messages.

        An import adds such a number to each case.
        """
        for case in self.prompt.cases:
            for index, assertion in enumerate(case.rendered):
                if str(assertion.get("type")).removeprefix("not-") != "message-count":
                    message = "assertions about the rendered request are not exported"
                    place = case.locate(f"{case.at}/rendered/{index}", False)
                    yield Loss(code="EXP106", message=message, place=place)
                    return

    def without_output(self) -> Iterator[Loss]:
        """A loss if the prompt has an output format other than text."""
        if self.prompt.output.format == "json":
            yield self.lost("EXP103", "the output format is not exported", "/output")

    def without_provider_options(self) -> Iterator[Loss]:
        """A loss if the model has options of its provider."""
        if self.prompt.model.provider_options:
            message = "`provider_options` are not exported"
            yield self.lost("EXP108", message, "/model/provider_options")

    def without_evaluation(self) -> Iterator[Loss]:
        """A loss if the prompt has settings of its evaluation."""
        if self.prompt.evaluation:
            yield self.lost("EXP107", "`evaluation` is not exported", "/evaluation")

    def without_scores(self) -> Iterator[Loss]:
        """A loss if the evaluation has more than assertions."""
        others = [name for name in self.prompt.evaluation if name != "assertions"]
        if others:
            names = ", ".join(f"`{name}`" for name in others)
            pointer = f"/evaluation/{others[0]}"
            yield self.lost("EXP107", f"of `evaluation` is not exported: {names}", pointer)


@record(frozen=True, slots=True)
class ExportedFile:
    """A file to write.

    Attributes:
        path: Below the target folder.
        place: The prompt that it is for; of several, the first.
    """

    path: str
    text: str
    place: Place


class Writer(Protocol):
    """A module that writes one format.

    Attributes:
        NAME: For the command.
        MARKS: What is written: one line.
        TAKES_CASE: Whether it uses the test case of a subject.
    """

    NAME: str
    MARKS: str
    TAKES_CASE: bool

    @staticmethod
    def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
        """The files for all subjects; an EXP005 for what the format can't express."""


@cache
def known_writers() -> Mapping[str, Writer]:
    """The writers by name: the modules in `writers/`."""
    from promptops.formats import writers

    return {module.NAME: module for module in modules_in(writers)}


# Messages for tools that replace names in texts and do nothing else.

_SHOWN_NAMES = 10
_VARIABLE_MARK = lazy_pattern("\ue000(\\w+)\ue001")


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
        split = _VARIABLE_MARK.split(content)
        pieces = [Variable(one) if at % 2 else one for at, one in enumerate(split)]
        yield PlainMessage(str(message["role"]), tuple(_merged(pieces)))


def fixed_inputs(subject: ExportSubject) -> Iterator[Loss]:
    """A loss that names the inputs whose values in the case are part of the export."""
    if subject.case is None:
        return
    accepted, _ = subject.renderer.accept(subject.case.inputs)
    fixed = sorted(accepted.keys() - _marked(subject, accepted).keys())
    if fixed:
        names = series([f"`{name}`" for name in fixed], "and", _SHOWN_NAMES)
        have = "has the value" if len(fixed) == 1 else "have the values"
        message = f"{names} {have} of the case `{subject.case.name}`"
        yield subject.lost("EXP111", message, "/inputs")


def _turn(subject: ExportSubject, turn: Any) -> PlainTurn:
    if isinstance(turn, ConversationHistory):
        return PlainHistory(turn.source)
    if not isinstance(turn, Message):
        raise subject.inexpressible("messages that are repeated", turn.at)
    if turn.when is not None:
        raise subject.inexpressible("a condition of a message", turn.at)
    if turn.tool_calls or turn.role == "tool":
        raise subject.refused("this format can't express a call of a tool", turn.at)
    if not turn.plain:
        raise subject.refused("this format can't express a message of several parts", turn.at)
    pieces: list[Piece] = []
    for part in turn.parts:
        if not isinstance(part, PromptText):
            raise subject.inexpressible("an image", part.at)
        pieces += _pieces(subject, part)
    return PlainMessage(turn.role, tuple(_merged(pieces)))


def _pieces(subject: ExportSubject, text: PromptText) -> Iterator[Piece]:
    try:
        parts = template_parts(text.text, subject.load)
    except NotATemplate as error:
        raise subject.inexpressible(str(error), text.at) from None
    for part in parts:
        if isinstance(part, TextPart):
            yield part.text
        elif isinstance(part, ExpressionPart) and part.source.isidentifier():
            yield Variable(part.source)
        elif not isinstance(part, CommentPart):
            raise subject.inexpressible(f"`{getattr(part, 'source', '')}`", text.at)


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
