"""The control charts of a history of nights, computed again at each run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.evals.deciding.drift import (
    LIMIT,
    ChartLevel,
    NightSample,
    Signal,
    decided,
    learned,
    next_ewma,
    pooled,
    share_sample,
    signals,
    unconfirmed,
)
from promptops.model.night import (
    LEARNING_NIGHTS,
    Chart,
    ChartBaseline,
    ChartName,
    ChartPoint,
    Confirmed,
    Night,
    NightVerdict,
)
from promptops.records import record

CHARTS: tuple[ChartName, ...] = ("score", "contracts")


def charts(history: Sequence[Night]) -> tuple[Chart, ...]:
    """The charts of a prompt, from all nights with the same digest, oldest first."""
    found = (chart(history, name) for name in CHARTS)
    return tuple(each for each in found if each.points)


def chart(history: Sequence[Night], name: ChartName) -> Chart:
    """One chart; without points if no night has it."""
    level = level_of(history, name)
    points: list[ChartPoint] = []
    ewma, learning = 0.0, LEARNING_NIGHTS
    for index, night, sample in _charted(history, name):
        z = level.z(sample) if level is not None and not learning else None
        learning -= night.verdict == "learning"
        ewma = next_ewma(ewma, z) if z is not None else ewma
        is_reset = z is not None and signals(ewma) and unconfirmed(fresh_z(night, name))
        points.append(
            ChartPoint(
                night=index,
                mean=sample.mean,
                se=sample.sampling**0.5,
                z=z,
                ewma=ewma if z is not None else None,
                reset=is_reset,
            )
        )
        ewma = 0.0 if is_reset else ewma
    return Chart(
        name=name,
        baseline=_baseline(level, points, history, name) if level is not None else None,
        ewma=points[-1].ewma if points else None,
        limit=LIMIT,
        points=tuple(points),
    )


def level_of(history: Sequence[Night], name: ChartName) -> ChartLevel | None:
    """The level that was learned since the last accepted night; None while it is learned."""
    return learned([s for _, night, s in _charted(history, name) if night.verdict == "learning"])


def learned_nights(history: Sequence[Night]) -> int:
    """The number of nights that were learned since the last accepted one."""
    return sum(night.verdict == "learning" for night in history[current(history) :])


def is_learned(history: Sequence[Night]) -> bool:
    """Whether ten nights were learned since the last accepted one."""
    return learned_nights(history) >= LEARNING_NIGHTS


def sample_of(night: Night, name: ChartName) -> NightSample | None:
    """The answers of a night on a chart; None if it has none."""
    if name == "contracts":
        return share_sample(night.kept, night.of) if night.of else None
    if night.mean is None or night.within is None or not night.n:
        return None
    return NightSample(mean=night.mean, within=night.within, size=night.n * night.k)


def fresh_z(night: Night, name: ChartName) -> float | None:
    """z of the fresh answers of a night, or None."""
    return getattr(night.confirmed, name) if night.confirmed is not None else None


def signalled(chart: Chart) -> bool:
    """Whether the last night needs fresh answers."""
    return chart.ewma is not None and signals(chart.ewma)


def verdict_on(chart: Chart, history: Sequence[Night]) -> Signal:
    """The verdict on the last night, once its fresh answers are known."""
    if not signalled(chart):
        return "steady"
    fresh = fresh_z(history[-1], chart.name)
    before = [history[point.night] for point in chart.points[:-1]]
    return decided(fresh, suspected=_suspect(before, chart.name))


def worst_verdict(verdicts: Sequence[NightVerdict]) -> NightVerdict:
    """The most serious of some verdicts; at least one."""
    return max(verdicts, key=_ORDER.index)


_ORDER: tuple[NightVerdict, ...] = (
    "accepted",
    "incomplete",
    "learning",
    "steady",
    "suspect",
    "drifted",
)


def current(history: Sequence[Night]) -> int:
    """The index of the first night after the last accepted one."""
    accepted = (at for at, night in enumerate(history) if night.verdict == "accepted")
    return max(accepted, default=-1) + 1


@record(frozen=True, slots=True, kw_only=True)
class PooledChart:
    """The common chart of the prompts of a profile.

    Attributes:
        ewma: Of the last night; None without enough prompts that have learned their level.
        signal: The last night needs fresh answers.
        verdict: `learning` if `ewma` is None.
    """

    ewma: float | None
    signal: bool = False
    verdict: NightVerdict = "learning"


def pooled_chart(histories: Mapping[str, Sequence[Night]], least: int = 2) -> PooledChart:
    """The pooled chart of the prompts of one profile, from their nights.

    A night counts where at least so many of them have z. Nights of one run have the same time.
    """
    rows: dict[str, list[tuple[float, float | None]]] = {}
    for history in histories.values():
        for point in chart(history, "score").points:
            if point.z is not None:
                night = history[point.night]
                rows.setdefault(night.at, []).append((point.z, fresh_z(night, "score")))
    nights = [rows[at] for at in sorted(rows) if len(rows[at]) >= least]
    tonight = max((history[-1].at for history in histories.values() if history), default="")
    found = PooledChart(ewma=None)
    ewma, suspected = 0.0, False
    for row in nights:
        ewma = next_ewma(ewma, pooled(z for z, _ in row))
        fresh = _pooled_fresh(row) if signals(ewma) else None
        verdict = decided(fresh, suspected=suspected) if signals(ewma) else "steady"
        found = PooledChart(ewma=ewma, signal=signals(ewma), verdict=verdict)
        suspected = verdict != "steady" and fresh is not None
        ewma = 0.0 if unconfirmed(fresh) else ewma
    return found if len(rows.get(tonight, ())) >= least else PooledChart(ewma=None)


def _pooled_fresh(row: Sequence[tuple[float, float | None]]) -> float | None:
    """The common z of the fresh answers; None unless all prompts have some."""
    known = [fresh for _, fresh in row if fresh is not None]
    return pooled(known) if len(known) == len(row) else None


def _charted(history: Sequence[Night], name: ChartName) -> Iterator[tuple[int, Night, NightSample]]:
    """The nights of a chart since the last accepted one: complete, and with this chart.

    A night that drifted while the level was learned is not part of the level.
    """
    for at in range(current(history), len(history)):
        sample = sample_of(history[at], name)
        if sample is not None and history[at].verdict != "incomplete":
            yield at, history[at], sample


def _baseline(
    level: ChartLevel, points: Sequence[ChartPoint], history: Sequence[Night], name: ChartName
) -> ChartBaseline:
    last = sample_of(history[points[-1].night], name)
    size = last.size if last is not None else 1
    return ChartBaseline(mean=level.mean, se=level.se(size), nights=level.nights)


def _suspect(before: Sequence[Night], name: ChartName) -> bool:
    """Whether the night before was suspect on this chart, or drifted."""
    if not before:
        return False
    z = fresh_z(before[-1], name)
    return before[-1].verdict in ("suspect", "drifted") and z is not None and not unconfirmed(z)


def confirmed(score: float | None, contracts: float | None) -> Confirmed | None:
    """The z values of fresh answers, with two decimals; None without any."""
    if score is None and contracts is None:
        return None
    return Confirmed(score=_rounded(score), contracts=_rounded(contracts))


def _rounded(z: float | None) -> float | None:
    return round(z, 2) if z is not None else None
