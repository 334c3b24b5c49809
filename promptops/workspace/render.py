"""The request for a test case or for given inputs, and the source of each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.recordings import recordings_in, unrecorded_reason
from promptops.catalog.schema_places import UNKNOWN_PROFILE, UNKNOWN_TOOL
from promptops.errors import InputError, UsageError
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt, Request, SimulatedUser
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.records.outputs import output
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, SourcedText, TracedRequest
from promptops.runtime.template.text_rendering import Piece
from promptops.workspace.listing import unreadable_error
from promptops.workspace.workspace import Workspace

if TYPE_CHECKING:
    from promptops.evals.conversations import Step


@record(frozen=True, slots=True)
class AnnotatedRequest:
    """A rendered request with its sources.

    Attributes:
        case: The name of the test case; None for given inputs.
        turn: The turn of the case; None for the request of the prompt alone.
    """

    prompt: Prompt
    case: str | None
    traced: TracedRequest
    turn: AskedTurn | None = None

    @property
    def request(self) -> Request:
        return self.traced.request if self.turn is None else self.turn.request

    @property
    def digest(self) -> str:
        return request_digest(self.request)


@record(frozen=True, slots=True)
class AskedTurn:
    """The request of one turn of a case.

    Attributes:
        number: 1-based.
        request: The messages of the prompt, the conversation before the turn, and the new message.
        places: The source of each message after those of the prompt; for an answer, its turn.
    """

    number: int
    request: Request
    places: tuple[Place, ...]


@record(frozen=True, slots=True)
class RenderedLine:
    """A line of a rendered text.

    Attributes:
        message: Index in the request's messages, 0-based.
        role: Of the message.
        line: 1-based, within the text of the message.
        text: What the model receives.
        place: The source of its first literal characters, where an author would edit it.
        inputs: The expressions whose values are in the line.
    """

    message: int
    role: str
    line: int
    text: str
    place: Place
    inputs: tuple[str, ...]


@output("render")
@record(frozen=True, slots=True, kw_only=True)
class Rendering:
    """The result of `render`.

    Attributes:
        prompt: The id of the prompt.
        case: The name of the test case with the inputs; None if they were given.
        turn: The turn of the case, 1-based; None for a case without turns.
        digest: SHA-256 of the request in canonical JSON (RFC 8785), `promptops-request/1`,
            hexadecimal: the key of recorded answers.
        request: In the provider-neutral form.
        lines: Each line of the messages with its source; None without `--annotate`.
    """

    prompt: str
    case: str | None
    turn: int | None
    digest: str
    request: Request
    lines: tuple[RenderedLine, ...] | None


def render_case(workspace: Workspace, path: str, name: str | None) -> AnnotatedRequest:
    """The request of a test case; without a name, of the first one.

    Raises UsageError for a missing case, RenderError for one that can't be rendered.
    """
    prompt = readable_prompt(workspace, path)
    case = named_case(prompt, name)
    return AnnotatedRequest(prompt, case.name, _renderer(workspace, prompt).trace(case.inputs))


def render_turn(
    workspace: Workspace, path: str, name: str | None, number: int | None
) -> AnnotatedRequest:
    """The request of a turn of a test case, after the recorded answers to the turns before.

    Without a number that of the first turn; for a case without turns as `render_case`.

    Raises UsageError for a turn that the case does not have, InputError if an answer before it is
    not recorded or the conversation ended before it.
    """
    rendered = render_case(workspace, path, name)
    case = named_case(rendered.prompt, name)
    if number is None and not case.turns:
        return rendered
    _refuse_missing_turn(case, number or 1)
    asked = asked_turn(workspace.catalog, rendered.prompt, case, rendered.request, number or 1)
    return replace(rendered, turn=asked)


def _refuse_missing_turn(case: Case, number: int) -> None:
    at = str(case.locate(case.at, False))
    if not case.turns:
        message = f"the case {case.name!r} has no turns"
        raise UsageError(message, where=at, hint="leave out --turn")
    users = [turn.user for turn in case.turns if isinstance(turn.user, SimulatedUser)]
    most = len(case.turns) + sum(user.max_turns - 1 for user in users)
    if number > most:
        has = "has at most" if users else "has"
        message = f"the case {case.name!r} {has} {counted(most, 'turn')}"
        raise UsageError(message, where=at, hint=f"leave out --turn, or write 1 to {most}")


def asked_turn(
    catalog: Catalog, prompt: Prompt, case: Case, request: Request, number: int | None
) -> AskedTurn:
    """The request of a turn, from the recorded answers to the turns before.

    Args:
        request: Of the prompt, for the inputs of the case.
        number: Of the turn; None for the last one that the recordings reach.

    Raises InputError if no recording leads to the turn.
    """
    from promptops.evals.conversations import Conversation, SimulatedUsers

    recordings = recordings_in(catalog, prompt.path).recordings
    answers = {(each.request, each.judge): each.answer for each in recordings if not each.repeat}
    conversation = Conversation(request, case.turns, SimulatedUsers(catalog).request)
    places: list[Place] = []
    reached: AskedTurn | None = None
    while (step := conversation.next()) is not None:
        if not step.judge:
            said = len(step.request.messages) - len(request.messages) - len(places)
            places += [case.locate(step.at, False)] * said
            reached = AskedTurn(conversation.number, step.request, tuple(places))
            if conversation.number == number:
                return reached
            places.append(case.locate(step.at, False))
        answer = answers.get((step.digest, step.judge))
        if answer is None:
            break
        conversation.answer(answer)
    if number is None and reached is not None:
        return reached
    if step is not None:
        raise _unrecorded_turn(prompt, case, conversation.number, number, step)
    reason = conversation.ended or "the simulated user reached the goal"
    raise InputError(
        f"the conversation of the case {case.name!r} ended before turn {number or 1}: {reason}",
        where=str(case.locate(case.at, False)),
    )


def _unrecorded_turn(
    prompt: Prompt, case: Case, turn: int, wanted: int | None, step: Step
) -> InputError:
    what = (
        f"the simulated user's message of turn {turn}"
        if step.judge
        else f"the answer to turn {turn}"
    )
    return InputError(
        f"{what} is not recorded, and turn {wanted or 1} of the case {case.name!r} needs it",
        where=str(case.locate(step.at, False)),
        hint=f"promptops test {prompt.id} --record",
    )


def render_inputs(workspace: Workspace, path: str, inputs: Mapping[str, Any]) -> AnnotatedRequest:
    """The request for given inputs; raises RenderError."""
    prompt = readable_prompt(workspace, path)
    return AnnotatedRequest(prompt, None, _renderer(workspace, prompt).trace(inputs))


def readable_prompt(workspace: Workspace, path: str) -> Prompt:
    """A prompt that can be rendered; raises InputError if it or a body file can't be read."""
    loaded = workspace.catalog.loaded(path)
    if loaded.prompt is None:
        raise unreadable_error(loaded)
    _refuse_incomplete(workspace, loaded)
    return loaded.prompt


def _refuse_incomplete(workspace: Workspace, loaded: LoadedPrompt) -> None:
    """Raise InputError for a missing body file, so that the message does not look empty.

    Also raises it for a missing profile or tool.
    """
    hint = f"`{loaded.lint_command}` shows the details"
    for problem in loaded.problems:
        if problem.code in ("SEC010", UNKNOWN_PROFILE, UNKNOWN_TOOL):
            raise InputError(problem.message, where=str(problem.at), hint=problem.hint or hint)
    for reference in loaded.references:
        if reference.kind == "body" and workspace.catalog.files.text(reference.target) is None:
            raise InputError(
                f"`{reference.written}` can't be read", where=str(reference.place), hint=hint
            )


def _renderer(workspace: Workspace, prompt: Prompt) -> Renderer:
    return Renderer(prompt, workspace.catalog.load, workspace.catalog.files.data)


def named_case(prompt: Prompt, name: str | None) -> Case:
    """A test case by its name or by the only beginning of one; without a name, the first one.

    Raises UsageError for a missing case, InputError if its retrieved inputs are not recorded.
    """
    case = listed_case(prompt, name)
    if case.unrecorded:
        raise InputError(
            f"{unrecorded_reason(case)} for the case {case.name!r}",
            where=str(case.locate(case.at, False)),
            hint=f"promptops test {prompt.id} --record",
        )
    return case


def listed_case(prompt: Prompt, name: str | None) -> Case:
    """As `named_case`; its retrieved inputs may be missing.

    Raises InputError for a retrieved input that the prompt does not have.
    """
    case = _named(prompt, name)
    if case.unrecorded:
        from promptops.evals.unknown_names import retrieved_problems

        for problem in retrieved_problems(prompt):
            raise InputError(problem.message, where=str(problem.at), hint=problem.hint)
    return case


def _named(prompt: Prompt, name: str | None) -> Case:
    if not prompt.cases:
        raise UsageError(
            f"{prompt.id} has no test case", hint="give the inputs: --input NAME=VALUE"
        )
    if name is None:
        return prompt.cases[0]
    exact = [case for case in prompt.cases if case.name == name]
    starting = [case for case in prompt.cases if case.name.startswith(name)]
    if exact or len(starting) == 1:
        return (exact or starting)[0]
    names = ", ".join(repr(case.name) for case in (starting or prompt.cases))
    what = "several cases begin with" if starting else "there is no case"
    raise UsageError(f"{what} {name!r}", where=prompt.path, hint=f"one of: {names}")


def rendered_lines(rendered: AnnotatedRequest) -> Iterator[RenderedLine]:
    """Every line of every text of the request, with its source."""
    for text in rendered.traced.texts:
        for number, pieces in enumerate(_split(text.pieces) if text.pieces else (), start=1):
            yield _line(text, number, pieces)
    if rendered.turn is not None:
        yield from _lines_of_turns(rendered.turn)


def _lines_of_turns(turn: AskedTurn) -> Iterator[RenderedLine]:
    """The lines of all messages after those of the prompt, with the tool calls of answers."""
    from promptops.evals.subject import text_of, with_calls

    first = len(turn.request.messages) - len(turn.places)
    for index, place in enumerate(turn.places, start=first):
        message = turn.request.messages[index]
        text = with_calls(text_of(message["content"]), message.get("tool_calls") or ())
        for number, line in enumerate(text.split("\n"), start=1):
            yield RenderedLine(
                message=index, role=message["role"], line=number, text=line, place=place, inputs=()
            )


def _split(pieces: tuple[Piece, ...]) -> Iterator[list[Piece]]:
    """The pieces of each line, newlines left out."""
    line: list[Piece] = []
    for piece in pieces:
        at = 0
        for index, part in enumerate(piece.text.split("\n")):
            if index:
                yield line
                line = []
            start = piece.start + at if piece.literal else piece.start
            end = start + len(part) if piece.literal else piece.end
            line.append(Piece(part, piece.frame, start, end, piece.literal))
            at += len(part) + 1
    yield line


def _line(text: SourcedText, number: int, pieces: list[Piece]) -> RenderedLine:
    non_empty = [piece for piece in pieces if piece.text] or pieces
    first = next(
        (piece for piece in non_empty if piece.literal and piece.text.strip()), non_empty[0]
    )
    source = first.frame.text
    at = min(first.start, max(len(source.value) - 1, 0))
    inputs = [_expression(piece) for piece in non_empty if not piece.literal and piece.text]
    return RenderedLine(
        message=text.message,
        role=text.role,
        line=number,
        text="".join(piece.text for piece in pieces),
        place=source.place(at, max(first.end, at + 1)),
        inputs=tuple(dict.fromkeys(inputs)),
    )


def _expression(piece: Piece) -> str:
    """The whole of `{{ … }}` around a printed value, without its braces."""
    source = piece.frame.text.value
    end = source.find("}}", piece.start)
    return source[piece.start : end if end >= 0 else piece.end].strip(" -+")
