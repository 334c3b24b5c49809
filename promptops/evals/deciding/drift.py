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
from math import fsum, sqrt
from random import Random
from statistics import fmean, median, stdev, variance

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
    Signal,
)
from promptops.records import record, replace

FRESH_ANSWERS = 4
"""The number of fresh answers to a case after a signal, for each answer of the night."""

MOST_CONFIRMATIONS, CONFIRMATION_NIGHTS = 4, 30
"""A prompt has fresh answers on at most so many of so many nights."""

EWMA_WEIGHT = 0.2
EWMA_LIMIT = -2.7 * sqrt(EWMA_WEIGHT / (2 - EWMA_WEIGHT))
SUSPECT_Z = -1.96
GROSS_Z = -6.0
NIGHT_NOISE = 0.01
"""The standard deviation of a night's common noise that is always assumed."""

LEARNING_GROSS_Z = -4.0
LEARNING_NOISE = 0.02
"""The same while the level is learned, when few nights show how much they vary."""

CHARTS: tuple[ChartName, ...] = ("score", "contracts")


def charts(history: Sequence[Night]) -> tuple[Chart, ...]:
    """The charts of a prompt, from all nights with the same digest, oldest first."""
    found = (chart(history, name) for name in CHARTS)
    return tuple(each for each in found if each.points)


def chart(history: Sequence[Night], name: ChartName) -> Chart:
    """One chart; without points if no night has it."""
    level = level_of(history, name)
    points: list[ChartPoint] = []
    state, learning = ChartState(), LEARNING_NIGHTS
    for index, night, sample in _nights_of_chart(history, name):
        point = ChartPoint(night=index, mean=sample.mean, se=sample.sampling**0.5)
        if level is not None and not learning:
            before, z = state, level.z(sample)
            state = next_state(before, z, fresh_z(night, name))
            point = replace(
                point,
                z=z,
                ewma=state.ewma,
                verdict=state.verdict,
                reset=state.is_reset,
                needs_fresh=needs_fresh(before, state),
            )
        learning -= night.verdict == "learning"
        points.append(point)
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
    return level_of_nights(list(learned_samples(history, name).values()))


def learned_samples(history: Sequence[Night], name: ChartName) -> Mapping[str, NightSample]:
    """The nights that the level of a chart is learned from, by their UTC date, oldest first."""
    found = {
        date_of(night): sample
        for _, night, sample in _nights_of_chart(history, name)
        if night.verdict == "learning"
    }
    return dict(list(found.items())[:LEARNING_NIGHTS])


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
    """The answers of a night on a chart; None if it has none.

    One answer to each case shows no variance within cases: then it is that of a share.
    """
    if name == "contracts":
        return share_sample(night.kept, night.of) if night.of else None
    if night.mean is None or night.within is None or not night.n:
        return None
    size = night.n * night.k
    within = night.within if night.k > 1 else share_variance(night.mean, size)
    return NightSample(mean=night.mean, within=within, size=size)


def fresh_z(night: Night, name: ChartName) -> float | None:
    """z of the fresh answers of a night, or None."""
    return getattr(night.confirmed, name) if night.confirmed is not None else None


def rounded_fresh_z(score: float | None, contracts: float | None) -> Confirmed:
    """The z values of fresh answers, with two decimals."""
    return Confirmed(score=_rounded(score), contracts=_rounded(contracts))


def _rounded(z: float | None) -> float | None:
    return round(z, 2) if z is not None else None


# One night for each UTC date.


def date_of(night: Night) -> str:
    """The UTC date of a night, as in `2026-11-27`."""
    return night.at[:10]


def one_night_a_day(history: Sequence[Night]) -> list[Night]:
    """The last night of each UTC date, oldest first; an incomplete one replaces no other.

    Nights of one day share its noise, so that several of them would count it several times.
    After an accepted night, the same day has another night.
    """
    found: list[Night] = []
    for night in history:
        if not found or not _is_same_night(found[-1], night):
            found.append(night)
        elif night.verdict != "incomplete" or found[-1].verdict == "incomplete":
            found[-1] = night
    return found


def night_on(history: Sequence[Night], date: str) -> Night | None:
    """The last night, if it is of this UTC date and was not accepted since."""
    last = history[-1] if history else None
    if last is None or last.verdict == "accepted" or date_of(last) != date:
        return None
    return last


def _is_same_night(before: Night, night: Night) -> bool:
    return date_of(before) == date_of(night) and "accepted" not in (before.verdict, night.verdict)


# The verdict on the last night. It follows from the lines of the history alone.


def last_night_needs_fresh(history: Sequence[Night], name: ChartName) -> bool:
    """Whether the last night, a complete one, has a signal that fresh answers must confirm."""
    if not is_learned(history[:-1]):
        return _is_gross(history, name) and not _drifted_while_learning(history[:-1], name)
    point = last_point(chart(history, name), history)
    return point is not None and point.needs_fresh


def verdict_on(history: Sequence[Night], name: ChartName) -> NightVerdict:
    """The verdict of a chart on the last night, a complete one, with its fresh answers."""
    if not is_learned(history[:-1]):
        return _verdict_while_learning(history, name)
    point = last_point(chart(history, name), history)
    return point.verdict if point is not None and point.verdict is not None else "steady"


def last_point(chart: Chart, history: Sequence[Night]) -> ChartPoint | None:
    """The point of the last night; None if the chart does not have it."""
    points = chart.points
    return points[-1] if points and points[-1].night == len(history) - 1 else None


def confirming_z(
    history: Sequence[Night], name: ChartName, fresh: NightSample | None
) -> float | None:
    """z of fresh answers of the last night; None without them, or without a level."""
    tonight, learned = sample_of(history[-1], name), learned_samples(history[:-1], name)
    if tonight is None or fresh is None or not learned:
        return None
    level = level_of(history[:-1], name)
    if level is not None:
        return level.confirming_z(fresh, tonight.size)
    return learning_z(list(learned.values()), tonight, fresh)


def may_confirm(before: Sequence[Night]) -> bool:
    """Whether a night after these may have fresh answers."""
    nights = [night for night in before if night.verdict != "accepted"]
    latest = nights[1 - CONFIRMATION_NIGHTS :]
    return sum(night.confirmed is not None for night in latest) < MOST_CONFIRMATIONS


def _verdict_while_learning(history: Sequence[Night], name: ChartName) -> NightVerdict:
    if not _is_gross(history, name):
        return "learning"
    if _drifted_while_learning(history[:-1], name):
        return "drifted"
    fresh = fresh_z(history[-1], name)
    if fresh is None:
        return "suspect"
    return "drifted" if fresh < LEARNING_GROSS_Z else "learning"


def _is_gross(history: Sequence[Night], name: ChartName) -> bool:
    """Whether the last night lost much, compared with the nights that are learned so far."""
    tonight, learned = sample_of(history[-1], name), learned_samples(history[:-1], name)
    if tonight is None or not learned:
        return False
    return learning_z(list(learned.values()), tonight) < LEARNING_GROSS_Z


def _drifted_while_learning(before: Sequence[Night], name: ChartName) -> bool:
    """Whether a chart is drifted since a night whose loss fresh answers confirmed."""
    for at in range(len(before) - 1, first_night_since_accepted(before) - 1, -1):
        if before[at].verdict == "incomplete":
            continue
        if before[at].verdict != "drifted" or not _is_gross(before[: at + 1], name):
            return False
        fresh = fresh_z(before[at], name)
        if fresh is not None:
            return fresh < LEARNING_GROSS_Z
    return False


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
        needs_fresh: The last night has a signal that fresh answers of all prompts must confirm.
        verdict: `learning` if `ewma` is None.
    """

    ewma: float | None
    needs_fresh: bool = False
    verdict: NightVerdict = "learning"


@record(frozen=True, slots=True)
class _PooledNight:
    """A prompt on one night of a pooled chart."""

    prompt: str
    z: float
    fresh: float | None
    size: int


def pooled_chart(histories: Mapping[str, Sequence[Night]], least: int = 2) -> PooledChart:
    """The pooled chart of the prompts of one profile, from their nights.

    A night counts where at least so many of them have z.
    """
    rows: dict[str, list[_PooledNight]] = {}
    for prompt, history in histories.items():
        for point in chart(history, "score").points:
            sample = sample_of(history[point.night], "score")
            if point.z is not None and sample is not None:
                night = history[point.night]
                own = _PooledNight(prompt, point.z, fresh_z(night, "score"), sample.size)
                rows.setdefault(date_of(night), []).append(own)
    tonight = max((date_of(history[-1]) for history in histories.values() if history), default="")
    if len(rows.get(tonight, ())) < least:
        return PooledChart(ewma=None)
    before = state = ChartState()
    scale = _PooledScale(histories)
    for date in sorted(date for date, row in rows.items() if len(row) >= least):
        row = rows[date]
        divisor = scale.of(row)
        fresh = _pooled_fresh(row)
        z = pooled(each.z for each in row) / divisor
        before, state = state, next_state(state, z, fresh / divisor if fresh is not None else None)
    return PooledChart(
        ewma=state.ewma, needs_fresh=needs_fresh(before, state), verdict=state.verdict
    )


def _pooled_fresh(row: Sequence[_PooledNight]) -> float | None:
    """The common z of the fresh answers; None unless all prompts have some."""
    known = [each.fresh for each in row if each.fresh is not None]
    return pooled(known) if len(known) == len(row) else None


class _PooledScale:
    """What the pooled z of some prompts is divided by, from the nights that they learned."""

    def __init__(self, histories: Mapping[str, Sequence[Night]]) -> None:
        self._learned = {p: learned_samples(own, "score") for p, own in histories.items()}
        self._known: dict[tuple[tuple[str, int], ...], float] = {}

    def of(self, row: Sequence[_PooledNight]) -> float:
        key = tuple((each.prompt, each.size) for each in row)
        if key not in self._known:
            self._known[key] = self._of(key)
        return self._known[key]

    def _of(self, key: Sequence[tuple[str, int]]) -> float:
        learned = [self._learned[prompt] for prompt, _ in key]
        levels = [level for own in learned if (level := level_of_nights(list(own.values())))]
        common = [date for date in learned[0] if all(date in own for own in learned)]
        nights = [[own[date] for own in learned] for date in common]
        return pooled_scale(levels, [size for _, size in key], nights)


def pooled_scale(
    levels: Sequence[ChartLevel], sizes: Sequence[int], learned: Sequence[Sequence[NightSample]]
) -> float:
    """What the pooled z of prompts is divided by, because they share the noise of a night.

    It is what their common learned nights show, and at least what `NIGHT_NOISE` gives.

    Args:
        levels, sizes: Of each prompt: its level, and its answers of the night.
        learned: The nights that all of them learned, with the sample of each prompt.
    """
    shares = (
        NIGHT_NOISE**2 / level.variance_of(size) for level, size in zip(levels, sizes, strict=True)
    )
    assumed = sqrt(1 + (len(levels) - 1) * fmean(shares))
    seen = [
        pooled(level.z(sample) for level, sample in zip(levels, night, strict=True))
        for night in learned
    ]
    return max(assumed, stdev(seen)) if len(seen) > 1 else assumed


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
    return share_variance(0.0, size)


def share_variance(share: float, size: int) -> float:
    """The variance of an answer, from a share of so many.

    Half of one is added to each side, so that no share is certain.
    """
    found = (share * size + 0.5) / (size + 1)
    return found * (1 - found)


def share_sample(kept: int, of: int) -> NightSample:
    """A number of answers, and how many of them keep all contracts, as a sample."""
    return NightSample(mean=kept / of, within=share_variance(kept / of, of), size=of)


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
        """The variance of a night's mean: what is assumed, or what the learned nights show."""
        return max(self.sampling_of(size) + NIGHT_NOISE**2, self.spread)


def level_of_nights(nights: Sequence[NightSample]) -> ChartLevel | None:
    """The level of the first ten nights; None for fewer."""
    first = nights[:LEARNING_NIGHTS]
    if len(first) < LEARNING_NIGHTS:
        return None
    means = [night.mean for night in first]
    return ChartLevel(mean=fmean(means), within=_mean_within(first), spread=variance(means))


def _mean_within(nights: Sequence[NightSample]) -> float:
    return fmean(max(night.within, least_variance(night.size)) for night in nights)


def learning_z(
    learned: Sequence[NightSample], tonight: NightSample, fresh: NightSample | None = None
) -> float:
    """How far a night is from those that are learned so far, in standard errors; at least one.

    Args:
        fresh: Further answers of this night, which are compared in its place.
    """
    within = _mean_within([*learned, tonight])
    sampling = NightSample(tonight.mean, within, tonight.size).sampling
    compared = fresh if fresh is not None else tonight
    own = sampling * tonight.size / compared.size + LEARNING_NOISE**2
    of_level = (sampling + LEARNING_NOISE**2) / len(learned)
    return (compared.mean - fmean(night.mean for night in learned)) / sqrt(own + of_level)


@record(frozen=True, slots=True)
class ChartState:
    """A chart after a night; at first, before any.

    Attributes:
        is_confirmed: Fresh answers of this night confirmed its signal.
    """

    ewma: float = 0.0
    verdict: Signal = "steady"
    is_confirmed: bool = False

    @property
    def is_reset(self) -> bool:
        """Whether fresh answers disproved a signal: then the EWMA starts again at 0."""
        return signals(self.ewma) and self.verdict == "steady"


def next_state(before: ChartState, z: float, fresh: float | None) -> ChartState:
    """A chart after another night.

    A chart that drifted stays so, without fresh answers, until its EWMA is above the limit.

    Args:
        fresh: z of the fresh answers; None if there are none.
    """
    ewma = next_ewma(0.0 if before.is_reset else before.ewma, z)
    if not signals(ewma):
        return ChartState(ewma)
    if before.verdict == "drifted":
        return ChartState(ewma, "drifted")
    verdict = decided(fresh, suspected=before.is_confirmed)
    return ChartState(ewma, verdict, is_confirmed=fresh is not None and verdict != "steady")


def needs_fresh(before: ChartState, state: ChartState) -> bool:
    """Whether the signal of a night must be confirmed by fresh answers."""
    return signals(state.ewma) and before.verdict != "drifted"


def next_ewma(before: float, z: float) -> float:
    """The EWMA after another night; never above 0, because only losses are looked for."""
    return min(0.0, EWMA_WEIGHT * z + (1 - EWMA_WEIGHT) * before)


def signals(ewma: float) -> bool:
    """Whether an EWMA is below its limit."""
    return ewma < EWMA_LIMIT


def decided(fresh_z: float | None, *, suspected: bool) -> Signal:
    """The verdict on a signal.

    Args:
        fresh_z: z of the fresh answers; None if there are none, as after a failure.
        suspected: Fresh answers confirmed a signal on the night before, too.
    """
    if fresh_z is None:
        return "suspect"
    if fresh_z >= SUSPECT_Z:
        return "steady"
    return "drifted" if suspected or fresh_z < GROSS_Z else "suspect"


def pooled(zs: Iterable[float]) -> float:
    """The common z of several prompts in one night; at least one."""
    values = tuple(zs)
    return fsum(values) / sqrt(len(values))


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
    """The number of nights of one simulated run; one more than 30 if it is not found.

    Nights vary as the learned ones did, which may be less than the rule assumes.
    """
    variance = level.sampling_of(size)
    sampling, common = sqrt(variance), sqrt(max(0.0, level.spread - variance))
    error = draw.gauss(0, sqrt(max(level.spread, variance) / level.nights))
    state = ChartState()
    for night in range(1, _SIMULATED_NIGHTS + 1):
        mean = level.mean - loss - error + draw.gauss(0, common)
        z = level.z(NightSample(mean + draw.gauss(0, sampling), 0, size))
        fresh = NightSample(
            mean + draw.gauss(0, sampling / sqrt(FRESH_ANSWERS)), 0, FRESH_ANSWERS * size
        )
        state = next_state(state, z, level.confirming_z(fresh, size))
        if state.verdict == "drifted":
            return night
    return _SIMULATED_NIGHTS + 1


# Whether the model or the judge explains a loss.

SAMENESS_Z = -2.33
AS_OFTEN_Z = -1.0
"""Above it, the share of equal answers is called the same as before."""

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
