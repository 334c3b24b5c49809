"""Our own templates as parts, with included templates put in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.formats.emit import comment_text, escaped
from promptops.formats.include_tags import include_tag
from promptops.formats.languages.jinja import JinjaReader
from promptops.formats.parts import CommentPart, ExpressionPart, TagPart, TemplatePart, TextPart
from promptops.model.place import Text
from promptops.runtime.template.scope import Load

MAX_DEPTH = 8


class NotATemplate(Exception):
    """A statement that other engines can't express; the message names it."""


def template_parts(text: Text, load: Load, depth: int = 0) -> tuple[TemplatePart, ...]:
    """The parts of a template; raises NotATemplate for macros, imports and inheritance."""
    found = JinjaReader(text, trim_blocks=True, lstrip_blocks=True).read()
    if found.losses:
        raise NotATemplate(found.losses[0].message)
    return tuple(_included(found.parts, text, load, depth))


def _included(
    parts: Iterable[TemplatePart], text: Text, load: Load, depth: int
) -> Iterator[TemplatePart]:
    for part in parts:
        tag = include_tag(part)
        if tag is None or tag.word != "include" or tag.after.strip():
            yield _allowed(part)
            continue
        inner = load(text.path, tag.name) if depth < MAX_DEPTH else None
        if inner is None:
            raise NotATemplate(f"the include of `{tag.name}`, which is missing")
        yield from template_parts(inner, load, depth + 1)


def _allowed(part: TemplatePart) -> TemplatePart:
    if isinstance(part, TagPart):
        word = part.source.split(" ", 1)[0]
        if word in ("include", "import", "from", "extends", "macro", "call", "block"):
            raise NotATemplate(f"`{word}`")
    return part


def untrimmed_jinja(parts: Iterable[TemplatePart]) -> str:
    """The template for an engine that removes no white space around tags."""
    written = []
    for part in escaped(parts):
        if isinstance(part, TextPart):
            written.append(part.text)
        elif isinstance(part, ExpressionPart):
            written.append(f"{{{{ {part.source} }}}}")
        elif isinstance(part, TagPart):
            written.append(f"{{% {part.source} %}}")
        elif isinstance(part, CommentPart):
            written.append(f"{{# {comment_text(part.text)} #}}")
    return "".join(written)
