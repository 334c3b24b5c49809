"""The views that the page of scored samples shows, in the order of its template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.model.score import Alert, Score
from promptops.model.score_group import Dimension, ScoreGroup, Share
from promptops.plurals import some
from promptops.records import record
from promptops.report.score.page.drawing import Drawing, drawing
from promptops.report.score.page.series import Chart, charts, times_of
from promptops.report.score.parts import alerts, facts, figures, notes
from promptops.report.score.parts.names import Section, group_name, sections
from promptops.report.score.parts.table import Column, columns

_ROWS = 60
_TINY_SHOWN = 5
_PROMPT: tuple[Dimension, ...] = ("prompt",)


@record(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert.

    Attributes:
        group: The values of its group, without the prompt.
        anchor: Of its prompt.
    """

    group: str
    text: str
    prompt: str
    anchor: str


@record(frozen=True, slots=True, kw_only=True)
class Totals:
    """The groups of a prompt together; each is safe to print, and "" if it is unknown."""

    samples: int
    contracts: str
    errors: str
    cost: str


@record(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A prompt as a section of the page.

    Attributes:
        series: Names of the series of its charts with their numbers; empty for one series.
        tiny: Names of series with too few samples to draw, or "".
        columns: Of the table of the latest groups.
        earlier: The number of groups before them, which are not shown.
        violated: Sentences about assertions that do not always hold.
    """

    anchor: str
    section: Section
    alerts: tuple[AlertView, ...]
    totals: Totals
    drawings: tuple[Drawing, ...]
    series: tuple[tuple[str, int], ...]
    tiny: str
    columns: tuple[Column, ...]
    earlier: int
    violated: tuple[str, ...]


def section_views(score: Score) -> tuple[SectionView, ...]:
    """The sections in the order of the groups."""
    found = enumerate(sections(score), 1)
    return tuple(_section(section, f"prompt-{number}", score) for number, section in found)


def page_notes(score: Score) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The notes by label."""
    found: dict[str, list[str]] = {}
    every = [
        *(("can't be read", line) for line in notes.broken(score)),
        *notes.notes(score),
        *(("alert without effect", line) for line in alerts.idle(score)),
        *(("not certain", line) for line in alerts.doubtful(score)),
        *(("no alert", line) for line in alerts.quiet(score)),
    ]
    for label, line in every:
        found.setdefault(label, []).append(line)
    return tuple((label, tuple(lines)) for label, lines in found.items())


def _section(section: Section, anchor: str, score: Score) -> SectionView:
    found, tiny = charts(section, score)
    times = times_of(found)
    groups = section.groups
    return SectionView(
        anchor=anchor,
        section=section,
        alerts=tuple(_alerts(section, anchor, score.alerts)),
        totals=_totals(groups),
        drawings=tuple(drawing(chart, times) for chart in found),
        series=_series(found),
        tiny=some(tiny, _TINY_SHOWN),
        columns=columns(section.latest(_ROWS), section.varying),
        earlier=max(0, len(groups) - _ROWS),
        violated=tuple(facts.violated(section)),
    )


def _alerts(section: Section, anchor: str, raised: Iterable[Alert]) -> Iterable[AlertView]:
    for alert in raised:
        if alert.by.get("prompt", "") == section.prompt:
            yield AlertView(
                group=group_name(alert.by, _PROMPT),
                text=alerts.raised(alert),
                prompt=section.prompt,
                anchor=anchor,
            )


def _totals(groups: Sequence[ScoreGroup]) -> Totals:
    costs = [group.cost_usd for group in groups if group.cost_usd is not None]
    return Totals(
        samples=sum(group.n for group in groups),
        contracts=figures.share(_sum([group.contracts for group in groups])),
        errors=figures.rare(_sum([group.errors for group in groups])),
        cost=figures.spent(sum(costs) if costs else None),
    )


def _sum(shares: Sequence[Share]) -> Share:
    return Share(n=sum(each.n for each in shares), count=sum(each.count for each in shares))


def _series(found: Iterable[Chart]) -> tuple[tuple[str, int], ...]:
    """The latest first."""
    named = {line.number: line.name for chart in found for line in chart.series if line.name}
    return tuple((name, number) for number, name in sorted(named.items()))
