"""A prompt that is tried with inputs: what the model receives, as far as it can be rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from promptops.model.change import ABSENT
from promptops.model.finding import Finding
from promptops.model.place import Place
from promptops.records import record
from promptops.records.outputs import output

FieldKind = Literal[
    "text", "number", "boolean", "choice", "list", "table", "object", "history", "media", "json"
]


@record(frozen=True, slots=True, kw_only=True)
class PreviewError:
    """Why something can't be rendered.

    Attributes:
        message: One sentence, lower case, no full stop.
        hint: The fix, or None.
        place: In a template or the prompt file; None for a wrong input.
        input: JSON pointer to the wrong input, or to the object that lacks one; None for a place.
    """

    message: str
    hint: str | None = None
    place: Place | None = None
    input: str | None = None


@record(frozen=True, slots=True)
class PreviewPiece:
    """A part of the text of a message.

    Attributes:
        text: What the model receives.
        literal: It is written in a template; else it is an inserted value.
        place: Where it is written or inserted; None for what is in no template, such as a message
            of the conversation.
    """

    text: str
    literal: bool
    place: Place | None


@record(frozen=True, slots=True, kw_only=True)
class PreviewMessage:
    """A message of the request.

    Attributes:
        role: Such as system or user.
        at: JSON pointer of the message in the prompt file.
        pieces: Joined, they are its text; an image is `[image]`. Empty with an error.
        error: Why it can't be rendered; the other messages are rendered all the same.
    """

    role: str
    at: str
    pieces: tuple[PreviewPiece, ...]
    error: PreviewError | None = None


@record(frozen=True, slots=True, kw_only=True)
class FormField:
    """One input, or a part of one, as a field of a form.

    Attributes:
        name: Of the input, of the column of a table, or of the key of an object.
        kind: `text`: a box whose value stays a text. `number`, `boolean`, `choice`: a single value.
            `list`: texts. `table`: objects with the same keys. `object`: an object with these keys.
            `history`: messages with role and text. `media`: base64 or an address. `json`: any other
            value, as JSON.
        required: It has to be given; others can be left out.
        description: Of the input schema, or None.
        default: The value that is used if it is left out; no key without one.
        choices: All possible values of a `choice`.
        fields: The columns of a `table`, the keys of an `object`.
    """

    name: str
    kind: FieldKind
    required: bool
    description: str | None = None
    default: Any = ABSENT
    choices: tuple[Any, ...] = ()
    fields: tuple[FormField, ...] = ()


@output("preview")
@record(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the model receives for some inputs, with what can't be rendered.

    Attributes:
        prompt: The id of the prompt.
        path: Of the prompt file.
        case: The test case with these inputs; None for other inputs.
        turns: The number of turns of the case; 0 without turns. `messages` are then the
            conversation, as far as it is recorded.
        cases: The names of all test cases of the prompt.
        inputs: As given, without defaults.
        form: A field for each input, the required ones first.
        messages: Of the request.
        errors: What concerns no single message: wrong inputs, a prompt that can't be read.
        findings: What `promptops lint` reports in the prompt file.
        tokens: An estimate of the size of the request; None with an error.
        cost_usd: Of sending the request; None without a known price.
        digest: The key of the recorded answers to this request; None with an error.
    """

    prompt: str
    path: str
    case: str | None = None
    turns: int = 0
    cases: tuple[str, ...] = ()
    inputs: Mapping[str, Any]
    form: tuple[FormField, ...] = ()
    messages: tuple[PreviewMessage, ...] = ()
    errors: tuple[PreviewError, ...] = ()
    findings: tuple[Finding, ...] = ()
    tokens: int | None = None
    cost_usd: float | None = None
    digest: str | None = None
