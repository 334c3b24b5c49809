"""The calls of one run to models: within its limits, over all rounds, with progress."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.evals.engine.ask import (
    Answered,
    Ask,
    Failed,
    Interrupt,
    Outcome,
    Payer,
    Settings,
)
from promptops.evals.engine.budget import Ledger
from promptops.model.config import ModelProfile, TestSettings
from promptops.model.prompt import Prompt
from promptops.plurals import counted
from promptops.records import field, record, replace

if TYPE_CHECKING:
    from promptops.evals.engine.budget import Estimate
    from promptops.evals.providers import Provider
    from promptops.evals.providers.endpoint import Approved
    from promptops.workspace.approved_endpoints import Approvals


class Watcher(Protocol):
    """Receives the progress of calls."""

    def calls(self, line: str) -> None:
        """An endpoint is about to get its first request, or gave cached answers.

        The line must be shown.
        """

    def begins(self, estimate: Estimate) -> None:
        """A round begins: first the cases, then their judges, then fresh answers for decisions."""

    def came(self, outcome: Answered | Failed) -> None:
        """A request was answered, or failed after all retries."""

    def closes(self, reason: str) -> None:
        """No more requests are sent in this run; those under way are completed."""

    def ends(self) -> None:
        """The round is over, however it ended."""


class Unwatched:
    """Ignores progress."""

    def calls(self, line: str) -> None: ...

    def begins(self, estimate: Estimate) -> None: ...

    def came(self, outcome: Answered | Failed) -> None: ...

    def closes(self, reason: str) -> None: ...

    def ends(self) -> None: ...


@record(slots=True, kw_only=True)
class ModelCalls:
    """Makes all calls of one run.

    Attributes:
        approvals: The endpoints that may be called; None for none.
        sender: Gets the outcomes in another way than by sending each request; None for that way.
        event: The event of the run; prompts may have their own budget for it.
        around: Returns the provider to call in place of one.
        interrupt: Ends the run when it is pressed, as Ctrl-C does; None for Ctrl-C only.
        from_cache: The number of answers from the local cache so far, by the address that gave
            them.
        cost_usd: Cost of the answers so far, as far as prices are known.
        unanswered: Requests without an answer, because a provider failed or the run ended.
        unasked: Those that were not sent, because the run ended.
    """

    settings: Settings = field(default_factory=Settings)
    watcher: Watcher = field(default_factory=Unwatched)
    approvals: Approvals | None = None
    sender: Sender | None = None
    event: Event | None = None
    around: Callable[[Provider], Provider] = lambda provider: provider
    interrupt: Interrupt | None = None
    ledger: Ledger = field(init=False, default_factory=Ledger)
    from_cache: Counter[str] = field(init=False, default_factory=Counter)
    cost_usd: float = 0.0
    unanswered: int = 0
    unasked: int = 0

    def __post_init__(self) -> None:
        self.ledger.on_end = self.watcher.closes

    def ask(
        self, asks: Sequence[Ask], catalog: Catalog, on_answer: Callable[[Answered], None]
    ) -> tuple[Outcome, ...]:
        """The outcome of each request of a catalog; `on_answer` gets each answer at once.

        Raises UsageError if an endpoint is not approved.
        """

        def came(outcome: Outcome) -> None:
            if isinstance(outcome, Answered):
                on_answer(outcome)
                self.cost_usd += outcome.cost_usd or 0.0
            if isinstance(outcome, Answered | Failed):
                self.watcher.came(outcome)

        if not asks:
            return ()
        outcomes = (self.sender or _send)(asks, catalog, self, came)
        self._count(outcomes)
        return outcomes

    def name_cached(self) -> None:
        """Show which address gave the answers from the local cache; called at the end of a run."""
        for address, number in self.from_cache.items():
            given = f"{counted(number, 'answer')} from the cache, given by {address}"
            self.watcher.calls(given)

    def approve(self, asks: Sequence[Ask], catalog: Catalog) -> Callable[[ModelProfile], Approved]:
        """Compare, announce and approve the endpoints of requests; see `Approvals.approve`."""
        if self.approvals is None:
            raise UsageError("this command makes no API calls")
        return self.approvals.approve(asks, catalog)

    def refused_code(self, path: str, content: bytes) -> str:
        """Why a function of a file may not run in a run that calls models, or ""."""
        return self.approvals.refused_code(path, content) if self.approvals is not None else ""

    def payer(self, prompt: Prompt, judge: str = "") -> Payer:
        """The prompt that an answer is charged to."""
        return Payer(prompt=prompt.id, judge=judge, most_usd=prompt_budget(prompt, self.event))

    @property
    def ended(self) -> str:
        """Why requests were not sent, or ""; the first reason if prompts differ."""
        spent = (purse.spent for purse in self.ledger.purses.values() if purse.spent)
        return self.ledger.ended or next(spent, "")

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        once = {outcome.ask.key: outcome for outcome in outcomes}.values()
        failed = sum(isinstance(outcome, Failed) for outcome in once)
        unasked = sum(not isinstance(outcome, Answered | Failed) for outcome in once)
        self.unasked += unasked
        self.unanswered += failed + unasked


OnOutcome = Callable[[Outcome], None]

Sender = Callable[[Sequence[Ask], Catalog, ModelCalls, OnOutcome], tuple[Outcome, ...]]
"""Returns the outcome of each request, in order, and passes each different one on at once."""


def _send(
    asks: Sequence[Ask], catalog: Catalog, calls: ModelCalls, came: OnOutcome
) -> tuple[Outcome, ...]:
    """Send each request to its provider."""
    # They need asyncio, which a replay does not import.
    from promptops.evals.engine.budget import estimate, refuse_unpriced
    from promptops.evals.engine.run import ask
    from promptops.evals.providers.registry import provider_of, refuse_uncallable

    approved = calls.approve(asks, catalog)
    refuse_unpriced(asks, calls.settings)
    for profile in {each.profile.name: each.profile for each in asks}.values():
        refuse_uncallable(approved(profile), os.environ)
    if not calls.ledger.ended:
        calls.watcher.begins(estimate(asks, calls.settings, calls.ledger))
    try:
        return ask(
            asks,
            lambda profile: calls.around(provider_of(approved(profile), os.environ)),
            calls.settings,
            came,
            ledger=calls.ledger,
            interrupt=calls.interrupt,
        )
    finally:
        calls.watcher.ends()


Event = Literal["commit", "pull_request", "nightly"]

_CI: Mapping[str, Mapping[str, Event]] = {
    "GITHUB_EVENT_NAME": {
        "pull_request": "pull_request",
        "pull_request_target": "pull_request",
        "schedule": "nightly",
    },
    "CI_PIPELINE_SOURCE": {"merge_request_event": "pull_request", "schedule": "nightly"},
}


def ci_event(environment: Mapping[str, str]) -> Event | None:
    """The event from CI's environment; None if it is unknown."""
    for variable, events in _CI.items():
        event = events.get(environment.get(variable, ""))
        if event is not None:
            return event
    return None


def within_budget(settings: Settings, budget: Mapping[str, float], event: Event | None) -> Settings:
    """The settings with the budget of an event; limits they already have take precedence.

    Events missing in `budget` have their default budget.
    """
    if event is None or settings.max_cost_usd is not None:
        return settings
    most_usd = {**TestSettings().budget, **budget}[event]
    return replace(settings, max_cost_usd=most_usd)


def prompt_budget(prompt: Prompt, event: Event | None) -> float | None:
    """The prompt's own limit for one run, in USD; None for no limit."""
    budget = prompt.evaluation.get("budget")
    if isinstance(budget, Mapping):
        budget = budget.get(event)
    return float(budget) if isinstance(budget, int | float) else None
