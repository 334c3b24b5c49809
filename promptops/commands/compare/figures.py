"""Cost, tokens and latency of the answers of an arm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from promptops.catalog.catalog import Catalog
from promptops.commands.compare.arm_run import ArmRun
from promptops.commands.compare.prompt_arms import PromptArms, source_of
from promptops.evals.cost import answer_cost_usd
from promptops.evals.deciding.intervals import ValuePair, paired_ratio
from promptops.model.arm import TokenMeans, ValueInterval
from promptops.model.config import ModelProfile
from promptops.records import record
from promptops.testing.answering import planned_profile
from promptops.testing.judging import JudgedAnswer


@record(frozen=True, slots=True)
class Prices:
    """The prices of today, also for the answers of earlier revisions.

    Attributes:
        head: The catalog whose profiles name prices.
    """

    head: Catalog

    def cost_usd(self, arm: ArmRun, judged: JudgedAnswer) -> float | None:
        """The cost of an answer; None without a price, or if the provider counted no tokens."""
        profile = planned_profile(arm.catalog, judged.planned)
        usage = judged.answer.usage
        if profile is None or not (usage.input or usage.output):
            return None
        return answer_cost_usd(usage, profile.provider, profile.id, self._priced(profile).price)

    def _priced(self, profile: ModelProfile) -> ModelProfile:
        """The profile of today for the same model, preferably with the same name."""
        model = profile.provider, profile.id
        today = self.head.config.models.values()
        same = [each for each in today if (each.provider, each.id) == model]
        named = [each for each in same if each.name == profile.name]
        return next(iter((*named, *same, profile)))


def case_costs(prices: Prices, arm: ArmRun, prompt: str) -> Mapping[str, float] | None:
    """The mean cost of the answers to each case, in USD; None if any is unknown."""
    found: dict[str, list[float]] = {}
    for judged in arm.answers(prompt):
        cost = prices.cost_usd(arm, judged)
        if cost is None:
            return None
        found.setdefault(judged.planned.case.name, []).append(cost)
    return {name: fmean(costs) for name, costs in found.items()}


def cost_pairs(
    prompt: PromptArms, reference: Mapping[str, float] | None, arm: Mapping[str, float] | None
) -> Sequence[ValuePair] | None:
    """The costs of the cases that both arms answered; None if any is unknown."""
    if reference is None or arm is None:
        return None
    return [
        ValuePair(reference=reference[name], arm=arm[name], source=source_of(planned))
        for planned in prompt.cases
        if (name := planned.case.name) in reference and name in arm
    ]


def ratio_of(pairs: Sequence[ValuePair] | None) -> ValueInterval | None:
    """The cost of an arm as a multiple of the reference's."""
    return paired_ratio(pairs) if pairs else None


def cost_usd_1000(costs: Iterable[float]) -> float | None:
    """The cost of 1,000 requests; None without any."""
    found = list(costs)
    return 1000 * fmean(found) if found else None


def token_means(answers: Sequence[JudgedAnswer]) -> TokenMeans | None:
    """Tokens per answer; None without any."""
    usages = [judged.answer.usage for judged in answers]
    if not any(usage.input or usage.output for usage in usages):
        return None
    return TokenMeans(
        input=fmean(usage.input for usage in usages), output=fmean(usage.output for usage in usages)
    )
