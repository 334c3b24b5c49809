"""For a browser: one page without any external resources, with a control chart of each prompt."""

from __future__ import annotations

from typing import Any

from promptops.model.night import Drift
from promptops.report.drift.page.chart import EDGES
from promptops.report.drift.page.views import prompt_views
from promptops.report.drift.parts import facts
from promptops.report.page.document import PICTURE, document
from promptops.report.test.html import FILTERS, PARTS
from promptops.report.test.page.size_budget import Room
from promptops.report.test.parts import scores
from promptops.report.test.parts.problem_lines import problem_lines


def write(drift: Drift, **_: Any) -> str:
    """The whole page."""
    return document(
        "drift/page",
        FILTERS,
        parts=(PARTS, PICTURE),
        head=facts.document(drift),
        drift=drift,
        tonight=facts.tonight_table(drift),
        prompts=prompt_views(drift, Room()),
        problems=tuple(problem_lines(drift.problems)),
        edges=EDGES,
        facts=facts,
        scores=scores,
    )
