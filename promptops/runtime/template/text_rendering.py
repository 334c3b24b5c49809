"""Render one template, without importing Jinja for texts that don't need it."""

from __future__ import annotations

from typing import Any

from promptops.model.place import Text
from promptops.runtime.template.scope import Frame, Piece, Run
from promptops.runtime.template.substitution import is_template, substituted


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
