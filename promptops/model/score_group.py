"""What scoring measures in a group of production samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from promptops.model.arm import TokenMeans
from promptops.model.place import Place
from promptops.records import record

Dimension = Literal["prompt", "version", "release", "channel", "model", "day", "hour"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)


@record(frozen=True, slots=True, kw_only=True)
class AssertionRate:
    """How often an assertion holds in a group.

    Attributes:
        type: As written, with its `not-`; `output` for the contract of the output schema.
        place: Of the assertion at the release; of the latest, if it moved between releases.
        must: Whether it is a contract.
        n: Samples that could be checked.
        held: Those of `n` for which it holds.
        unscorable: Samples that could not be checked, not in `n`.
        low, high: The bounds of the 95% interval of `held / n`, as shares; None for n = 0.
    """

    type: str
    place: Place
    must: bool
    n: int
    held: int
    unscorable: int = 0
    low: float | None = None
    high: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class ScoreMean:
    """The mean of a score in a group.

    Attributes:
        name: Of the score.
        n: Samples with this score.
        mean, low, high: Shares, 0 to 1, with the bounds of the 95% interval.
    """

    name: str
    n: int
    mean: float
    low: float
    high: float


@record(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of the samples of a group.

    Attributes:
        n: Samples that count.
        count: Those of `n` for which it is true.
        low, high: The bounds of the 95% interval of `count / n`, as shares; None for n = 0.
    """

    n: int
    count: int
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        """0 to 1; None for n = 0."""
        return self.count / self.n if self.n else None


@record(frozen=True, slots=True, kw_only=True)
class ResponseTime:
    """Seconds until the answer was complete, from a histogram of 2% steps.

    Attributes:
        n: Samples with a latency.
        p50: The median.
        p95: The 95th percentile.
    """

    n: int
    p50: float
    p95: float


@record(frozen=True, slots=True, kw_only=True)
class AgainstVersion:
    """A version compared with the one before it, on the same channel and days.

    Attributes:
        version: The one before.
        metric: `contracts`, or the primary score.
        difference, low, high: Shares: -.03 is three points less; the bounds of the 95% interval.
        chance: Of such a difference if the versions are equally good, 0 to 1.
        certain: It is a change, even with the chance of all comparisons of the report.
    """

    version: str
    metric: str
    difference: float
    low: float
    high: float
    chance: float
    certain: bool = False


@record(frozen=True, slots=True, kw_only=True)
class ScoreGroup:
    """The samples with the same value of each dimension.

    Attributes:
        by: The value of each dimension; "" if the samples have none.
        n: Samples, including those with an error in place of an answer.
        effective: The number of independent samples that are as informative; at most `n`.
        contracts: `n` are the samples with an answer and a contract that could be checked, `count`
            those that keep all contracts.
        assertions: By the place of the assertion.
        scores: By name.
        refusals: Answers that refuse the request; `n` are the samples with an answer.
        errors: Samples with an error in place of an answer.
        tokens: Means; None without usage.
        priced: Samples with a known cost.
        cost_usd: Of the priced samples, their sum; None without any.
        cost_usd_1000: Of 1,000 requests; None without a priced sample.
        budget_usd_1000: The `budget.cost_usd` of the prompt, for 1,000 requests; None without a
            budget, and for a group with samples of several prompts.
        latency_s: None without a latency.
        against: None without an earlier version.
        few_conversations: Few conversations make up the contracts, or without contracts the primary
            score, so that the interval is wide.
    """

    by: Mapping[Dimension, str]
    n: int
    effective: float
    contracts: Share
    assertions: tuple[AssertionRate, ...] = ()
    scores: tuple[ScoreMean, ...] = ()
    refusals: Share
    errors: Share
    tokens: TokenMeans | None = None
    priced: int = 0
    cost_usd: float | None = None
    cost_usd_1000: float | None = None
    budget_usd_1000: float | None = None
    latency_s: ResponseTime | None = None
    against: AgainstVersion | None = None
    few_conversations: bool = False
