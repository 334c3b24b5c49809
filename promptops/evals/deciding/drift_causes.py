"""Whether the model or the judge explains a loss."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, variance

from promptops.evals.deciding.drift import ChartLevel, NightSample, share_sample
from promptops.evals.deciding.intervals import mean, standard_error
from promptops.evals.deciding.student import student_cdf
from promptops.records import record

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
