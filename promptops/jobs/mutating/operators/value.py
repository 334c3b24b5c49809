"""Drop a `{{ value }}`."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.jobs.mutating.edits import TemplateText, TextEdit, shortened


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each value that the template prints."""
    start = -1
    for token in of.template.tokens if of.template is not None else ():
        if token.kind == "variable_begin":
            start = token.start
        elif token.kind == "variable_end":
            written = of.text.value[start : token.end]
            yield TextEdit(start=start, end=token.end, change=f"drop `{shortened(written)}`")
