"""For a browser: one page without any external resources; attacks are shown as text only."""

from __future__ import annotations

from promptops.model.probe_run import ProbeRun
from promptops.report.page.document import document
from promptops.report.probe.page.views import prompt_views
from promptops.report.probe.parts import facts
from promptops.report.test.html import FILTERS, PARTS
from promptops.report.test.page.size_budget import Room


def write(run: ProbeRun, **_: object) -> str:
    """The whole page."""
    return document(
        "probe/page",
        FILTERS,
        parts=(PARTS,),
        head=facts.document(run),
        run=run,
        prompts=prompt_views(run, Room()),
        skipped=list(facts.skipped(run)),
        errors=list(facts.error_lines(run)),
        facts=facts,
    )
