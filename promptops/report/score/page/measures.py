"""What the charts of a prompt show: the metrics of its groups, in the unit of an alert."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from promptops.model.score import Alert
from promptops.model.score_group import ScoreGroup, Share
from promptops.records import record
from promptops.report.test.parts.facts import short

_MOST = 8


@record(frozen=True, slots=True, kw_only=True)
class Value:
    """A metric of a group, in percent, seconds or USD; bounds of its 95% interval if known."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int


@record(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric.

    Attributes:
        title: With its unit, safe to print.
        is_percent: From 0 to 100; else from 0 on.
        of: The value of a group; None if it has none.
    """

    metric: str
    title: str
    is_percent: bool = True
    of: Callable[[ScoreGroup], Value | None]


def measures(groups: Sequence[ScoreGroup], alerts: Iterable[Alert]) -> tuple[Measure, ...]:
    """The metrics that a section has values of; of assertions only those with an alert."""
    with_alert = dict.fromkeys(alert.metric for alert in alerts)
    known = {each.metric: each for each in _usual(groups)}
    types = {each.type for group in groups for each in group.assertions}
    for metric in with_alert:
        if metric not in known and metric in types:
            known[metric] = _assertion(metric)
    found = (
        each
        for each in known.values()
        if any(value is not None for value in map(each.of, groups))
        and (each.metric in with_alert or not _is_dull(each, groups))
    )
    return tuple(found)[:_MOST]


def _usual(groups: Sequence[ScoreGroup]) -> Iterator[Measure]:
    yield Measure(metric="contracts", title="Contracts kept, %", of=lambda g: _share(g.contracts))
    for name in dict.fromkeys(each.name for group in groups for each in group.scores):
        yield _score(name)
    yield Measure(metric="errors", title="Errors, %", of=lambda g: _share(g.errors))
    yield Measure(metric="refusals", title="Refusals, %", of=lambda g: _share(g.refusals))
    yield Measure(
        metric="cost_1000", title="USD per 1,000 requests", is_percent=False, of=_cost_1000
    )
    for metric in ("p50", "p95"):
        yield _seconds(metric)


def _is_dull(measure: Measure, groups: Sequence[ScoreGroup]) -> bool:
    """Whether there is nothing to see: the median beside `p95`, and errors that never happened."""
    if measure.metric == "p50":
        return True
    values = filter(None, map(measure.of, groups))
    return measure.metric in ("errors", "refusals") and not any(each.value for each in values)


def _share(found: Share) -> Value | None:
    if found.value is None:
        return None
    return _in_percent(found.value, found.low, found.high, found.n)


def _score(name: str) -> Measure:
    def of(group: ScoreGroup) -> Value | None:
        found = next((each for each in group.scores if each.name == name), None)
        return _in_percent(found.mean, found.low, found.high, found.n) if found else None

    return Measure(metric=name, title=f"{short(name)}, points", of=of)


def _assertion(kind: str) -> Measure:
    def of(group: ScoreGroup) -> Value | None:
        found = [each for each in group.assertions if each.type == kind and each.n]
        if not found:
            return None
        n = sum(each.n for each in found)
        share = sum(each.held for each in found) / n
        low, high = (found[0].low, found[0].high) if len(found) == 1 else (None, None)
        return _in_percent(share, low, high, n)

    return Measure(metric=kind, title=f"{short(kind)} holds, %", of=of)


def _cost_1000(group: ScoreGroup) -> Value | None:
    if group.cost_usd_1000 is None:
        return None
    return Value(value=group.cost_usd_1000, n=group.priced)


def _seconds(metric: str) -> Measure:
    def of(group: ScoreGroup) -> Value | None:
        found = group.latency_s
        return Value(value=getattr(found, metric), n=found.n) if found else None

    return Measure(metric=metric, title=f"{metric}, seconds", is_percent=False, of=of)


def _in_percent(share: float, low: float | None, high: float | None, n: int) -> Value:
    if low is None or high is None:
        return Value(value=100 * share, n=n)
    return Value(value=100 * share, low=100 * low, high=100 * high, n=n)
