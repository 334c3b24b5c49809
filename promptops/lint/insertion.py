"""Finds places where text can be inserted into a template safely."""

from __future__ import annotations

from promptops.analysis.uses import TemplateSpan
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

_END = lazy_pattern(r"\s*[-+]?\}\}")


def end_of_expression(site: TemplateSpan) -> Place | None:
    """The empty place after a span at the end of a `{{ … }}`; None if more follows.

    Inserted text must be safe in every YAML scalar: no quotes, no `#`, no `: `.
    """
    if not _END.match(site.text.value, site.end):
        return None
    last = site.text.place(site.end - 1, site.end)
    return Place(last.path, last.end_line, last.end_column, last.end_line, last.end_column)
