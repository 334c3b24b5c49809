"""Figures of scored samples in words, such as `98.1% [97.0, 98.8]`, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from promptops.amounts import usd
from promptops.evals.deciding.decision import in_points
from promptops.model.arm import TokenMeans
from promptops.model.score import (
    AgainstVersion,
    AssertionRate,
    Dimension,
    ResponseTime,
    ScoreGroup,
    ScoreMean,
    Share,
)
from promptops.records import record
from promptops.report.compare.facts import NONE, UNKNOWN, cost_1000, seconds
from promptops.report.test.facts import short

_SECONDS = ("p50", "p95")
_COST = "cost_1000"


def share(found: Share) -> str:
    """With its interval, `98.1% [97.0, 98.8]`; `-` without samples."""
    return rate(found.count, found.n, found.low, found.high)


def held(found: AssertionRate) -> str:
    """How often an assertion holds: `98.1% [97.0, 98.8]`; `-` without samples."""
    return rate(found.held, found.n, found.low, found.high)


def rate(count: int, n: int, low: float | None, high: float | None) -> str:
    """A share of n samples; `-` for n = 0."""
    if not n:
        return NONE
    bounds = f" [{100 * low:.1f}, {100 * high:.1f}]" if low is not None and high is not None else ""
    return f"{percent(100 * count / n)}{bounds}"


def rare(found: Share) -> str:
    """A share that should be small, without its interval: `0.4%`; `-` without samples."""
    return NONE if found.value is None else percent(100 * found.value)


def percent(number: float) -> str:
    """One decimal; two significant digits of a small one, so that it does not look like 0.

    Below 100, it is at most 99.9%.
    """
    if number <= 0:
        return "0%"
    number = min(number, 99.9) if number < 100 else number
    return f"{number:.2g}%" if number < 0.1 else f"{number:.1f}".removesuffix(".0") + "%"


def score(found: ScoreMean) -> str:
    """In points with its interval: `91.2 [90.1, 92.4]`."""
    return f"{100 * found.mean:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def tokens(means: TokenMeans | None) -> str:
    """Mean tokens of the request and the answer: `412→38`."""
    return NONE if means is None else f"{means.input:,.0f}→{means.output:,.0f}"


def cost(group: ScoreGroup) -> str:
    """USD for 1,000 requests, beside the budget if there is one: `0.41 of 0.5`."""
    if group.cost_usd_1000 is None:
        return UNKNOWN
    shown = cost_1000(group.cost_usd_1000)
    budget = group.budget_usd_1000
    return shown if budget is None else f"{shown} of {cost_1000(budget)}"


def spent(amount: float | None) -> str:
    """What all samples of a group cost: `$0.42`."""
    if amount is None:
        return UNKNOWN
    return (
        f"${amount:,.2f}" if amount >= 1 else f"${float(f'{amount:.2g}'):f}".rstrip("0").rstrip(".")
    )


def latency(found: ResponseTime | None) -> str:
    """The median and the 95th percentile: `0.8/2.1 s`."""
    return NONE if found is None else f"{seconds(found.p50)}/{seconds(found.p95)} s"


def against(found: AgainstVersion | None) -> str:
    """The difference to the version before: `contracts -5.2 [-7.9, -2.4] from 1.7.0: worse`.

    Only a certain one is called better or worse.
    """
    if found is None:
        return ""
    points = in_points(found.difference, found.low, found.high)
    verdict = (": worse" if found.difference < 0 else ": better") if found.certain else ""
    return f"{short(found.metric)} {points} from {short(found.version)}{verdict}"


def of_metric(metric: str, number: float) -> str:
    """A value of an alert in the unit of its metric: `94.2%`, `4.6 s`, `$4.12`."""
    if metric in _SECONDS:
        return f"{number:.3g} s"
    return usd(number) if metric == _COST else percent(number)


def exact(metric: str, number: float) -> str:
    """The same with six digits."""
    if metric in _SECONDS:
        return f"{number:.6g} s"
    return f"${number:.6g}" if metric == _COST else f"{number:.6g}%"


def limit(metric: str, threshold: float, *, below: bool) -> str:
    """The limit of an alert: `below 98%`."""
    return f"{'below' if below else 'above'} {exact(metric, threshold)}"


# The table of groups: a row for each group, without columns that are empty.


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
    yield column("contracts", lambda group: share(group.contracts))
    for name in dict.fromkeys(each.name for group in groups for each in group.scores):
        yield Column(short(name), tuple(_score(group, name) for group in groups))
    yield column("refusals", lambda group: rare(group.refusals))
    yield column("errors", lambda group: rare(group.errors))
    yield column("tokens", lambda group: tokens(group.tokens))
    yield column("cost", lambda group: spent(group.cost_usd))
    yield column("$/1,000", cost)
    yield column("p50/p95", lambda group: latency(group.latency_s))
    yield column("change", lambda group: against(group.against))


def _score(group: ScoreGroup, name: str) -> str:
    found = next((each for each in group.scores if each.name == name), None)
    return NONE if found is None else score(found)
