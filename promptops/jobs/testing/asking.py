"""How one run asks models: within its bounds, over all rounds, and watched."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.evals.engine.ask import Answered, Ask, Failed, Outcome, Payer, Settings
from promptops.evals.engine.ledger import Ledger
from promptops.jobs.testing.budgets import Event, prompt_budget
from promptops.model.prompt import Prompt
from promptops.records import field, record

if TYPE_CHECKING:
    from promptops.evals.engine.estimate import Estimate
    from promptops.jobs.workspace.approved_endpoints import Approvals


class Watcher(Protocol):
    """Who is told how asking goes on."""

    def calls(self, line: str) -> None:
        """An endpoint is about to get its first request; a person must see the line."""

    def begins(self, estimate: Estimate) -> None:
        """A round is about to begin: the cases, then their judges, then what fresh answers tell."""

    def came(self, outcome: Answered | Failed) -> None:
        """An answer is there, or was given up."""

    def closes(self, reason: str) -> None:
        """Nothing more is asked in this run; what is under way is waited for."""

    def ends(self) -> None:
        """The round is over, however it ended."""


class Unwatched:
    """Tells nobody."""

    def calls(self, line: str) -> None: ...

    def begins(self, estimate: Estimate) -> None: ...

    def came(self, outcome: Answered | Failed) -> None: ...

    def closes(self, reason: str) -> None: ...

    def ends(self) -> None: ...


@record(slots=True, kw_only=True)
class ModelCalls:
    """All asking of one run goes through one of these.

    Attributes:
        approvals: Which endpoints may be called; without them none may.
        event: What the run is for; prompts may have a budget of their own for it.
        cost_usd: Of the answers so far, as far as prices are known.
        unanswered: Requests that got no answer, since a provider failed or the run ended before.
        unasked: Those of them that were not asked for, since it ended before.
    """

    settings: Settings = field(default_factory=Settings)
    watcher: Watcher = field(default_factory=Unwatched)
    approvals: Approvals | None = None
    event: Event | None = None
    ledger: Ledger = field(init=False, default_factory=Ledger)
    cost_usd: float = 0.0
    unanswered: int = 0
    unasked: int = 0

    def __post_init__(self) -> None:
        self.ledger.on_end = self.watcher.closes

    def ask(
        self, asks: Sequence[Ask], catalog: Catalog, on_answer: Callable[[Answered], None]
    ) -> tuple[Outcome, ...]:
        """What became of each request of a catalog; `on_answer` gets each answer at once.

        Raises UsageError where an endpoint is not approved.
        """
        # They need asyncio, which a replay does not import.
        from promptops.evals.engine.estimate import estimate
        from promptops.evals.engine.run import ask
        from promptops.evals.providers.registry import provider_of

        def came(outcome: Outcome) -> None:
            if isinstance(outcome, Answered):
                on_answer(outcome)
                self.cost_usd += outcome.cost_usd or 0.0
            if isinstance(outcome, Answered | Failed):
                self.watcher.came(outcome)

        if not asks:
            return ()
        if self.approvals is None:
            raise UsageError("this command makes no API calls")
        approved = self.approvals.approve(asks, catalog)
        if not self.ledger.ended:
            self.watcher.begins(estimate(asks, self.settings, self.ledger))
        try:
            outcomes = ask(
                asks,
                lambda profile: provider_of(approved(profile), os.environ),
                self.settings,
                came,
                ledger=self.ledger,
            )
        finally:
            self.watcher.ends()
        self._count(outcomes)
        return outcomes

    def refused_code(self, path: str, content: bytes) -> str:
        """Why a function of a file may not run in a run that calls models, or ""."""
        return self.approvals.refused_code(path, content) if self.approvals is not None else ""

    def payer(self, prompt: Prompt, judge: str = "") -> Payer:
        """Who an answer is wanted for."""
        return Payer(prompt=prompt.id, judge=judge, most_usd=prompt_budget(prompt, self.event))

    @property
    def ended(self) -> str:
        """Why what was not asked for was not, or ""; the first reason, where prompts differ."""
        spent = (purse.spent for purse in self.ledger.purses.values() if purse.spent)
        return self.ledger.ended or next(spent, "")

    def _count(self, outcomes: Sequence[Outcome]) -> None:
        once = {outcome.ask.key: outcome for outcome in outcomes}.values()
        failed = sum(isinstance(outcome, Failed) for outcome in once)
        unasked = sum(not isinstance(outcome, Answered | Failed) for outcome in once)
        self.unasked += unasked
        self.unanswered += failed + unasked
