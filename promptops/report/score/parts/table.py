"""The table of groups: a row for each group, without columns that are empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from promptops.model.score_group import Dimension, ScoreGroup
from promptops.records import record
from promptops.report.compare.parts.facts import NONE, UNKNOWN
from promptops.report.score.parts import figures
from promptops.report.test.parts.facts import short


@record(frozen=True, slots=True)
class Column:
    """A column; `is_number` if its cells are aligned at the right."""

    title: str
    cells: tuple[str, ...]
    is_number: bool = True


def columns(groups: Sequence[ScoreGroup], dimensions: Sequence[Dimension]) -> tuple[Column, ...]:
    """The columns for these dimensions, then those of the figures; cells are safe to print."""
    every = [*_dimensions(groups, dimensions), *_figures(groups)]
    return tuple(column for column in every if set(column.cells) - {"", NONE, UNKNOWN})


def _dimensions(groups: Sequence[ScoreGroup], dimensions: Sequence[Dimension]) -> Iterator[Column]:
    for dimension in dimensions:
        values = (group.by.get(dimension, "") for group in groups)
        yield Column(dimension, tuple(short(each) or NONE for each in values), False)


def _figures(groups: Sequence[ScoreGroup]) -> Iterator[Column]:
    def column(title: str, cell: Callable[[ScoreGroup], str]) -> Column:
        return Column(title, tuple(map(cell, groups)))

    yield column("samples", lambda group: f"{group.n:,}")
    yield column("contracts", lambda group: figures.share(group.contracts))
    for name in dict.fromkeys(each.name for group in groups for each in group.scores):
        yield Column(short(name), tuple(_score(group, name) for group in groups))
    yield column("refusals", lambda group: figures.rare(group.refusals))
    yield column("errors", lambda group: figures.rare(group.errors))
    yield column("tokens", lambda group: figures.tokens(group.tokens))
    yield column("cost", lambda group: figures.spent(group.cost_usd))
    yield column("$/1,000", figures.cost)
    yield column("p50/p95", lambda group: figures.latency(group.latency_s))
    yield column("change", lambda group: figures.against(group.against))


def _score(group: ScoreGroup, name: str) -> str:
    found = next((each for each in group.scores if each.name == name), None)
    return NONE if found is None else figures.score(found)
