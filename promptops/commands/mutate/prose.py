"""The prose of a template: blocks of lines, and sentences, with their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptops.commands.mutate.tested_prompt import TemplateText
from promptops.diff.sentences import HEADING, ITEM, bare_line, line_joint, sentence_parts
from promptops.model.place import Offsets, Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.template import Template, TemplateError, is_template, parse

VALUE = "\ufffc"
"""Replaces each character of a `{{ value }}`."""

_LINE = lazy_pattern(r"[^\n]*\n?")
_FENCE = lazy_pattern(r"[ \t]*(?:```|~~~)")
_WORD = lazy_pattern(r"[^\W\d_]+")
_WITHOUT_BLANKS = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4}")
_SEMICOLONS = (";", "；")


@record(frozen=True, slots=True)
class ProseBlock:
    """A paragraph, a heading or a list item.

    Attributes:
        start, end: Its text, without the bullet of an item.
        first, last: Its whole lines, the newline included; where a tag begins or ends within a
            line, only its part of the line.
    """

    start: int
    end: int
    first: int
    last: int
    is_item: bool
    is_heading: bool


def template_text(text: Text) -> TemplateText | None:
    """A text prepared for the operators; None for an invalid template."""
    try:
        template = parse(text.value) if is_template(text.value) else None
    except TemplateError:
        return None
    flat = _without_tags(text.value, template) if template is not None else text.value
    fences = tuple(_fences(flat))
    for start, end in fences:
        flat = flat[:start] + "\n" * (end - start) + flat[end:]
    return TemplateText(text=text, template=template, flat=flat, fences=fences)


def _without_tags(source: str, template: Template) -> str:
    parts = []
    at = 0
    for start, end, filler in _tags(template):
        parts += [source[at:start], filler * (end - start)]
        at = end
    return "".join((*parts, source[at:]))


def _tags(template: Template) -> Iterator[tuple[int, int, str]]:
    """The span of each tag and comment, with the character that replaces it."""
    start, filler = -1, ""
    for token in template.tokens:
        if token.kind in ("raw_begin", "raw_end"):
            yield token.start, token.end, "\n"
        elif token.kind in ("variable_begin", "block_begin", "comment_begin"):
            start, filler = token.start, VALUE if token.kind == "variable_begin" else "\n"
        elif token.kind in ("variable_end", "block_end", "comment_end") and start >= 0:
            yield start, token.end, filler
            start = -1


def _fences(flat: str) -> Iterator[Offsets]:
    opened = -1
    for line in _LINE.finditer(flat):
        if _FENCE.match(line[0]):
            if opened >= 0:
                yield opened, line.end()
            opened = line.start() if opened < 0 else -1


def blocks(flat: str) -> Iterator[ProseBlock]:
    """The blocks of a flat text, in order; lines that wrap a sentence are one block."""
    current: ProseBlock | None = None
    length = 0
    for match in _LINE.finditer(flat):
        raw = match[0].rstrip("\n")
        line, is_item, begins = bare_line(raw)
        if current is not None and not begins and line_joint(line, length):
            end = match.start() + len(raw.rstrip())
            current = ProseBlock(
                current.start,
                end,
                current.first,
                match.end(),
                current.is_item,
                current.is_heading,
            )
        else:
            if current is not None:
                yield current
            current = _block(raw, match.start(), match.end(), is_item) if line else None
        length = 0 if HEADING.match(line) or line.endswith(":") else len(line)
    if current is not None:
        yield current


def _block(raw: str, first: int, last: int, is_item: bool) -> ProseBlock:
    indent = len(raw) - len(raw.lstrip())
    item = ITEM.match(raw, indent) if is_item else None
    start = item.end() if item is not None else indent
    heading = HEADING.match(raw, indent) is not None
    return ProseBlock(first + start, first + len(raw.rstrip()), first, last, is_item, heading)


def sentences_of(flat: str, block: ProseBlock) -> Iterator[Offsets]:
    """The sentences of a block, without the white space around them.

    A semicolon ends none: the part behind it is seldom a rule of its own.
    """
    start = at = block.start
    for part in sentence_parts(flat[block.start : block.end]):
        at += len(part)
        if at == block.end or not part.rstrip().endswith(_SEMICOLONS):
            written = flat[start:at]
            if written.strip():
                yield start + len(written) - len(written.lstrip()), start + len(written.rstrip())
            start = at


def has_words(flat: str) -> bool:
    """Whether there are two words besides values, or as much in a script without blanks."""
    return len(_WORD.findall(flat)) > 1 or _WITHOUT_BLANKS.search(flat) is not None


def has_word(flat: str) -> bool:
    """Whether there is any word besides values."""
    return re.search(_WORD.pattern, flat) is not None
