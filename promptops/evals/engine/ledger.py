"""The costs of a run so far: one ledger for all its rounds."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from promptops.amounts import usd
from promptops.evals.engine.ask import Payer
from promptops.records import field, record

if TYPE_CHECKING:
    from promptops.evals.engine.limiter import Limiter

INTERRUPTED = "interrupted"
"""The reason if the user ended the run."""


def _ignore(_reason: str) -> None: ...


@record(slots=True, kw_only=True)
class Purse:
    """A budget shared by all requests of a run, or by those for one prompt.

    Attributes:
        prompt: Its id, or "".
        paid_usd: The worst case where the cost is unknown.
        held_usd: The amount reserved for `holds` requests that are under way.
        spent: Why nothing more is paid from it, or "".
    """

    prompt: str = ""
    most_usd: float = inf
    paid_usd: float = 0.0
    held_usd: float = 0.0
    holds: int = 0
    spent: str = ""

    def affords(self, more_usd: float) -> bool:
        """Whether this amount is left."""
        return self.paid_usd + self.held_usd + more_usd <= self.most_usd * (1 + 1e-9)


@record(slots=True, kw_only=True)
class Ledger:
    """The costs of the rounds so far, and what is known about servers.

    Attributes:
        requests: The number of sent requests, including retries.
        purse: The budget of the run.
        purses: The budgets of prompts that have their own, by id.
        limiters: By address, key and model.
        started_s: When the first round began, on the event loop's clock; None before.
        ended: Why nothing more is sent in any round, or "".
        interrupted: The user interrupted the run.
        on_end: Called with the reason as soon as there is one; requests under way continue.
    """

    requests: int = 0
    purse: Purse = field(default_factory=Purse)
    purses: dict[str, Purse] = field(default_factory=dict)
    limiters: dict[tuple[str, str], Limiter] = field(default_factory=dict)
    started_s: float | None = None
    ended: str = ""
    interrupted: bool = False
    on_end: Callable[[str], None] = _ignore

    def purses_of(self, payer: Payer) -> tuple[Purse, ...]:
        """All purses that pay for a request together."""
        if payer.most_usd is None:
            return (self.purse,)
        new = Purse(prompt=payer.prompt, most_usd=payer.most_usd)
        return self.purse, self.purses.setdefault(payer.prompt, new)

    def spent(self, purse: Purse, next_usd: float) -> None:
        """A purse has too little for the next request, so it pays for no later one either."""
        whose = f" for `{purse.prompt}`" if purse.prompt else ""
        purse.spent = (
            f"the budget of {usd(purse.most_usd)}{whose} is spent: {usd(purse.paid_usd)} so far, "
            f"and the next may cost {usd(next_usd)}"
        )
        if purse is self.purse:
            self.end(purse.spent)

    def end(self, reason: str) -> None:
        """Later reasons are ignored."""
        if not self.ended:
            self.ended = reason
            self.on_end(reason)
