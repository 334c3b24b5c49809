"""The rule of `drift`: control charts over nights, whose signals fresh answers must confirm.

A chart learns its level from ten nights. Later nights are compared with it by an exponentially
weighted moving average (EWMA) of their z values. Its limit is low enough to see small losses after
some nights. Four times as many fresh answers must confirm a signal, and unless the loss is gross,
on two nights in a row. The variance counts what is common to a night, because more answers on the
same night don't average it out. tests/evals/deciding/test_drift_simulation.py has the rates of
false alarms and of losses found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from random import Random
from statistics import fmean, median, variance
from typing import Literal

from promptops.model.night import LEARNING_NIGHTS
from promptops.records import record

FRESH = 4
"""The number of fresh answers to a case after a signal, for each answer of the night."""

WEIGHT = 0.2
LIMIT = -2.7 * sqrt(WEIGHT / (2 - WEIGHT))
SUSPECT = -1.96
GROSS = -4.0

_NIGHTS = 30
_RUNS = 201

Signal = Literal["steady", "suspect", "drifted"]


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


def learned(nights: Sequence[NightSample]) -> ChartLevel | None:
    """The level of the first ten nights; None for fewer."""
    first = nights[:LEARNING_NIGHTS]
    if len(first) < LEARNING_NIGHTS:
        return None
    means = [night.mean for night in first]
    within = fmean(max(night.within, least_variance(night.size)) for night in first)
    return ChartLevel(mean=fmean(means), within=within, spread=variance(means))


def next_ewma(before: float, z: float) -> float:
    """The EWMA after another night; never above 0, because only losses are looked for."""
    return min(0.0, WEIGHT * z + (1 - WEIGHT) * before)


def signals(ewma: float) -> bool:
    """Whether fresh answers are needed."""
    return ewma < LIMIT


def unconfirmed(z: float | None) -> bool:
    """Whether fresh answers disproved a signal: then the EWMA starts again at 0."""
    return z is not None and z >= SUSPECT


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
    return "drifted" if suspected or fresh_z < GROSS else "suspect"


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


def nights_to_find(level: ChartLevel, size: int, loss: float) -> int | None:
    """The median number of nights in which a loss is found; None for more than 30.

    Args:
        size: The number of answers of a night.
        loss: 0 to 1.
    """
    draw = Random(0)
    found = sorted(_nights_until_found(level, size, loss, draw) for _ in range(_RUNS))
    middle = int(median(found))
    return middle if middle <= _NIGHTS else None


def _nights_until_found(level: ChartLevel, size: int, loss: float, draw: Random) -> int:
    """The number of nights of one simulated run; one more than 30 if it is not found."""
    sampling, total = sqrt(level.sampling_of(size)), sqrt(level.variance_of(size))
    common, error = (
        sqrt(max(0.0, total**2 - sampling**2)),
        draw.gauss(0, total / sqrt(level.nights)),
    )
    ewma, suspected = 0.0, False
    for night in range(1, _NIGHTS + 1):
        mean = level.mean - loss - error + draw.gauss(0, common)
        ewma = next_ewma(ewma, level.z(NightSample(mean + draw.gauss(0, sampling), 0, size)))
        if not signals(ewma):
            suspected = False
            continue
        fresh = NightSample(mean + draw.gauss(0, sampling / sqrt(FRESH)), 0, FRESH * size)
        verdict = decided(level.confirming_z(fresh, size), suspected=suspected)
        if verdict == "drifted":
            return night
        suspected = verdict == "suspect"
        ewma = ewma if suspected else 0.0
    return _NIGHTS + 1
