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
from promptops.report.test.parts import facts as test_facts
from promptops.report.test.parts import scores


def write(comparison: ArmComparison, **_: object) -> str:
    """The whole page."""
    return document(
        "compare/page",
        _FILTERS,
        parts=(PARTS, PICTURE),
        comparison=comparison,
        prompts=prompt_views(comparison, Room()),
        cases=sum(len(prompt.cases) for prompt in comparison.prompts),
        answers=sum(arm.answered for prompt in comparison.prompts for arm in prompt.arms),
        facts=facts,
        scores=scores,
        cost=test_facts.cost,
    )


def _points(share: float) -> str:
    return f"{100 * share:.0f}"


_FILTERS: dict[str, Callable[..., Any]] = {**FILTERS, "points": _points}
