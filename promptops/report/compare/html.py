"""For a browser: one page without any external resources, with a picture of cost and score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promptops.model.arm import ArmComparison
from promptops.report.compare.page.views import prompt_views
from promptops.report.compare.parts import facts
from promptops.report.page.document import PICTURE, document
from promptops.report.test.html import FILTERS, PARTS
from promptops.report.test.page.size_budget import Room
from promptops.report.test.parts import scores


def write(comparison: ArmComparison, **_: object) -> str:
    """The whole page."""
    return document(
        "compare/page",
        _FILTERS,
        parts=(PARTS, PICTURE),
        head=facts.document(comparison),
        comparison=comparison,
        prompts=prompt_views(comparison, Room()),
        facts=facts,
        scores=scores,
    )


def _points(share: float) -> str:
    return f"{100 * share:.0f}"


_FILTERS: dict[str, Callable[..., Any]] = {**FILTERS, "points": _points}
