"""For a browser: one page without any external resources, with survivors in the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptops.model.mutant import MutationRun
from promptops.report.mutate.page.views import row_views
from promptops.report.mutate.parts import facts
from promptops.report.page.document import document
from promptops.report.page.source import PARTS as SOURCE
from promptops.report.test.html import PARTS as CASES
from promptops.report.test.parts.facts import short

PARTS = "mutate/page/mutants"
"""The path of the style of mutants, for `document`."""

_FILTERS: dict[str, Callable[..., Any]] = {"short": short}


def write(run: MutationRun, **_: object) -> str:
    """The whole page."""
    return document(
        "mutate/page",
        _FILTERS,
        parts=(CASES, SOURCE, PARTS),
        head=facts.document(run),
        scores=facts.scores(run.rows),
        operators=run.by_operator,
        rows=row_views(run),
        mutants=facts,
    )
