"""Negate a condition."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from promptops.analysis.spans import expression, test_of_tag
from promptops.jobs.mutating.edits import POISON, TemplateText, TextEdit, shortened
from promptops.model.place import Offsets
from promptops.runtime.template.template import Template


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each `if`, `elif`, `a if b else c` and `when`, in order."""
    found = [(0, len(of.text.value))] if of.is_expression else []
    if of.template is not None:
        found += sorted(_tests(of.template))
    for start, end in found:
        written = of.text.value[start:end]
        yield TextEdit(
            start=start,
            end=end,
            after=f"not ({written})",
            change=f"negate `{shortened(written)}`",
            poison=POISON,
        )


def _tests(template: Template) -> Iterator[Offsets]:
    tags = list(template.tree.find_all(nodes.If))
    chained = {id(branch) for tag in tags for branch in tag.elif_}
    for tag in tags:
        yield test_of_tag(template, tag, elif_=id(tag) in chained)
    for choice in template.tree.find_all(nodes.CondExpr):
        yield expression(template, choice.test)
