"""The result of each arm, from its judged answers: scores, contracts, cost, tokens and latency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.commands.compare.arms import ArmRun, PromptArms, sends_same_requests
from promptops.evals.cost import answer_cost_usd
from promptops.evals.deciding.arm_contracts import combined_verdict
from promptops.evals.deciding.decision import (
    Decision,
    Needs,
    arm_verdict,
    plain_sentence,
    sentence,
    what_it_takes,
)
from promptops.evals.deciding.intervals import ValuePair, latency_of, paired_ratio
from promptops.evals.judge_answer import scores
from promptops.evals.result import unjudged
from promptops.model.arm import (
    ArmKind,
    ArmResult,
    ArmVerdict,
    KeptContracts,
    TokenMeans,
    ValueInterval,
)
from promptops.model.config import ModelProfile
from promptops.model.test_run import CaseRun, Decided, Worse
from promptops.plurals import counted
from promptops.records import field, record, replace
from promptops.testing.answering import not_requested, planned_profile
from promptops.testing.judging import JudgedAnswer
from promptops.testing.paired import source_of
from promptops.testing.plan import PlannedCase

_NO_DIFFERENCE = ValueInterval(value=0.0, low=0.0, high=0.0)


@record(frozen=True, slots=True, kw_only=True)
class ArmResults:
    """The results of all arms for one prompt.

    Attributes:
        problems: By arm, why its recordings could not be read or written.
        ended: Why requests were not sent, or "".
    """

    prompt: PromptArms
    reference: ArmRun
    others: Sequence[ArmRun]
    kind: ArmKind
    prices: Prices
    problems: Mapping[str, Sequence[CaseRun]]
    ended: str = ""
    _costs: dict[str, Mapping[str, float] | None] = field(default_factory=dict)

    def of_reference(self) -> ArmResult:
        found = self._described(self.reference)
        kept = self._kept(self.reference)
        contracts = KeptContracts(kept=sum(map(all, kept.values())), of=len(kept))
        return replace(found, verdict="reference", contracts=contracts)

    def of(self, arm: ArmRun) -> ArmResult:
        """The result of an arm that is not the reference."""
        found = replace(
            self._described(arm),
            contracts=self._contracts(arm),
            cost_ratio=ratio_of(self.cost_pairs(arm)),
            note=self._note(arm),
        )
        decisions = {
            score: decision
            for score in self.prompt.scores
            if (decision := self.prompt.decide(score, self.reference, arm)) is not None
        }
        decided = {
            score: self._decided(arm, score, decision, found.cost_ratio)
            for score, decision in decisions.items()
        }
        primary = self.prompt.score
        if sends_same_requests(arm, self.reference, self.prompt.cases):
            found = replace(found, same_requests=True, difference=_NO_DIFFERENCE)
        else:
            contracts = self.prompt.decide_contracts(self.reference, arm)
            found = replace(found, contract_decision=contracts)
            if primary in decisions:
                found = _with_decision(found, decisions[primary], decided[primary])
            found = _with_needs(found, decisions.get(primary))
        return replace(
            found,
            verdict=self._verdict(found, decisions.get(primary)),
            others=tuple(each for score, each in decided.items() if score != primary),
        )

    def _verdict(self, found: ArmResult, decision: Decision | None) -> ArmVerdict:
        if not found.complete:
            return "open"
        if found.same_requests:
            return "not worse"
        contracts = found.contract_decision
        score = None
        if self.prompt.score:
            score = arm_verdict(decision) if decision is not None else "open"
        return combined_verdict(score, contracts.verdict if contracts else None)

    def _described(self, arm: ArmRun) -> ArmResult:
        """What the answers of one arm show by themselves."""
        answers = list(self._answers(arm))
        runs = unfinished(self.prompt, arm)
        costs = self.costs(arm)
        measured = list(arm.scores_of(self.prompt.id, self.prompt.score).values())
        latencies = (judged.answer.latency_s for judged in answers)
        return ArmResult(
            name=arm.name,
            kind=self.kind,
            model=self._model(arm, answers),
            params=self._params(arm),
            answered=len(answers),
            cases=len(self._paired(arm)),
            repeats=self._fewest(arm),
            stale=number_missing(runs),
            unpaired=tuple(
                planned.case.name
                for planned in self.prompt.cases
                if arm.arm.counterpart(planned) is None
            ),
            verdict="open",
            score=fmean(map(fmean, measured)) if measured else None,
            contracts=KeptContracts(kept=0, of=0),
            cost_usd_1000=cost_usd_1000(costs.values()) if costs is not None else None,
            tokens=token_means(answers),
            latency_s=latency_of(each for each in latencies if each is not None),
            problems=(*error_runs(runs, self.ended), *self.problems.get(arm.name, ())),
        )

    def _answers(self, arm: ArmRun) -> Iterator[JudgedAnswer]:
        names = {planned.case.name for planned in self.prompt.cases}
        return (
            judged for judged in arm.answers(self.prompt.id) if judged.planned.case.name in names
        )

    def _params(self, arm: ArmRun) -> Mapping[str, Any]:
        """The parameters of its first request; they are the same in all."""
        planned = next(filter(None, map(arm.arm.counterpart, self.prompt.cases)), None)
        request = planned.request if planned is not None else None
        return request.params if request is not None else {}

    def _model(self, arm: ArmRun, answers: Sequence[JudgedAnswer]) -> str:
        """The model that answered, else the one of the profile."""
        named = next((judged.answer.model for judged in answers if judged.answer.model), "")
        own = next(filter(None, map(arm.arm.counterpart, self.prompt.cases)), None)
        profile = planned_profile(arm.catalog, own) if own is not None else None
        return named or (profile.id if profile is not None else "")

    def _paired(self, arm: ArmRun) -> Sequence[PlannedCase]:
        return [
            planned
            for planned in self.prompt.cases
            if self.reference.judged_answer(planned) and arm.judged_answer(planned)
        ]

    def _fewest(self, arm: ArmRun) -> int:
        """The smallest number of answers to a case, in the arm or the reference."""
        counts = [
            sum(
                each.judged_answer(replace(planned, repeat=n)) is not None
                for n in range(self.prompt.repeats)
            )
            for planned in self._paired(arm)
            for each in (self.reference, arm)
        ]
        return min(counts, default=0)

    def _kept(self, arm: ArmRun) -> Mapping[str, tuple[float, ...]]:
        """By compared case with a contract, whether each answer keeps all."""
        names = {planned.case.name for planned in self.prompt.cases}
        kept = arm.kept_contracts(self.prompt.id)
        return {name: own for name, own in kept.items() if name in names}

    def _contracts(self, arm: ArmRun) -> KeptContracts:
        theirs = self._kept(self.reference)
        kept = {name: own for name, own in self._kept(arm).items() if name in theirs}
        return KeptContracts(kept=sum(map(all, kept.values())), of=len(kept))

    def _note(self, arm: ArmRun) -> str:
        """Why an arm can't be decided, if not for its score."""
        if len(self._paired(arm)) == 0 and all(
            arm.arm.counterpart(planned) is None for planned in self.prompt.cases
        ):
            return f"`{arm.name}` accepts the inputs of no case, or has no such prompt"
        runs = unfinished(self.prompt, self.reference)
        if number_missing(runs):
            return f"{counted(number_missing(runs), 'answer')} of the reference missing"
        if runs:
            return "cases of the reference could not be judged"
        return model_note(self.prompt.id, self.reference, arm)

    def costs(self, arm: ArmRun) -> Mapping[str, float] | None:
        """The mean cost of the answers to each case, in USD; None if any is unknown."""
        if arm.name not in self._costs:
            self._costs[arm.name] = case_costs(self.prices, arm, self.prompt.id)
        return self._costs[arm.name]

    def cost_pairs(self, arm: ArmRun) -> Sequence[ValuePair] | None:
        """The costs of the cases that both arms answered; None if any is unknown."""
        return cost_pairs(self.prompt, self.costs(self.reference), self.costs(arm))

    @property
    def margin(self) -> float:
        """The acceptable loss."""
        return self.prompt.margin

    def _decided(
        self, arm: ArmRun, score: str, decision: Decision, ratio: ValueInterval | None
    ) -> Decided:
        return Decided(
            prompt=self.prompt.id,
            score=score,
            verdict=decision.verdict,
            line=sentence(
                decision,
                cost_change=ratio.value - 1 if ratio is not None else None,
                baseline=self.reference.name,
            ),
            summary=plain_sentence(decision, self.reference.name),
            worst=tuple(self._worse(arm, score, name) for name in decision.worst),
            gates=score == self.prompt.score,
        )

    def _worse(self, arm: ArmRun, score: str, name: str) -> Worse:
        sides = [
            [
                judged
                for judged in each.answers(self.prompt.id)
                if judged.planned.case.name == name and score in scores(judged.judgements)
            ]
            for each in (self.reference, arm)
        ]
        pairs = min(map(len, sides))
        before, after = (
            fmean(scores(judged.judgements)[score] for judged in side[:pairs]) for side in sides
        )
        first, second = (side[0].answer for side in sides)
        return Worse(
            name=name, before=before, after=after, before_answer=first, after_answer=second
        )


def _with_decision(found: ArmResult, decision: Decision, decided: Decided) -> ArmResult:
    return replace(
        found,
        difference=ValueInterval(value=decision.difference, low=decision.low, high=decision.high),
        decided=decided,
    )


def _with_needs(found: ArmResult, score: Decision | None) -> ArmResult:
    """What the score and the contracts need: more answers first, then more cases."""
    needs = (score.needs if score is not None else None) or Needs()
    contracts = found.contract_decision
    repeats = needs.repeats or 0, (contracts and contracts.repeats_needed) or 0
    cases = needs.cases or 0, (contracts and contracts.cases_needed) or 0
    if not any((*repeats, *cases)):
        return found
    more_answers = any(repeats) and not (contracts and contracts.needs_more_cases)
    first = Needs(repeats=max(repeats)) if more_answers else Needs(cases=max(cases))
    return replace(found, needs=what_it_takes(first), cases_needed=max(cases) or None)


# Whether another model answers behind a name than when other answers were recorded.

_AnsweringModel = tuple[str, str | None]


def model_note(prompt: str, reference: ArmRun, arm: ArmRun) -> str:
    """Why answers of an arm can't be compared, because a model has changed; or "".

    Two arms that call the same model must have answers of the same model. A provider may use
    several fingerprints at a time, so only arms without a common one are different.
    """
    for each in (reference, arm):
        found = _mixed_models(each, prompt)
        if found:
            return found
    ours, theirs = _answering_models(arm, prompt), _answering_models(reference, prompt)
    if _called_models(arm, prompt) & _called_models(reference, prompt) and not ours & theirs:
        return f"another model answered as {_shown_models(ours)} than for the reference"
    return ""


def _mixed_models(arm: ArmRun, prompt: str) -> str:
    """Answers of one arm by different models: recorded ones, and those of today."""
    names = sorted({model for model, _ in _answering_models(arm, prompt)})
    if names[1:]:
        return f"`{arm.name}` has answers of different models: {', '.join(names)}"
    by_source: dict[bool, set[_AnsweringModel]] = {}
    for judged in arm.answers(prompt):
        live = arm.result(judged.planned).source == "live"
        by_source.setdefault(live, set()).add(judged.answer.answering_model)
    if len(by_source) == 2 and not by_source[True] & by_source[False]:
        return f"another model answers as `{arm.name}` than when its answers were recorded"
    return ""


def _answering_models(arm: ArmRun, prompt: str) -> set[_AnsweringModel]:
    return {judged.answer.answering_model for judged in arm.answers(prompt)}


def _called_models(arm: ArmRun, prompt: str) -> set[tuple[str, ...]]:
    """The models that the requests name."""
    return {_called_model(judged) for judged in arm.answers(prompt)}


def _called_model(judged: JudgedAnswer) -> tuple[str, ...]:
    request = judged.planned.request
    return tuple(request.model.values()) if request is not None else ()


def _shown_models(found: Iterable[_AnsweringModel]) -> str:
    return ", ".join(sorted({f"`{model}`" for model, _ in found}))


# The answers that an arm lacks, and those that could not be judged.


def unfinished(prompt: PromptArms, arm: ArmRun) -> list[CaseRun]:
    """The needed answers that are missing (`stale`) and those that could not be judged (`error`).

    It is also an error, with `infrastructure`, if a provider gave no answer, and without it if no
    request can be sent.
    """
    found = (_unfinished_run(prompt, arm, planned) for planned in _needed_answers(prompt, arm))
    return [run for run in found if run is not None]


def _needed_answers(prompt: PromptArms, arm: ArmRun) -> Iterator[PlannedCase]:
    """The first answer to each case, and all others that exist."""
    for planned in prompt.cases:
        if arm.arm.counterpart(planned) is None:
            continue
        for repeat in range(prompt.repeats):
            each = replace(planned, repeat=repeat)
            if repeat == 0 or arm.judged_answer(each) is not None:
                yield each


def _unfinished_run(prompt: PromptArms, arm: ArmRun, planned: PlannedCase) -> CaseRun | None:
    run = CaseRun(
        prompt=prompt.id,
        name=planned.case.name,
        repeat=planned.repeat,
        status="error",
        place=planned.place,
    )
    judged = arm.judged_answer(planned)
    if judged is None:
        result = arm.result(planned)
        run = replace(run, reason=result.reason, infrastructure=result.infrastructure)
        is_error = result.infrastructure or result.unsendable
        return run if is_error else replace(run, status="stale")
    errors = unjudged(judged.judgements)
    if not errors:
        return None
    if all(error.lack == "recording" for error in errors):
        return replace(run, status="stale", reason=errors[0].reason)
    return replace(
        run,
        reason=errors[0].reason,
        infrastructure=any(error.lack == "connection" for error in errors),
        internal=any(error.internal for error in errors),
    )


def number_missing(runs: Iterable[CaseRun]) -> int:
    """How many answers, or replies of judges, are missing."""
    return sum(run.status == "stale" or run.infrastructure for run in runs)


def error_runs(runs: Iterable[CaseRun], ended: str) -> Iterator[CaseRun]:
    """The errors.

    Requests that were not sent because the run has `ended` are no errors; they are only counted.
    """
    for run in runs:
        if run.status == "error" and not (ended and run.reason == not_requested(ended)):
            yield run


# Cost, tokens and latency of the answers of an arm.


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
