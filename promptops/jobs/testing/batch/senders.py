"""What a run does with its requests: plan them for a batch, or answer them from collected ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.evals.cost import answer_cost_usd
from promptops.evals.engine.ask import Answered, Ask, Failed, Key, Outcome, Unasked
from promptops.evals.engine.budget import refuse_unpriced
from promptops.evals.engine.worst_case import worst_cost_usd
from promptops.evals.providers import BATCH_PRICE, Failure
from promptops.evals.providers.endpoint import Approved
from promptops.jobs.testing.model_calls import ModelCalls, OnOutcome
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.plurals import counted
from promptops.records import field, record

PENDING = "it is in a batch that is not collected"


@record(slots=True, kw_only=True)
class PlannedRequests:
    """Plans the requests of a run instead of sending them; `send` is a `Sender`.

    Attributes:
        pending: The keys of requests in batches that are not collected yet.
        asks: The planned requests by key, in order, each with the approval of its endpoint.
        left: The number of requests that a budget leaves out.
        ended: The budget that is spent, in words, or "".
        worst_usd: The highest cost of the planned requests, at batch prices.
    """

    pending: Collection[Key] = ()
    asks: dict[Key, tuple[Ask, Approved]] = field(default_factory=dict)
    left: int = 0
    ended: str = ""
    worst_usd: float = 0.0

    def send(
        self, asks: Sequence[Ask], catalog: Catalog, calls: ModelCalls, _came: OnOutcome
    ) -> tuple[Outcome, ...]:
        """Plan requests within the budgets. Raises UsageError as a run that sends them does."""
        new: dict[Key, Ask] = {}
        for ask in asks:
            if ask.key not in self.pending and ask.key not in self.asks:
                new.setdefault(ask.key, ask)
        if new:
            approved = calls.approve(tuple(new.values()), catalog)
            refuse_unpriced(new.values(), calls.settings)
            if calls.settings.max_cost_usd is not None:
                calls.ledger.purse.most_usd = calls.settings.max_cost_usd
            for key, ask in new.items():
                if self._reserved(ask, calls):
                    self.asks[key] = ask, approved(ask.profile)
        return tuple(Unasked(ask=ask, reason=self._reason(ask)) for ask in asks)

    def _reserved(self, ask: Ask, calls: ModelCalls) -> bool:
        """Whether a request is within the budgets; once one is spent, it pays for no later one."""
        ledger, most = calls.ledger, calls.settings.max_requests
        worst_usd = worst_cost_usd(ask) * BATCH_PRICE
        if most is not None and ledger.requests >= most:
            ledger.end(f"the budget of {counted(most, 'request')} is spent")
        purses = ledger.purses_of(ask.payer)
        for purse in purses:
            if not (ledger.ended or purse.spent or purse.affords(worst_usd)):
                ledger.spent(purse, worst_usd)
        reason = next(filter(None, (ledger.ended, *(purse.spent for purse in purses))), "")
        if reason:
            self.left += 1
            self.ended = self.ended or reason
            return False
        for purse in purses:
            purse.paid_usd += worst_usd
        ledger.requests += 1
        self.worst_usd += worst_usd
        return True

    def _reason(self, ask: Ask) -> str:
        return PENDING if ask.key in self.asks or ask.key in self.pending else self.ended


@record(slots=True, kw_only=True)
class CollectedAnswers:
    """Answers the requests of a run from collected batches; `send` is a `Sender`.

    Attributes:
        results: By the key of the request, for this endpoint: the answer, or the failure.
        pending: The keys of requests in batches that are still pending.
    """

    results: Mapping[Key, Answer | Failure]
    pending: Collection[Key] = ()

    def send(
        self, asks: Sequence[Ask], _catalog: Catalog, _calls: ModelCalls, came: OnOutcome
    ) -> tuple[Outcome, ...]:
        """The outcomes, as if the requests had been sent."""
        outcomes: dict[Key, Outcome] = {}
        for ask in asks:
            if ask.key not in outcomes:
                outcomes[ask.key] = self._outcome(ask)
                came(outcomes[ask.key])
        return tuple(outcomes[ask.key] for ask in asks)

    def _outcome(self, ask: Ask) -> Outcome:
        result = self.results.get(ask.key)
        if isinstance(result, Answer):
            cost_usd = batch_cost_usd(ask.profile, result)
            return Answered(ask=ask, answer=result, cost_usd=cost_usd)
        if isinstance(result, Failure):
            return Failed(ask=ask, failure=result, tries=1)
        if ask.key in self.pending:
            return Unasked(ask=ask, reason=PENDING)
        return Unasked(ask=ask, reason="it is in no batch yet")


def batch_cost_usd(profile: ModelProfile, answer: Answer) -> float | None:
    """The cost of an answer in a batch; None if the price or the usage is unknown."""
    if answer.usage == Usage():
        return None
    usd = answer_cost_usd(answer.usage, profile.provider, profile.id, profile.price)
    return None if usd is None else usd * BATCH_PRICE
