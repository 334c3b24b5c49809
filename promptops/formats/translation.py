"""What a template language makes of a text: names of inputs, values of JavaScript, and Jinja."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from keyword import iskeyword
from typing import Any

from promptops.formats.document import (
    CommentPart,
    ExpressionPart,
    Loss,
    TagPart,
    TemplatePart,
    TextPart,
)
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.node_facts import SPECIAL

_PATH = lazy_pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")

COMPACT_JSON = "JavaScript writes JSON without blanks after commas and colons"


def printed(expression: str, sample: Mapping[str, Any]) -> str:
    """The expression, where an example shows that its value is written in another way than here.

    A boolean is written in lower case, a list with commas.
    """
    if _PATH.fullmatch(expression) is None:
        return expression
    value: Any = sample
    for step in expression.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return f"{expression} | json"
    return f'{expression} | join(",")' if isinstance(value, list) else expression


# What a template language makes of a text, and the names that inputs get.

_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9_]+")
_OF_JINJA = SPECIAL | {"true", "false", "none", "range", "namespace", "varargs", "super"}


MAX_INPUTS = 1_000
"""Of one prompt; a file with more is data."""


class TooManyInputs(Exception):
    """A source has more inputs than one prompt can have; the message says so."""


class InputNames:
    """The name here of each input of a source.

    Attributes:
        aliases: The name in the source, by the name here, where they differ.
    """

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._taken: set[str] = set()

    def name(self, old: str) -> str:
        """The name for an input: the same where a template can read it.

        Raises TooManyInputs.
        """
        if old not in self._new:
            new = _readable(old)
            while new in self._taken:
                new += "_"
            if len(self._taken) >= MAX_INPUTS:
                raise TooManyInputs(f"a prompt has more than {MAX_INPUTS:,} inputs")
            self._new[old] = new
            self._taken.add(new)
            if new != old:
                self.aliases[new] = old
        return self._new[old]


def _readable(old: str) -> str:
    new = _NOT_IN_NAMES.sub("_", old).strip("_") or "input"
    if old.isidentifier() and old.isascii():
        new = old
    if new[0].isdigit():
        new = f"n{new}"
    return f"{new}_" if iskeyword(new) or new in _OF_JINJA else new


# What a template language makes of a text.


@record(frozen=True, slots=True, kw_only=True)
class Translation:
    """A text of another language."""

    parts: tuple[TemplatePart, ...]
    losses: tuple[Loss, ...] = ()


Translate = Callable[[Text, InputNames], Translation]


# Parts of a template become the Jinja that renders the same.

_OPENING = lazy_pattern(r"\{+[{%#]|\{*\r")
"""What Jinja would read as the beginning of a tag, and the one character that it replaces."""
_LAST_BRACE = lazy_pattern(r"\{\Z")
_LAST_LINE = lazy_pattern(r"(\A|\n)([ \t]*)\Z")

_MARKS = {TagPart: ("{%", "%}"), CommentPart: ("{#", "#}")}


def jinja(parts: Iterable[TemplatePart]) -> str:
    """A template that renders the text of the parts, with `trim_blocks` and `lstrip_blocks`.

    Whatever these two would remove is protected by `+`. A tag that had a line of its own gets one.
    """
    written: list[str] = []
    at_line_start = True  # of what Jinja sees: also after a newline that a tag removes
    pieces = tuple(escaped(parts))
    for index, piece in enumerate(pieces):
        if isinstance(piece, TextPart):
            written.append(piece.text)
            at_line_start = piece.text.endswith("\n")
        elif isinstance(piece, ExpressionPart):
            written.append(f"{{{{ {piece.source} }}}}")
            at_line_start = False
        else:
            tag = _tag(piece, pieces, index, at_line_start)
            written.append(tag)
            at_line_start = tag.endswith("\n")
    return "".join(written)


def without_blank_lines(parts: Sequence[TemplatePart]) -> tuple[TemplatePart, ...]:
    """The parts, with each tag and comment alone on its line if its source had it there.

    The newline after it, which its own language renders, is dropped: what renders is no longer the
    same.
    """
    tidied = list(_merged(parts))
    for index, part in enumerate(tidied):
        if isinstance(part, TagPart | CommentPart) and _has_own_line(tidied, index):
            tidied[index] = _alone(part)
            tidied[index + 1] = TextPart(_text(tidied, index + 1)[1:])
            if index:
                tidied[index - 1] = TextPart(_LAST_LINE.sub(r"\1", _text(tidied, index - 1)))
    return tuple(tidied)


def _has_own_line(parts: Sequence[TemplatePart], index: int) -> bool:
    blank_before = _LAST_LINE.search(_text(parts, index - 1)) if index else True
    return bool(blank_before) and _text(parts, index + 1).startswith("\n")


def _text(parts: Sequence[TemplatePart], index: int) -> str:
    """The text of a part; "x" for a part that is no text, "" after the last one."""
    if index >= len(parts):
        return ""
    part = parts[index]
    return part.text if isinstance(part, TextPart) else "x"


def _alone(part: TagPart | CommentPart) -> TagPart | CommentPart:
    if isinstance(part, TagPart):
        return TagPart(part.source, alone=True)
    return CommentPart(part.text, alone=True)


def escaped(parts: Iterable[TemplatePart]) -> Iterator[TemplatePart]:
    """The parts without empty and adjacent texts, and with braces of texts as expressions.

    Their texts can be written as they are: Jinja reads no tag in them.
    """
    merged = list(_merged(parts))
    for index, part in enumerate(merged):
        if isinstance(part, TextPart):
            yield from _escaped_text(part.text, before_tag=index + 1 < len(merged))
        else:
            yield part


def _merged(parts: Iterable[TemplatePart]) -> Iterator[TemplatePart]:
    text = ""
    for part in parts:
        if isinstance(part, TextPart):
            text += part.text
            continue
        if text:
            yield TextPart(text)
        text = ""
        yield part
    if text:
        yield TextPart(text)


def _escaped_text(text: str, *, before_tag: bool) -> Iterator[TemplatePart]:
    position = 0
    for match in _OPENING.finditer(text):
        if match.start() > position:
            yield TextPart(text[position : match.start()])
        yield ExpressionPart(json.dumps(match[0]))
        position = match.end()
    rest = text[position:]
    last = before_tag and _LAST_BRACE.search(rest) is not None
    rest = rest[:-1] if last else rest
    if rest:
        yield TextPart(rest)
    if last:
        yield ExpressionPart('"{"')


def _tag(
    piece: TagPart | CommentPart,
    pieces: Sequence[TemplatePart],
    index: int,
    at_line_start: bool,
) -> str:
    start, end = _MARKS[type(piece)]
    inner = piece.source if isinstance(piece, TagPart) else comment_text(piece.text)
    before = pieces[index - 1] if index else None
    after = pieces[index + 1] if index + 1 < len(pieces) else None
    indented = isinstance(before, TextPart) and _begins_line(before.text, pieces, index)
    if piece.alone and at_line_start:
        return f"{start} {inner} {end}\n"
    keeps = isinstance(after, TextPart) and after.text.startswith("\n")
    return f"{start}{'+' if indented else ''} {inner} {'+' if keeps else ''}{end}"


def _begins_line(text: str, pieces: Sequence[TemplatePart], index: int) -> bool:
    """Whether Jinja would remove blanks at the end of the text before a tag."""
    found = _LAST_LINE.search(text)
    if found is None or not found[2]:
        return False
    if found[1] == "\n":
        return True
    # The whole text is blank: it begins a line at the beginning, or after a tag on its own line.
    return index == 1 or _ended_line(pieces[index - 2])


def _ended_line(piece: TemplatePart) -> bool:
    return isinstance(piece, TagPart | CommentPart) and piece.alone


def comment_text(text: str) -> str:
    """The text of a comment, without what would end it."""
    return text.strip().replace("#}", "# }")
