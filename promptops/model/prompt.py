"""The prompt, as everything above the reader sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from promptops.model.place import Offsets, Place, Text
from promptops.records import field, record

Locate = Callable[[str, bool], Place]
"""From a JSON pointer into a file to the place of its value or, if the flag is set, of its key.

A pointer that leads nowhere gives the place of the nearest ancestor that exists."""


class LocateWithin(Protocol):
    """As `Locate`, and the place of some characters of the text of a scalar."""

    def __call__(self, pointer: str, key: bool, /, within: Offsets | None = None) -> Place:
        """With `within`, the place of these characters of the value."""


Schema = Mapping[str, Any]
Role = str
MediaKind = Literal["image", "audio", "document"]
ROLES = ("system", "developer", "user", "assistant", "tool")


@record(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text of a message: a template.

    Attributes:
        at: JSON pointer of the text in the prompt file; "" for the prompt's root.
        when: A Jinja expression; the part is left out where it is false.
    """

    text: Text
    at: str
    when: Text | None = None


@record(frozen=True, slots=True, kw_only=True)
class MediaPart:
    """An image, a sound or a document of a message; never rendered as text.

    Attributes:
        origin: What `value` is: the name of an input, an address, or a file's path.
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
        parts: What it says, in order. A plain text is one text part.
        plain: It was written as one text, so the request holds a text and no list of parts.
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
    """Messages repeated for each item of an array input; `name` holds the item."""

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


@record(frozen=True, slots=True, kw_only=True)
class Model:
    """Which model is asked, and how.

    Attributes:
        profile: A name of the configuration, or None when provider and id are written here.
        params: In neutral names.
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


@record(frozen=True, slots=True, kw_only=True)
class Output:
    """What the model is to return; `schema` with its references resolved."""

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


@record(frozen=True, slots=True, kw_only=True)
class Case:
    """A test case: inputs, and what must hold.

    Attributes:
        at: JSON pointer of the case in its file.
        locate: Of the file the case stands in, which may be a case file.
    """

    name: str
    inputs: Mapping[str, Any]
    at: str
    locate: LocateWithin
    rendered: tuple[Mapping[str, Any], ...] = ()
    output: tuple[Mapping[str, Any], ...] = ()
    expected: Any = None
    tags: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt file, resolved: `extends` merged, references and body files read.

    Attributes:
        id: The path below the prompt root without its ending.
        inputs: Schema of the inputs, closed unless the file opens it, references resolved.
        extends: Path of the file it is a variant of, or None.
        locate: Of the prompt file; what came through `extends` is located in that file.
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
