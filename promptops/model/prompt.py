"""A prompt, as all packages above the parser use it, and a neutral request to a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

from promptops.model.place import Offsets, Place, Text
from promptops.records import field, record
from promptops.records.outputs import hidden

Locate = Callable[[str, bool], Place]
"""From a JSON pointer into a file to the place of its value or, if the flag is set, of its key.

For a pointer to nothing, the place of the nearest existing ancestor."""


class LocateWithin(Protocol):
    """As `Locate`, and the place of some characters of the text of a scalar."""

    def __call__(self, pointer: str, key: bool, /, within: Offsets | None = None) -> Place:
        """The place of a value; with `within`, of these characters of it."""


Schema = Mapping[str, Any]
Role = str
MediaKind = Literal["image", "audio", "document"]
ROLES = ("system", "developer", "user", "assistant", "tool")


@record(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text of a message: a template.

    Attributes:
        at: JSON pointer of the text in the prompt file; "" for the prompt's root.
        when: A Jinja expression; the part is omitted if it is false.
    """

    text: Text
    at: str
    when: Text | None = None


@record(frozen=True, slots=True, kw_only=True)
class MediaPart:
    """An image, a sound or a document of a message; never rendered as text.

    Attributes:
        origin: The kind of `value`: the name of an input, a URL, or the path of a file.
        detail: Of an image, for the provider.
        title: Of a document.
    """

    kind: MediaKind
    origin: Literal["input", "url", "file"]
    value: str
    at: str
    detail: str | None = None
    title: str | None = None
    when: Text | None = None


Part = TextPart | MediaPart


@record(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn.

    Attributes:
        parts: Its content, in order. A plain string is one text part.
        plain: It was written as a string, so the request has a string instead of a list of parts.
    """

    role: Role
    parts: tuple[Part, ...]
    at: str
    plain: bool = True
    name: str | None = None
    cache: bool = False
    when: Text | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_call_id: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class ForEach:
    """Messages repeated for each item of an array input; `name` is the variable for the item."""

    source: str
    name: str
    messages: tuple[Message, ...]
    at: str


@record(frozen=True, slots=True, kw_only=True)
class ConversationHistory:
    """The caller's conversation, an array input, passed through untouched; at most `last` turns."""

    source: str
    at: str
    last: int | None = None


Turn = Message | ForEach | ConversationHistory


def messages_of(turns: Iterable[Turn]) -> Iterator[Message]:
    """The messages of a prompt in order, each of a `for_each` once; without histories."""
    for turn in turns:
        if isinstance(turn, Message):
            yield turn
        elif isinstance(turn, ForEach):
            yield from turn.messages


@record(frozen=True, slots=True, kw_only=True)
class Model:
    """The model of a prompt, and its parameters.

    Attributes:
        profile: A name in the configuration; None if the prompt names provider and id.
        params: With provider-neutral names.
        provider_options: By provider.
        any_api: The profile has a `base_url`, whose API is not the one that belongs to the name of
            the provider.
    """

    profile: str | None = None
    provider: str | None = None
    id: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    provider_options: Mapping[str, Any] = field(default_factory=dict)
    any_api: bool = False


def provider_name(written: str | None) -> str:
    """A provider's name as it is compared: upper and lower case mean the same; "" for none."""
    return (written or "").lower()


@record(frozen=True, slots=True, kw_only=True)
class Output:
    """The expected output of the model; `schema` with its references resolved."""

    format: Literal["text", "json", "markdown"] = "text"
    schema: Schema | None = None
    name: str | None = None
    strict: bool = False
    description: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function the model may call; schemas with their references resolved."""

    name: str
    description: str = ""
    parameters: Schema = field(default_factory=dict)
    returns: Schema | None = None
    strict: bool = False
    at: str = ""


DRAFT = "draft"
"""The tag of a case that `promptops cases` wrote and a person has not read yet."""


@record(frozen=True, slots=True, kw_only=True)
class SimulatedUser:
    """A user whose messages a model writes.

    Attributes:
        character: How the user behaves.
        goal: What the user wants; the conversation ends when it is reached.
        max_turns: The most messages of this user.
    """

    character: str
    goal: str
    max_turns: int


@record(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """The result of a tool that the answer before called; text, or JSON data as text."""

    name: str
    text: str


@record(frozen=True, slots=True, kw_only=True)
class CaseTurn:
    """One turn of a case: what is said to the model, and assertions on its answer.

    Attributes:
        at: JSON pointer of the turn in the file of its case.
        user: The message of the user; None for results of tools, and for a first turn that asks the
            prompt as it is rendered.
        results: Results of all tools that the answer before called.
    """

    at: str
    user: str | SimulatedUser | None = None
    results: tuple[ToolResult, ...] = ()
    output: tuple[Mapping[str, Any], ...] = ()

    @property
    def said(self) -> tuple[str | SimulatedUser | None, tuple[ToolResult, ...]]:
        """What it sends, without where it is written and what is expected."""
        return self.user, self.results


@record(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case: inputs and assertions.

    Attributes:
        inputs: With those that `evaluation.retrieve` returned, if they are recorded.
        at: JSON pointer of the case in its file.
        locate: In the file of the case, which may be a case file.
        retrieved: Names of the inputs that come from recordings.
        unrecorded: Names of the inputs that `evaluation.retrieve` has to return and no recording
            contains; the case can't be rendered.
        turns: A conversation; empty for a case with one answer.
        conversation: Assertions on the whole conversation.
    """

    name: str
    inputs: Mapping[str, Any]
    at: str
    locate: LocateWithin
    rendered: tuple[Mapping[str, Any], ...] = ()
    output: tuple[Mapping[str, Any], ...] = ()
    turns: tuple[CaseTurn, ...] = ()
    conversation: tuple[Mapping[str, Any], ...] = ()
    expected: Any = None
    tags: tuple[str, ...] = ()
    retrieved: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Whether `promptops cases` wrote it, and the tag is still there."""
        return DRAFT in self.tags

    @property
    def on_answers(self) -> tuple[Mapping[str, Any], ...]:
        """Its assertions on answers as written: also those on each turn and on all of them."""
        if not (self.turns or self.conversation):
            return self.output
        on_turns = (written for turn in self.turns for written in turn.output)
        return (*self.output, *on_turns, *self.conversation)

    @property
    def simulated(self) -> bool:
        """Whether a model plays the user in some turn."""
        return any(isinstance(turn.user, SimulatedUser) for turn in self.turns)

    @property
    def own_inputs(self) -> dict[str, Any]:
        """The inputs that the case itself gives."""
        given = self.inputs.items()
        return {name: value for name, value in given if name not in self.retrieved}


@record(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt file, resolved: `extends` merged, references and body files read.

    Attributes:
        id: The path in the prompt root, without the suffix.
        inputs: Schema of the inputs, with references resolved; closed unless the file opens it.
        extends: Path of the file it is a variant of, or None.
        locate: In the prompt file; for a value from `extends`, in the file it comes from.
    """

    id: str
    path: str
    locate: LocateWithin
    messages: tuple[Turn, ...]
    inputs: Schema = field(default_factory=dict)
    output: Output = field(default_factory=Output)
    model: Model = field(default_factory=Model)
    tools: tuple[Tool, ...] = ()
    tool_choice: Any = None
    cases: tuple[Case, ...] = ()
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    description: str = ""
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    status: Literal["draft", "active", "deprecated"] = "active"
    replaced_by: str | None = None
    sunset: str | None = None
    budget: Mapping[str, float] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    extends: str | None = None


# A request to a model, as a provider-neutral value.

REQUEST_FORMAT = "promptops-request/1"


class RequestSettings(dict[str, Any]):
    """All arguments of `Request` except the messages: those of one prompt, never changed.

    Attributes:
        checked: By method of `RenderedRequest`: what is left to check in each request, because the
            settings were checked with the first one.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.checked: dict[str, str] = {}


@record(frozen=True, slots=True, kw_only=True)
class Request:
    """One provider-neutral request.

    Attributes:
        messages: Each `{"role", "content"}`, with `name`, `tool_calls`, `tool_call_id`, `cache` if
            they are set. Content is a string, or a list of `{"type": "text", "text"}` and `{"type":
            "image" | "audio" | "document", "url" | "data", …}`.
        model: `{"provider", "id"}`; empty if the prompt names no model.
        params: Parameters in neutral names.
        provider_options: By the name of a provider: its own options, passed on unchanged.
        tools: Each `{"name", "description", "parameters", "strict"}`.
        tool_choice: `auto`, `none`, `required`, or `{"name"}` of the tool to call; None if unset.
        response_format: `{"format", "schema", "name", "strict", "description"}`, without unset
            keys; None for plain text.
        any_api: Whether the profile has its own address, so that the provider's name does not
            decide the format; not part of the digest.
    """

    messages: tuple[Mapping[str, Any], ...]
    model: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    provider_options: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: Any = None
    response_format: Mapping[str, Any] | None = None
    any_api: bool = hidden(default=False)
