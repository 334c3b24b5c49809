"""For a browser: one page without any external resources, with a control chart of each prompt."""

from __future__ import annotations

from typing import Any

from promptops.model.night import Chart, Drift, Night, PromptDrift
from promptops.records import record
from promptops.report.drift import facts
from promptops.report.drift.chart import EDGES, ControlChart, control_chart
from promptops.report.page.document import PICTURE, document
from promptops.report.page.size_budget import Room
from promptops.report.test import scores
from promptops.report.test.facts import problem_lines
from promptops.report.test.html import FILTERS, PARTS, WorseView, worse_view

_NIGHTS_SHOWN = 150


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


@record(frozen=True, slots=True, kw_only=True)
class PromptDriftView:
    """A prompt as a section of the page.

    Attributes:
        quiet: It has no signal.
        folded: The chart of the contracts, for a prompt with a score.
        steps: What to do: a purpose and a command; empty unless it drifted.
        nights: The latest nights, the latest first.
        left_out: The number of earlier nights.
    """

    anchor: str
    prompt: PromptDrift
    quiet: bool
    chart: ControlChart | None
    folded: ControlChart | None
    worst: tuple[WorseView, ...]
    steps: tuple[tuple[str, str], ...]
    nights: tuple[Night, ...]
    left_out: int


def prompt_views(drift: Drift, room: Room) -> tuple[PromptDriftView, ...]:
    """The sections, drifted prompts first."""
    return tuple(
        _view(prompt, drift, f"prompt-{number}", room)
        for number, prompt in enumerate(facts.in_order(drift), 1)
    )


def _view(prompt: PromptDrift, drift: Drift, anchor: str, room: Room) -> PromptDriftView:
    nights = prompt.history[-_NIGHTS_SHOWN:]
    return PromptDriftView(
        anchor=anchor,
        prompt=prompt,
        quiet=prompt.verdict in ("steady", "learning", "accepted"),
        chart=_drawn(prompt, facts.main_chart(prompt)),
        folded=_drawn(prompt, prompt.chart("contracts") if prompt.chart("score") else None),
        worst=tuple(worse_view(worse, room) for worse in facts.shows_worst(prompt)),
        steps=tuple(facts.next_steps(prompt, drift)) if prompt.verdict == "drifted" else (),
        nights=nights[::-1],
        left_out=len(prompt.history) - len(nights),
    )


def _drawn(prompt: PromptDrift, chart: Chart | None) -> ControlChart | None:
    return control_chart(prompt, chart) if chart else None
