"""The result of comparing arms: models, revisions or prompts that answered the same cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Decided, MessageText, Source
from promptops.records import field, record
from promptops.records.outputs import output, shown

ArmKind = Literal["model", "revision", "prompt"]
ArmVerdict = Literal["reference", "not worse", "worse", "better", "open"]
ContractVerdict = Literal["fit", "worse", "open"]


@record(frozen=True, slots=True, kw_only=True)
class ValueInterval:
    """A value with its confidence interval.

    Attributes:
        value: The value.
        low: Lower bound.
        high: Upper bound.
    """

    value: float
    low: float
    high: float


@record(frozen=True, slots=True, kw_only=True)
class KeptContracts:
    """The cases in which an arm keeps all contracts.

    Attributes:
        kept: How many of the cases of `of` it keeps in every answer.
        of: The compared cases with a contract; for the reference, all that it answered.
    """

    kept: int
    of: int


@record(frozen=True, slots=True, kw_only=True)
class ContractDecision:
    """Whether an arm keeps the contracts as the reference does. Shares: .05 is five points.

    Attributes:
        verdict: `fit`: less than the margin could break, also unseen. `worse`: more breaks than in
            the reference, by the margin or more. `open`: neither is proved.
        difference: Of the share of answers that keep all contracts, to the reference's; the mean
            over cases, with the bounds that decide.
        cases: The number of compared cases with a contract.
        sources: The number of independent sources of these cases.
        repeats: The smallest number of answers to one of them, in either arm.
        lost: Names of the cases that the arm keeps less often than the reference, the greatest loss
            first.
        won: How many it keeps more often.
        never: Names of the cases that the reference always keeps and the arm never.
        unseen: The share of inputs that could break although the cases do not show it.
        margin: The largest acceptable loss.
        repeats_needed: So many answers to each case and arm may decide; else None.
        cases_needed: About so many independent cases would decide; else None.
    """

    verdict: ContractVerdict
    difference: ValueInterval
    cases: int
    sources: int
    repeats: int
    lost: tuple[str, ...] = ()
    won: int = 0
    never: tuple[str, ...] = ()
    unseen: float
    margin: float
    repeats_needed: int | None = None
    cases_needed: int | None = None

    @property
    def needs_more_cases(self) -> bool:
        """Whether more answers can't decide; then the arm can't be fit, whatever its score."""
        return self.verdict == "open" and self.repeats_needed is None


@record(frozen=True, slots=True, kw_only=True)
class TokenMeans:
    """Tokens per answer, means over answers.

    Attributes:
        input: Those of the request.
        output: Those of the answer.
    """

    input: float
    output: float


@record(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds until the answer was complete; only of answers that were measured cleanly.

    Attributes:
        p50: The median.
        p95: The 95th percentile.
        p50_low: Lower bound of the median, wrong in at most 2.5%; None if there are too few answers
            for such a bound.
        p50_high: Its upper bound, in the same way.
        low: Lower bound of `p95`, in the same way.
        high: Its upper bound, in the same way; it exists from 72 answers on.
        n: The number of answers.
    """

    p50: float
    p95: float
    p50_low: float | None = None
    p50_high: float | None = None
    low: float | None = None
    high: float | None = None
    n: int


@record(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One arm, for one prompt.

    Attributes:
        name: The profile, revision or prompt id, as the user wrote it.
        kind: What differs from the reference.
        model: The model that answered, else the one that the profile names; "" if unknown.
        params: The parameters of its requests, such as `temperature`.
        answered: The number of its answers.
        cases: The number of cases with answers of the arm and of the reference.
        repeats: The smallest number of answers to one of them, in either arm.
        stale: The number of its requests without an answer. If it is above 0, the arm is open.
        unpaired: Names of the cases whose inputs the arm does not accept.
        verdict: `reference` of the reference itself. Of the score and the contracts together: one
            that is worse suffices, and one that is open leaves it open.
        same_requests: It sends the requests of the reference, so that it can't be worse.
        note: Why it is open, if not for its score: another model answers behind its name. Or "".
        score: The mean of the primary score, 0 to 1; None without one.
        difference: Of the primary score to the reference's; shares: -.03 is three points less.
            Its bounds are those that decide. None of the reference, or if nothing was compared.
        decided: The decision on the primary score. None of the reference, and of an arm that sends
            its requests.
        contract_decision: The decision on the contracts. None of the reference, of an arm that
            sends its requests, and if no compared case has a contract.
        others: The decisions on all other scores; they do not count.
        needs: What would settle an open decision, as a sentence, or "".
        cases_needed: About this many cases would decide; None if something else would.
        contracts: The cases in which it keeps all contracts.
        cost_usd_1000: Of 1,000 requests; None without a price or usage.
        cost_ratio: To the reference, with a 95% interval: .6 is 40% less. None of the reference.
        tokens: Of its answers; None without usage.
        latency_s: Of its answers; None if none was measured.
        problems: Its cases that could not be rendered, sent or judged.
    """

    name: str
    kind: ArmKind
    model: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    answered: int = 0
    cases: int = 0
    repeats: int = 0
    stale: int = 0
    unpaired: tuple[str, ...] = ()
    verdict: ArmVerdict
    same_requests: bool = False
    note: str = ""
    score: float | None = None
    difference: ValueInterval | None = None
    decided: Decided | None = None
    contract_decision: ContractDecision | None = None
    others: tuple[Decided, ...] = ()
    needs: str = ""
    cases_needed: int | None = None
    contracts: KeptContracts
    cost_usd_1000: float | None = None
    cost_ratio: ValueInterval | None = None
    tokens: TokenMeans | None = None
    latency_s: Latency | None = None
    problems: tuple[CaseRun, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every request has an answer, and each was judged."""
        return not (self.stale or self.note or self.problems)

    @property
    def fit(self) -> bool:
        """Whether it may replace the reference, by its score and its contracts."""
        return self.complete and self.verdict in ("not worse", "better")


@record(frozen=True, slots=True)
class Violation:
    """A contract that an answer violates.

    Attributes:
        type: Of the assertion, as written.
        reason: Expected value, place, actual value.
    """

    type: str
    reason: str


@record(frozen=True, slots=True, kw_only=True)
class ArmAnswer:
    """One answer of one arm.

    Attributes:
        arm: The name of the arm.
        repeat: 0-based.
        answer: None if it is missing.
        source: The origin of the answer.
        score: The primary score, 0 to 1; None without one.
        violated: The contracts that it violates.
        reason: Why it is missing or could not be judged, or "".
        cost_usd: None without a price.
    """

    arm: str
    repeat: int = 0
    answer: Answer | None = None
    source: Source = "none"
    score: float | None = None
    violated: tuple[Violation, ...] = ()
    reason: str = ""
    cost_usd: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class ComparedCase:
    """A case with the answers of all arms.

    Attributes:
        name: Name of the case, unique in its prompt.
        place: Of the case.
        messages: The messages of the reference's request.
        answers: By arm in the order of the arms, then by repeat.
        without: Names of the arms that do not accept its inputs.
    """

    name: str
    place: Place
    messages: tuple[MessageText, ...] = ()
    answers: tuple[ArmAnswer, ...] = ()
    without: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class PromptComparison:
    """All arms, for one prompt.

    Attributes:
        prompt: The id of the reference's prompt.
        score: The primary score; "" without measures: contracts alone decide.
        margin: The acceptable loss as a share; the prompt's own, if it has one.
        contract_margin: The same for the share of answers that keep all contracts.
        arms: The reference first.
        cases: The cases with their answers.
        pareto: Names of the arms that no other arm beats in both cost and score; the cheapest
            first.
    """

    prompt: str
    score: str = ""
    margin: float
    contract_margin: float = 0.05
    arms: tuple[ArmResult, ...]
    cases: tuple[ComparedCase, ...] = ()
    pareto: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class ArmTotal:
    """The cost of an arm over the cases of all prompts.

    Attributes:
        name: The name of the arm.
        cost_usd_1000: Of 1,000 requests; None without a price or usage.
        cost_ratio: To the reference, with a 95% interval: .6 is 40% less. None of the reference.
        cost_sources: The number of independent sources of the cases whose costs are compared. Below
            10, the arm is not recommended.
    """

    name: str
    cost_usd_1000: float | None = None
    cost_ratio: ValueInterval | None = None
    cost_sources: int = 0


@record(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What to use.

    Attributes:
        arm: None if no arm is recommended; the sentence then gives the reason.
        sentence: Code in backticks. Names in it are as the user wrote them: make them visible.
        cheaper: The arm that costs less, and of which too little is known to recommend it.
    """

    arm: str | None
    sentence: str
    cheaper: str | None = None


@output("compare")
@record(frozen=True, slots=True, kw_only=True)
class ArmComparison:
    """The result of `promptops compare`.

    Attributes:
        reference: The name of the arm that all others are compared with.
        kind: What the arms are.
        margin: The acceptable loss as a share, unless a prompt has its own.
        contract_margin: The same for the share of answers that keep all contracts.
        share: The number of arms besides the reference. It divides the error probabilities.
        prompts: The arms by prompt.
        totals: Of each arm, in the order of the arms.
        fit: Names of the arms that may replace the reference in every prompt.
        recommendation: None if nothing was compared.
        pareto: Names of the arms that no other arm beats in both cost and score, over all prompts.
        required: The arm that must be fit, or "".
        nothing: Why nothing was compared, or "".
        left_out: Ids of the selected prompts without an assertion on the answer in any case.
        next: The command to type next, or "".
        ended: Why the run ended early, or "".
        unasked: Requests that were not sent because it ended early.
        interrupted: The user interrupted it.
        commit: The id of the commit that is checked out, or "" before the first one.
        cost_usd: Of the requests of this run; 0 for a replay.
        duration_s: Of the whole run.
    """

    reference: str
    kind: ArmKind
    margin: float
    contract_margin: float = 0.05
    share: int = 1
    prompts: tuple[PromptComparison, ...] = ()
    totals: tuple[ArmTotal, ...] = ()
    fit: tuple[str, ...] = ()
    recommendation: Recommendation | None = None
    pareto: tuple[str, ...] = ()
    required: str = ""
    nothing: str = ""
    left_out: tuple[str, ...] = ()
    next: str = ""
    ended: str = ""
    unasked: int = 0
    interrupted: bool = False
    commit: str = ""
    cost_usd: float = 0.0
    duration_s: float = 0.0

    @shown
    def stale(self) -> int:
        """The number of requests without an answer, of all arms."""
        return sum(arm.stale for prompt in self.prompts for arm in prompt.arms)
