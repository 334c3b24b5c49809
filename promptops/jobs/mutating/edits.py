"""What an operator yields: one way to break a template or a prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from promptops.model.answer import Answer
from promptops.model.place import Offsets, Place, Text
from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.runtime.template.template import Template

POISON = "1 / 0"
"""An expression that fails whenever it is evaluated."""


@record(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """A text to break.

    Attributes:
        template: Its parsed form; None if it has no tags, and for the expression of a `when`.
        is_expression: It is a `when`: an expression instead of a template.
        flat: The text with the same offsets, in which VALUE replaces each character of a
            `{{ value }}`, and a newline each one of all other tags and of fenced code.
        fences: The spans of fenced code, in order.
    """

    text: Text
    template: Template | None = None
    is_expression: bool = False
    flat: str = ""
    fences: tuple[Offsets, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class TextEdit:
    """A span of a text to replace.

    Attributes:
        start, end: Offsets in the text; `start` < `end`.
        change: The change in words.
        subject: The span to assert; None for the replaced span.
        poison: A replacement of the span that fails when it is rendered.
    """

    start: int
    end: int
    after: str = ""
    change: str
    subject: Offsets | None = None
    poison: str = f"{{{{ {POISON} }}}}"


Witness = Callable[[Answer | None], Answer | None]
"""From a recorded answer, or None without one, to what a model may answer to the broken prompt.

None if the answer would not differ.
"""


@record(frozen=True, slots=True, kw_only=True)
class PromptEdit:
    """A broken prompt.

    Attributes:
        place: Of what is missing or changed, in the file that has it.
        after: The replacement of the text at the place.
        suggestion: What to assert, or "".
        dropped: JSON pointers of the messages or the tool that are missing, in their order; `place`
            begins with the first of them.
        witness: For a change that no request shows to assertions: the answers that it allows.
        on_request: Whether the change is visible in the messages, unlike that of a schema.
    """

    prompt: Prompt
    place: Place
    after: str = ""
    change: str
    suggestion: str = ""
    dropped: tuple[str, ...] = ()
    witness: Witness | None = None
    on_request: bool = True


TextOperator = Callable[[TemplateText], Iterator[TextEdit]]


def shortened(text: str, most: int = 60) -> str:
    """A text on one line, cut after `most` characters."""
    words = " ".join(text.split())
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"
