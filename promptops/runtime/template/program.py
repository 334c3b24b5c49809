"""Rendering one template, without loading Jinja where a text doesn't need it."""

from __future__ import annotations

from typing import Any

from promptops.model.place import Text
from promptops.runtime.template.scope import Frame, Piece, Run
from promptops.runtime.template.substitution import is_template, substituted


def render_text(text: Text, names: dict[str, Any], run: Run) -> str:
    """Render a template; raises TemplateFailure.

    `names` is JSON data, copied before by `data.json_copy`.
    """
    short = substituted(text.value, names) if is_template(text.value) else text.value
    if short is not None and run.meter.covers(2 + (len(short) >> 3)):
        return short
    from promptops.runtime.template.template_program import rendered

    return "".join(rendered(text, names, run))


def trace_text(text: Text, names: dict[str, Any], run: Run) -> tuple[Piece, ...]:
    """Render a template, keeping where each run of characters comes from.

    The pieces joined are what `render_text` gives. `run.branches` gets the ways taken.
    """
    if not is_template(text.value) and run.meter.covers(2 + (len(text.value) >> 3)):
        return (Piece(text.value, Frame(text), 0, len(text.value), True),)
    from promptops.runtime.template.template_program import rendered

    return tuple(rendered(text, names, run))


def evaluate(text: Text, names: dict[str, Any], run: Run) -> bool:
    """Whether a `when` holds; raises TemplateFailure."""
    from promptops.runtime.template.template_program import holds

    return holds(text, names, run)
