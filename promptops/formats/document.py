"""What a reader makes of a source: its template as parts, its prompts, and what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from promptops.model.place import Place
from promptops.model.prompt import MediaKind
from promptops.patterns import lazy_pattern
from promptops.records import field, record, replace


@record(frozen=True, slots=True)
class TextPart:
    """Text that is rendered as it is; it may contain braces."""

    text: str


@record(frozen=True, slots=True)
class ExpressionPart:
    """A Jinja expression whose value is rendered, without its braces: `ticket | upper`."""

    source: str


@record(frozen=True, slots=True)
class TagPart:
    """A Jinja statement without its braces, such as `if ticket`; it renders nothing.

    Attributes:
        alone: It had a line of its own in its source, of which nothing was rendered: the texts
            around it have neither its blanks nor its newline.
    """

    source: str
    alone: bool = False


@record(frozen=True, slots=True)
class CommentPart:
    """A comment; it renders nothing. `alone` as for a tag."""

    text: str
    alone: bool = False


TemplatePart = TextPart | ExpressionPart | TagPart | CommentPart


def is_blank(part: TemplatePart) -> bool:
    """Whether a part is text of white space only."""
    return isinstance(part, TextPart) and not part.text.strip()


# Tags that name another template: `include "a"`, `import "a" as b`, `from "a" import b`.

_NAMED = lazy_pattern(r"""(include|import|from)(\s+)(["'])([^"']+)\3(.*)""", 16)


@record(frozen=True, slots=True)
class IncludeTag:
    """A tag with the constant name of a template.

    Attributes:
        word: `include`, `import` or `from`.
        after: What follows the name, with the blanks before it.
    """

    part: TagPart
    word: str
    name: str
    after: str

    def renamed(self, name: str) -> TagPart:
        """The tag with another name."""
        return replace(self.part, source=f'{self.word} "{name}"{self.after}')


def include_tag(part: TemplatePart) -> IncludeTag | None:
    """The tag; None for other parts, and for names that are computed."""
    match = _NAMED.fullmatch(part.source) if isinstance(part, TagPart) else None
    if match is None or not isinstance(part, TagPart):
        return None
    return IncludeTag(part, match[1], match[4], match[5])


# A prompt of another tool as a reader yields it: its texts, with the names of prompt files.


@record(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is lost, changed or assumed when a prompt is read.

    Attributes:
        code: Such as `IMP102`; its name and severity are in `codes.py`.
        place: In the source: of the key, the tag, or the file.
        refuses: The prompt can't be written without this part.
    """

    code: str
    message: str
    place: Place
    hint: str | None = None
    refuses: bool = False


@record(frozen=True, slots=True, kw_only=True)
class LeftOutText:
    """A string of a source that was considered, and is not a prompt.

    Attributes:
        name: Of the string in its file, as a step of an id.
        begins: Its first words.
        reason: In words, such as `under 40 characters or 5 words`.
    """

    name: str
    place: Place
    begins: str
    reason: str


@record(frozen=True, slots=True, kw_only=True)
class TextContent:
    """Text of a message. `when`: a Jinja expression, or None."""

    parts: tuple[TemplatePart, ...]
    when: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class MediaContent:
    """An image, a sound or a document of a message; see `model.prompt.MediaPart`."""

    kind: MediaKind
    origin: Literal["input", "url", "file"]
    value: str
    detail: str | None = None
    when: str | None = None


@record(frozen=True, slots=True, kw_only=True)
class SourceMessage:
    """One turn.

    Attributes:
        fields: Other keys of a message of a prompt file: `name`, `tool_calls`, `tool_call_id`,
            `cache`.
    """

    role: str
    content: tuple[TextContent | MediaContent, ...]
    when: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True, slots=True, kw_only=True)
class SourceHistory:
    """The caller's conversation, an input."""

    source: str
    last: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class SourceLoop:
    """Messages for each item of an input; `name` is the variable for the item."""

    source: str
    name: str
    messages: tuple[SourceMessage, ...]


SourceTurn = SourceMessage | SourceHistory | SourceLoop


@record(frozen=True, slots=True, kw_only=True)
class SourceCase:
    """A test case of the source; assertions as prompt files write them."""

    name: str
    inputs: Mapping[str, Any]
    rendered: tuple[Mapping[str, Any], ...] = ()
    output: tuple[Mapping[str, Any], ...] = ()
    expected: Any = None
    tags: tuple[str, ...] = ()
    place: Place


@record(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """One prompt of a source.

    Attributes:
        id: Proposed by the reader, below the folder of its file; fit for a prompt.
        format: Name of the reader, with the version where the format has several: `prompty 1`.
        place: Of the prompt in its source.
        fields: Keys of a prompt file with their values: title, description, owners, tags,
            metadata, model, output, tools, tool_choice, evaluation, budget, and `x-…`.
        inputs: The schema of each input that the source declares, by its name in the templates.
        required: Names of the inputs that the source requires.
        aliases: The name of an input in the source, by its name here, where they differ.
        defaults: Of inputs that the source does not declare, and for which its code has a value.
        samples: Example inputs: types, and what is a list.
        lenient: The source renders nothing for an input that is missing.
        lists: Paths of inputs, as templates read them, that are lists in code.
        tests_null: Code compares inputs with null, which an input is that is left out.
        partials: Templates that the messages include, by the path in their `include`.
        losses: In the order of the source.
        keys: The names by which other code refers to its texts, or to the function that returns it.
    """

    id: str
    format: str
    place: Place
    messages: tuple[SourceTurn, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    samples: tuple[Mapping[str, Any], ...] = ()
    lenient: bool = False
    lists: tuple[str, ...] = ()
    tests_null: bool = False
    cases: tuple[SourceCase, ...] = ()
    partials: Mapping[str, tuple[TemplatePart, ...]] = field(default_factory=dict)
    losses: tuple[Loss, ...] = ()
    keys: tuple[str, ...] = ()
