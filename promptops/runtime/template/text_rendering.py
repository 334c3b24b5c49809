"""Render one template, without importing Jinja for texts that don't need it.

Texts whose every tag is a plain `{{ name }}` have a fast path. It renders only what it fully
supports. Everything else (a missing input, a list that would be printed, a result that is too long)
is left to the evaluator, so that both paths have the same results and errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.runtime.template.limits import MAX_OUTPUT_CHARS, MAX_TEMPLATE_CHARS
from promptops.runtime.template.scope import Frame, Piece, Run
from promptops.runtime.template.sized_cache import cached_by_size

_TAG = lazy_pattern(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
# Jinja's keywords, and names that exist in a template without an input.
RESERVED = frozenset(
    str.split("and else false False if in is none None not or self super true True loop caller")
)
_PRINTED_AS_THEY_ARE = frozenset((int, float, bool, type(None)))
_MAX_TAGS = 1_000
_MAX_CACHED_BYTES = 16_000_000

Parts = tuple[str, ...]
"""The parts of a template: texts at even indexes, names at odd ones."""


def is_template(text: str) -> bool:
    """Whether a text contains anything that Jinja would not print unchanged."""
    return "{{" in text or "{%" in text or "{#" in text


def substituted(source: str, names: Mapping[str, Any]) -> str | None:
    """The rendered text, or None if the evaluator must render it."""
    parts = parts_of(source)
    return None if parts is None else filled(parts, names)


def filled(parts: Parts, names: Mapping[str, Any]) -> str | None:
    """The same for a template that is already split into parts."""
    texts = list(parts)
    for index in range(1, len(parts), 2):
        value = names.get(parts[index], names)
        if type(value) is not str:
            if type(value) not in _PRINTED_AS_THEY_ARE:
                return None
            value = str(value)
        texts[index] = value
    text = "".join(texts)
    return text if len(text) <= MAX_OUTPUT_CHARS else None


@cached_by_size(_MAX_CACHED_BYTES)
def parts_of(source: str) -> Parts | None:
    """The parts of a template; None for a template of another kind."""
    if len(source) > MAX_TEMPLATE_CHARS or source.count("{{") > _MAX_TAGS:
        return None
    if "{%" in source or "{#" in source or "\r" in source:
        return None
    parts = _TAG.split(source)
    literals, names = parts[::2], parts[1::2]
    # In `{{{ name }}` the tag begins with the first two braces, so `{ name` is not a name.
    if any("{{" in text or text.endswith("{") for text in literals):
        return None
    if RESERVED.intersection(names):
        return None
    return tuple(parts)


def render_text(text: Text, names: dict[str, Any], run: Run) -> str:
    """Render a template; raises TemplateFailure.

    `names` is JSON data, already copied by `data.json_copy`.
    """
    short = substituted(text.value, names) if is_template(text.value) else text.value
    if short is not None and run.meter.covers(2 + (len(short) >> 3)):
        return short
    from promptops.runtime.template.template_program import rendered

    return "".join(rendered(text, names, run))


def trace_text(text: Text, names: dict[str, Any], run: Run) -> tuple[Piece, ...]:
    """Render a template and keep the source of each run of characters.

    The joined pieces equal the result of `render_text`. `run.branches` collects the branches taken.
    """
    if not is_template(text.value) and run.meter.covers(2 + (len(text.value) >> 3)):
        return (Piece(text.value, Frame(text), 0, len(text.value), True),)
    from promptops.runtime.template.template_program import rendered

    return tuple(rendered(text, names, run))


def evaluate(text: Text, names: dict[str, Any], run: Run) -> bool:
    """Whether a `when` is true; raises TemplateFailure."""
    from promptops.runtime.template.template_program import holds

    return holds(text, names, run)
