"""The estimate of a round, shown before it begins."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.evals.engine.ask import Ask, Settings
from promptops.evals.engine.ledger import Ledger
from promptops.evals.engine.worst_case import cost_usd, has_an_end, worst_cost_usd
from promptops.model.answer import Usage
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One try of each request; retries come on top.

    Attributes:
        worst_usd: For the requests with known prices, if each gets its longest answer.
        unpriced: Models without a known price, as their provider names them.
        left_usd: The remaining budget; None for no limit.
    """

    requests: int
    worst_usd: float
    unpriced: tuple[str, ...] = ()
    left_usd: float | None = None


def estimate(asks: Iterable[Ask], settings: Settings, ledger: Ledger) -> Estimate:
    """For the next round of a run; equal requests count once."""
    once = {ask.key: ask for ask in asks}.values()
    most_usd = settings.max_cost_usd
    return Estimate(
        requests=len(once),
        worst_usd=sum(map(worst_cost_usd, once)),
        unpriced=tuple(dict.fromkeys(ask.profile.id for ask in once if not _is_priced(ask))),
        left_usd=None if most_usd is None else max(most_usd - ledger.purse.paid_usd, 0.0),
    )


def _is_priced(ask: Ask) -> bool:
    return cost_usd(ask, Usage()) is not None and has_an_end(ask)
