"""For a browser: one page without any external resources, with time series of each prompt."""

from __future__ import annotations

from promptops.model.score import Score
from promptops.report.page.document import document
from promptops.report.score.page.views import page_notes, section_views
from promptops.report.score.parts import facts
from promptops.report.test.html import PARTS as CASES
from promptops.report.test.parts.facts import short

_ALERTS = 20


def write(score: Score, **_: object) -> str:
    """The whole page."""
    views = section_views(score)
    return document(
        "score/page",
        {"short": short},
        parts=(CASES,),
        score=score,
        views=views,
        shown_alerts=[alert for view in views for alert in view.alerts][:_ALERTS],
        notes=page_notes(score),
        facts=facts,
    )
