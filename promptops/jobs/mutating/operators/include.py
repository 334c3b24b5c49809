"""Drop an `{% include %}`."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from promptops.jobs.mutating.edits import TemplateText, TextEdit, shortened
from promptops.model.place import Offsets
from promptops.runtime.template.template import Template, token_at


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each include, in order."""
    template = of.template
    found = template.tree.find_all(nodes.Include) if template is not None else ()
    for start, end in sorted(_tag(template, include.lineno) for include in found if template):
        written = of.text.value[start:end]
        yield TextEdit(start=start, end=end, change=f"drop `{shortened(written)}`")


def _tag(template: Template, offset: int) -> Offsets:
    """The span of the tag that contains an offset."""
    index = token_at(template, offset)
    begin = next(token for token in template.tokens[index::-1] if token.kind == "block_begin")
    end = next(token for token in template.tokens[index:] if token.kind == "block_end")
    return begin.start, begin.start + len(template.source[begin.start : end.end].rstrip("\n"))
