"""The findings at a position, with the pages of their rules."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.jobs.lint.rules import markdown_page
from promptops.jobs.naming.words import contains
from promptops.lint.registry import built_in
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.markdown import code, sentence
from promptops.model.finding import Finding

MOST = 3


def finding_texts(here: Here) -> Iterator[str]:
    """A text for each finding whose place includes the position."""
    for finding in _findings(here)[:MOST]:
        hint = f"  \n{sentence(finding.hint)}" if finding.hint else ""
        yield f"**{code(finding.code)}** {sentence(finding.message)}{hint}"
        rule = built_in().get(finding.code)
        if rule is not None:
            yield f"##{markdown_page(rule).strip()}"  # a smaller heading than that of a page


def _findings(here: Here) -> list[Finding]:
    found = here.file.live.findings(here.file.path)
    return [each for each in found if contains(each.place, here.line, here.column)]
