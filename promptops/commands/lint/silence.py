"""The comment that suppresses a finding, as an edit."""

from __future__ import annotations

from promptops.catalog.catalog import Catalog
from promptops.catalog.prompt_ids import PROMPT_ENDINGS
from promptops.lint.registry import built_in
from promptops.model.finding import Edit, Finding
from promptops.model.internal_error import CODE
from promptops.model.place import Place
from promptops.runtime.template.template import TemplateError, parse
from promptops.source.paths import may_be_template


def suppression(catalog: Catalog, finding: Finding) -> Edit | None:
    """A comment above the place of a finding that names its rule, for the author to add a reason.

    None where a comment would have no effect: in other files than prompts and templates, in a file
    that can't be parsed, and for rules that only a waiver suppresses.
    """
    rule = built_in().get(finding.code)
    if finding.code == CODE or (rule is not None and rule.unsuppressable):
        return None
    path = finding.place.path
    if path.endswith(PROMPT_ENDINGS):
        return _yaml_comment(catalog, finding)
    return _jinja_comment(catalog, finding) if may_be_template(path) else None


def _yaml_comment(catalog: Catalog, finding: Finding) -> Edit | None:
    line = catalog.document(finding.place.path).entry_line(finding.place.line)
    text = catalog.line(finding.place.path, line)
    indent = text[: len(text) - len(text.lstrip(" "))]
    return _above(finding, line, f"{indent}# {_directive(finding)} ") if line else None


def _jinja_comment(catalog: Catalog, finding: Finding) -> Edit | None:
    """A comment on its own line, unless that line is within a tag."""
    path, line = finding.place.path, finding.place.line
    text = catalog.files.text(path)
    if text is None:
        return None
    lines = text.value.split("\n")
    comment = f"{{# {_directive(finding)} #}}"
    try:
        parse("\n".join((*lines[: line - 1], comment, *lines[line - 1 :])))
    except TemplateError:
        return None
    return _above(finding, line, comment)


def _directive(finding: Finding) -> str:
    return f"promptops: ignore[{finding.code}]"


def _above(finding: Finding, line: int, text: str) -> Edit:
    return Edit(Place(finding.place.path, line, 1, line, 1), f"{text}\n")
