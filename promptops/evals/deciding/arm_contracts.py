"""Whether an arm of a comparison keeps the contracts as often as the reference.

The unit is the case: the share of its answers that keep all contracts, arm minus reference. Repeats
of a case show no input that no case has, so what could break unseen depends on cases alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isfinite, log, log1p

from promptops.evals.deciding.decision import (
    REPEATS,
    CaseScore,
    Evidence,
    Look,
    clusters_of,
    error_probability,
    evidence,
    fewest_sources,
    spends_margin,
)
from promptops.evals.deciding.intervals import (
    Clusters,
    interval,
    silent_loss,
    standard_error,
    student_quantile,
)
from promptops.model.arm import ArmVerdict, ContractDecision, ContractVerdict, ValueInterval
from promptops.records import record

DEFAULT_CONTRACT_MARGIN = 0.05

_UNSEEN_ALPHA = 0.025  # the chance that so many inputs break and no case shows one
_LAST_LOOK: Look = 3


def decide_contracts(
    cases: Sequence[CaseScore],
    look: Look,
    margin: float = DEFAULT_CONTRACT_MARGIN,
    arms: int = 1,
    prompts: int = 1,
) -> ContractDecision:
    """Decide by the existing answers. At least one case needs an answer in both arms.

    Args:
        cases: A score of 1 for an answer that keeps all contracts, else 0.
        look: As in `decide`.
        margin: The largest acceptable loss as a share, above 0 and up to 1.
        arms: The number of arms besides the reference; it divides the error probabilities.
        prompts: The number of prompts that are compared. In each of them the score and the
            contracts can refute the arm; so they divide the error probability of `worse`.
    """
    return _Contracts.of(cases, look, margin, arms, prompts).decision()


def combined_verdict(score: ArmVerdict | None, contracts: ContractVerdict | None) -> ArmVerdict:
    """The verdict by both decisions; None for one that there is not."""
    if "worse" in (score, contracts):
        return "worse"
    if "open" in (score, contracts):
        return "open"
    return score or "not worse"


@record(frozen=True, slots=True, kw_only=True)
class _Contracts:
    """The evidence, and the error probabilities of this look.

    Attributes:
        unseen: The loss that could be in inputs like these and show in no case.
        low, high: The bounds that decide.
        worse_share: What divides the error probability of `worse`.
    """

    found: Evidence
    look: Look
    margin: float
    arms: int
    worse_share: int
    unseen: float
    low: float
    high: float

    @classmethod
    def of(
        cls, cases: Sequence[CaseScore], look: Look, margin: float, arms: int, prompts: int
    ) -> _Contracts:
        found = evidence(cases, REPEATS[look - 1], error_probability(look, arms))
        worse_share = 2 * arms * prompts
        unseen = silent_loss(found.sources, _UNSEEN_ALPHA / arms)
        refuting = interval(clusters_of(found.pairs), error_probability(look, worse_share))
        accepting = interval(_with_another_loss(found), found.alpha)
        return cls(
            found=found,
            look=look,
            margin=margin,
            arms=arms,
            worse_share=worse_share,
            unseen=unseen,
            low=max(-1.0, min(accepting.low, min(found.difference, 0.0) - unseen)),
            high=min(1.0, refuting.high),
        )

    def decision(self) -> ContractDecision:
        found, verdict = self.found, self._verdict()
        repeats = self._repeats_needed() if verdict == "open" else None
        lost = tuple(pair.case.name for pair in found.pairs if pair.difference < 0)
        return ContractDecision(
            verdict=verdict,
            difference=ValueInterval(value=found.difference, low=self.low, high=self.high),
            cases=len(found.pairs),
            sources=found.sources,
            repeats=found.repeats,
            lost=lost,
            won=found.count(1),
            never=tuple(pair.case.name for pair in found.pairs if pair.difference == -1),
            # Without a loss, few cases make the interval useless, but not what they exclude.
            unseen=-self.low if lost else self.unseen,
            margin=self.margin,
            repeats_needed=repeats,
            cases_needed=self._cases_needed() if verdict == "open" and repeats is None else None,
        )

    def _verdict(self) -> ContractVerdict:
        if self.low > -self.margin:
            return "fit"
        return "worse" if self.high < 0 and self._spends_margin else "open"

    @property
    def _spends_margin(self) -> bool:
        return spends_margin(self.found.difference, self.margin)

    def _repeats_needed(self) -> int | None:
        """More answers make no arm fit whose cases are too few; they may prove that it is worse."""
        share = self.worse_share if self._spends_margin else self.arms
        is_open = self._spends_margin or self.unseen < self.margin
        enough = self.found.sources >= fewest_sources(error_probability(_LAST_LOOK, share))
        return REPEATS[self.look] if self.look < _LAST_LOOK and is_open and enough else None

    def _cases_needed(self) -> int:
        """About how many independent cases would decide if the difference stays the same."""
        found = self.found
        if self._spends_margin:
            share, room, spread = self.worse_share, -found.difference, found.error
            counts = [found.sources + 1]
        else:
            share, room = self.arms, self.margin + min(found.difference, 0.0)
            spread = standard_error(_with_another_loss(found)) if found.count(-1) else 0.0
            counts = [ceil(log(_UNSEEN_ALPHA / share) / log1p(-min(room, 0.99)))]
        alpha = error_probability(self.look, share)
        counts.append(fewest_sources(alpha))
        if isfinite(spread):
            freedom = max(found.sources, fewest_sources(alpha)) - 1
            reach = student_quantile(1 - alpha, freedom) * spread
            counts.append(ceil(found.sources * (reach / room) ** 2))
        return max(counts)


def _with_another_loss(found: Evidence) -> Clusters:
    """The differences, and one more case that lost completely if any case lost.

    Without it, an arm that is as bad as the margin would be fit in up to 6.7%.
    """
    clusters = clusters_of(found.pairs)
    return [[-1.0], *clusters] if found.count(-1) else clusters
