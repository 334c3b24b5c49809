"""The rule of `drift`: control charts over nights, whose signals fresh answers must confirm.

A chart learns its level from ten nights. Later nights are compared with it by an exponentially
weighted moving average (EWMA) of their z values. Its limit is low enough to see small losses after
some nights. Four times as many fresh answers must confirm a signal, and unless the loss is gross,
on two nights in a row. The variance counts what is common to a night, because more answers on the
same night don't average it out. tests/evals/deciding/test_drift_simulation.py has the rates of
false alarms and of losses found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import sqrt
from random import Random
from statistics import fmean, median, variance
from typing import Literal

from promptops.evals.deciding.intervals import mean, standard_error, student_cdf
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

FRESH_ANSWERS = 4
"""The number of fresh answers to a case after a signal, for each answer of the night."""

EWMA_WEIGHT = 0.2
EWMA_LIMIT = -2.7 * sqrt(EWMA_WEIGHT / (2 - EWMA_WEIGHT))
SUSPECT_Z = -1.96
GROSS_Z = -4.0

CHARTS: tuple[ChartName, ...] = ("score", "contracts")

Signal = Literal["steady", "suspect", "drifted"]


def charts(history: Sequence[Night]) -> tuple[Chart, ...]:
    """The charts of a prompt, from all nights with the same digest, oldest first."""
    found = (chart(history, name) for name in CHARTS)
    return tuple(each for each in found if each.points)


def chart(history: Sequence[Night], name: ChartName) -> Chart:
    """One chart; without points if no night has it."""
    level = level_of(history, name)
    points: list[ChartPoint] = []
    ewma, learning = 0.0, LEARNING_NIGHTS
    for index, night, sample in _nights_of_chart(history, name):
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
        limit=EWMA_LIMIT,
        points=tuple(points),
    )


def _nights_of_chart(
    history: Sequence[Night], name: ChartName
) -> Iterator[tuple[int, Night, NightSample]]:
    """The nights of a chart since the last accepted one: complete, and with this chart.

    A night that drifted while the level was learned is not part of the level.
    """
    for at in range(first_night_since_accepted(history), len(history)):
        sample = sample_of(history[at], name)
        if sample is not None and history[at].verdict != "incomplete":
            yield at, history[at], sample


def _baseline(
    level: ChartLevel, points: Sequence[ChartPoint], history: Sequence[Night], name: ChartName
) -> ChartBaseline:
    last = sample_of(history[points[-1].night], name)
    size = last.size if last is not None else 1
    return ChartBaseline(mean=level.mean, se=level.se(size), nights=level.nights)


def level_of(history: Sequence[Night], name: ChartName) -> ChartLevel | None:
    """The level that was learned since the last accepted night; None while it is learned."""
    return level_of_nights(
        [s for _, night, s in _nights_of_chart(history, name) if night.verdict == "learning"]
    )


def learned_nights(history: Sequence[Night]) -> int:
    """The number of nights that were learned since the last accepted one."""
    return sum(
        night.verdict == "learning" for night in history[first_night_since_accepted(history) :]
    )


def is_learned(history: Sequence[Night]) -> bool:
    """Whether ten nights were learned since the last accepted one."""
    return learned_nights(history) >= LEARNING_NIGHTS


def first_night_since_accepted(history: Sequence[Night]) -> int:
    """The index of the first night after the last accepted one."""
    accepted = (at for at, night in enumerate(history) if night.verdict == "accepted")
    return max(accepted, default=-1) + 1


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


def rounded_fresh_z(score: float | None, contracts: float | None) -> Confirmed | None:
    """The z values of fresh answers, with two decimals; None without any."""
    if score is None and contracts is None:
        return None
    return Confirmed(score=_rounded(score), contracts=_rounded(contracts))


def _rounded(z: float | None) -> float | None:
    return round(z, 2) if z is not None else None


# The verdict on the last night of a chart.


def signalled(chart: Chart) -> bool:
    """Whether the last night needs fresh answers."""
    return chart.ewma is not None and signals(chart.ewma)


def verdict_on(chart: Chart, history: Sequence[Night]) -> Signal:
    """The verdict on the last night, once its fresh answers are known."""
    if not signalled(chart):
        return "steady"
    fresh = fresh_z(history[-1], chart.name)
    before = [history[point.night] for point in chart.points[:-1]]
    return decided(fresh, suspected=_was_suspect(before, chart.name))


def _was_suspect(before: Sequence[Night], name: ChartName) -> bool:
    """Whether the night before was suspect on this chart, or drifted."""
    if not before:
        return False
    z = fresh_z(before[-1], name)
    return before[-1].verdict in ("suspect", "drifted") and z is not None and not unconfirmed(z)


def worst_verdict(verdicts: Sequence[NightVerdict]) -> NightVerdict:
    """The most serious of some verdicts; at least one."""
    return max(verdicts, key=_VERDICTS_BY_SEVERITY.index)


_VERDICTS_BY_SEVERITY: tuple[NightVerdict, ...] = (
    "accepted",
    "incomplete",
    "learning",
    "steady",
    "suspect",
    "drifted",
)


# The common chart of several prompts.


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


# Nights as samples, the level that is learned from them, and the steps of the rule.


@record(frozen=True, slots=True)
class NightSample:
    """The answers of a night on one chart.

    Attributes:
        mean: 0 to 1.
        within: The variance among answers to the same case.
        size: The number of answers to all cases.
    """

    mean: float
    within: float
    size: int

    @property
    def sampling(self) -> float:
        """The variance of the mean from sampling alone."""
        return max(self.within, least_variance(self.size)) / self.size


def least_variance(size: int) -> float:
    """The variance of an answer if all of this number are alike: half of one may differ."""
    share = 0.5 / (size + 1)
    return share * (1 - share)


def share_sample(kept: int, of: int) -> NightSample:
    """Contracts as a sample; half of one is added to each side, so that no share is certain."""
    share = (kept + 0.5) / (of + 1)
    return NightSample(mean=kept / of, within=share * (1 - share), size=of)


@record(frozen=True, slots=True)
class ChartLevel:
    """The learned level of a chart.

    Attributes:
        within: The mean of the nights' variances among answers to the same case.
        spread: The variance of the nights' means.
        nights: The number of nights it was learned from.
    """

    mean: float
    within: float
    spread: float
    nights: int = LEARNING_NIGHTS

    def se(self, size: int) -> float:
        """The standard error of the difference between a night and this level."""
        return sqrt(self.variance_of(size) * (1 + 1 / self.nights))

    def z(self, night: NightSample) -> float:
        """How far a night is from this level, in standard errors."""
        return (night.mean - self.mean) / self.se(night.size)

    def confirming_z(self, fresh: NightSample, size: int) -> float:
        """The same for fresh answers of a night that has `size` answers without them."""
        sampling, total = self.sampling_of(size), self.variance_of(size)
        of_fresh = self.sampling_of(fresh.size) + (total - sampling) + total / self.nights
        return (fresh.mean - self.mean) / sqrt(of_fresh)

    def sampling_of(self, size: int) -> float:
        """The variance of the mean of so many answers from sampling alone."""
        return NightSample(self.mean, self.within, size).sampling

    def variance_of(self, size: int) -> float:
        """The variance of a night's mean: from sampling, or what the learned nights show."""
        return max(self.sampling_of(size), self.spread)


def level_of_nights(nights: Sequence[NightSample]) -> ChartLevel | None:
    """The level of the first ten nights; None for fewer."""
    first = nights[:LEARNING_NIGHTS]
    if len(first) < LEARNING_NIGHTS:
        return None
    means = [night.mean for night in first]
    within = fmean(max(night.within, least_variance(night.size)) for night in first)
    return ChartLevel(mean=fmean(means), within=within, spread=variance(means))


def next_ewma(before: float, z: float) -> float:
    """The EWMA after another night; never above 0, because only losses are looked for."""
    return min(0.0, EWMA_WEIGHT * z + (1 - EWMA_WEIGHT) * before)


def signals(ewma: float) -> bool:
    """Whether fresh answers are needed."""
    return ewma < EWMA_LIMIT


def unconfirmed(z: float | None) -> bool:
    """Whether fresh answers disproved a signal: then the EWMA starts again at 0."""
    return z is not None and z >= SUSPECT_Z


def decided(fresh_z: float | None, *, suspected: bool) -> Signal:
    """The verdict on a signal.

    Args:
        fresh_z: z of the fresh answers; None if there are none, as after a failure.
        suspected: Fresh answers confirmed a signal on the night before, too.
    """
    if fresh_z is None:
        return "suspect"
    if unconfirmed(fresh_z):
        return "steady"
    return "drifted" if suspected or fresh_z < GROSS_Z else "suspect"


def difference_z(night: NightSample, recorded: NightSample) -> float:
    """The distance of a night from recorded answers, for nights without a learned level.

    Recorded answers vary at least as much as those of the night, although teams keep those that
    pass, and few answers of one case show no variance.
    """
    within = max(night.within, recorded.within)
    before = NightSample(recorded.mean, within, recorded.size)
    return (night.mean - recorded.mean) / sqrt(night.sampling + before.sampling)


def pooled(zs: Iterable[float]) -> float:
    """The common z of several prompts in one night; at least one."""
    values = tuple(zs)
    return sum(values) / sqrt(len(values))


# How many nights pass until a loss is found, by simulation.

_SIMULATED_NIGHTS = 30
_SIMULATED_RUNS = 201


def nights_to_find(level: ChartLevel, size: int, loss: float) -> int | None:
    """The median number of nights in which a loss is found; None for more than 30.

    Args:
        size: The number of answers of a night.
        loss: 0 to 1.
    """
    draw = Random(0)
    found = sorted(_nights_until_found(level, size, loss, draw) for _ in range(_SIMULATED_RUNS))
    middle = int(median(found))
    return middle if middle <= _SIMULATED_NIGHTS else None


def _nights_until_found(level: ChartLevel, size: int, loss: float, draw: Random) -> int:
    """The number of nights of one simulated run; one more than 30 if it is not found."""
    sampling, total = sqrt(level.sampling_of(size)), sqrt(level.variance_of(size))
    common, error = (
        sqrt(max(0.0, total**2 - sampling**2)),
        draw.gauss(0, total / sqrt(level.nights)),
    )
    ewma, suspected = 0.0, False
    for night in range(1, _SIMULATED_NIGHTS + 1):
        mean = level.mean - loss - error + draw.gauss(0, common)
        ewma = next_ewma(ewma, level.z(NightSample(mean + draw.gauss(0, sampling), 0, size)))
        if not signals(ewma):
            suspected = False
            continue
        fresh = NightSample(
            mean + draw.gauss(0, sampling / sqrt(FRESH_ANSWERS)), 0, FRESH_ANSWERS * size
        )
        verdict = decided(level.confirming_z(fresh, size), suspected=suspected)
        if verdict == "drifted":
            return night
        suspected = verdict == "suspect"
        ewma = ewma if suspected else 0.0
    return _SIMULATED_NIGHTS + 1


# Whether the model or the judge explains a loss.

SAMENESS_Z = -2.33
JUDGE_ALPHA = 0.01


def sameness_z(tonight: NightSample, learned: Sequence[NightSample]) -> float | None:
    """How far the share of answers equal to a recorded one fell; None without learned nights.

    Args:
        tonight: Its mean is the share.
    """
    if not learned:
        return None
    means = [night.mean for night in learned]
    level = ChartLevel(
        mean=fmean(means),
        within=fmean(night.within for night in learned),
        spread=variance(means) if len(means) > 1 else 0.0,
        nights=len(learned),
    )
    return level.z(tonight)


def equal_answers(share: float, size: int) -> NightSample:
    """The share of a night's answers that are equal to a recorded one, as a sample."""
    return share_sample(round(share * size), size)


@record(frozen=True, slots=True)
class JudgeChange:
    """How a judge judges the same answers again.

    Attributes:
        difference: The mean, new minus old; -1 to 1.
        n: The number of answers.
        p: The chance of so low a mean if the judge did not change.
    """

    difference: float
    n: int
    p: float

    @property
    def is_harsher(self) -> bool:
        """Whether it gives lower scores, at the level of the rule."""
        return self.p < JUDGE_ALPHA


def judge_change(differences: Sequence[Sequence[float]]) -> JudgeChange | None:
    """The change of a judge; None without two cases.

    Args:
        differences: For each case, the differences of its answers: new score minus old score.
    """
    clusters = [list(own) for own in differences if own]
    if len(clusters) < 2:
        return None
    middle, error = mean(clusters), standard_error(clusters)
    of_equal = 0.0 if middle < 0 else 1.0
    p = student_cdf(middle / error, len(clusters) - 1) if error else of_equal
    return JudgeChange(difference=middle, n=sum(map(len, clusters)), p=p)
