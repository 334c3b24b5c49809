"""For a browser: one page without any external resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from promptops.model.place import Place
from promptops.model.test_run import CaseRun, TestRun
from promptops.report.page.document import document
from promptops.report.test.page.matrix import SIGNS
from promptops.report.test.page.regressions import decided_views
from promptops.report.test.page.size_budget import Room
from promptops.report.test.page.views import PromptResultsView, prompt_views
from promptops.report.test.parts import facts, scores
from promptops.report.test.parts.troubles import outages, shared

PARTS = "test/page/cases"


def write(run: TestRun, **_: object) -> str:
    """The whole page."""
    return document(
        "test/page",
        FILTERS,
        parts=(PARTS,),
        **values(run, Room(), run),
        run=run,
        assertions=sum(len(case.assertions) for case in run.cases),
    )


def values(run: TestRun, room: Room, to_show: TestRun, anchor: str = "prompt") -> dict[str, Any]:
    """The variables for templates that pages share.

    Args:
        to_show: The run with the cases whose errors and outages are shown above all cases.
        anchor: The prefix of the anchors of prompts.
    """
    common = shared(to_show.cases)
    decided, prompts = decided_views(run, room), prompt_views(run, room, common, anchor)
    return {
        "decided": decided,
        "judges": [(judge.judge, scores.agreement(judge)) for judge in run.judges],
        "prompts": prompts,
        "anchors": _anchors(prompts),
        "shared": [(trouble, facts.by_prompt(trouble.runs)) for trouble in common],
        "outages": [(why, facts.by_prompt(cases)) for why, cases in outages(to_show).items()],
        "facts": facts,
        "scores": scores,
    }


def _anchors(prompts: Iterable[PromptResultsView]) -> dict[tuple[str, str], str]:
    """Anchors of the first run of each case, by prompt and name."""
    found: dict[tuple[str, str], str] = {}
    for prompt in prompts:
        for view in prompt.cases:
            found.setdefault(_key(view.case), view.anchor)
    return found


def _key(case: CaseRun) -> tuple[str, str]:
    return case.prompt, case.name


def _place(place: Place) -> str:
    return facts.short(f"{place.path}:{place.line}:{place.column}")


FILTERS: dict[str, Callable[..., Any]] = {
    "place": _place,
    "short": facts.short,
    "names": facts.names,
    "sign": SIGNS.__getitem__,
}
