"""The budget of a run: the worst case is reserved before sending, and settled afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from math import inf

from promptops.counting import counted
from promptops.errors import UsageError
from promptops.evals.engine.ask import Ask, Settings
from promptops.evals.engine.closing import Closed, Closing
from promptops.evals.engine.ledger import Ledger, Purse
from promptops.evals.engine.worst_case import cost_usd, has_an_end, worst_cost_usd
from promptops.model.answer import Usage
from promptops.records import record


@record(slots=True, kw_only=True)
class Hold:
    """The reservation for a request: for each try, and for all so far."""

    worst_usd: float
    purses: tuple[Purse, ...]
    held_usd: float = 0.0


class Budget:
    """Money and requests of one round; the ledger has those of earlier rounds."""

    def __init__(self, settings: Settings, closing: Closing, ledger: Ledger) -> None:
        if settings.max_cost_usd is not None:
            ledger.purse.most_usd = settings.max_cost_usd
        self._most_requests = settings.max_requests
        self._closing = closing
        closing.listen(self._tell)
        self._ledger = ledger
        self._line = asyncio.Lock()
        self._news = asyncio.Event()

    async def reserve(self, ask: Ask) -> Hold:
        """Reserve the worst case; once that fails, no later request is reserved either.

        Raises Closed, in the order of the requests. If only the budget of one prompt is used up,
        later requests for others continue.
        """
        purses = self._ledger.purses_of(ask.payer)
        bounded = any(purse.most_usd < inf for purse in purses)
        hold = Hold(worst_usd=worst_cost_usd(ask) if bounded else 0.0, purses=purses)
        async with self._line:
            while (short := self._short(hold)) is not None:
                if short.holds:
                    # What is under way may turn out cheaper than feared.
                    self._news.clear()
                    await self._news.wait()
                else:
                    self._ledger.spent(short, hold.worst_usd)
            for purse in purses:
                purse.holds += 1
            self._put_aside(hold)
            return hold

    def again(self, hold: Hold, *, paid: bool) -> bool:
        """Whether one more try is within the budget; `paid`: the last one may have had a cost."""
        affords = all(purse.affords(hold.worst_usd) for purse in hold.purses)
        if self._out_of_requests() or (paid and not affords):
            return False
        if not paid:
            self._hold(hold, -hold.worst_usd)
        self._put_aside(hold)
        return True

    def settle(self, hold: Hold, last_usd: float) -> None:
        """A request is done; its last try had this cost, earlier failed ones the worst case."""
        paid_usd = hold.held_usd - hold.worst_usd + last_usd
        self._hold(hold, -hold.held_usd)
        for purse in hold.purses:
            purse.holds -= 1
            purse.paid_usd += paid_usd
        self._tell()

    def _short(self, hold: Hold) -> Purse | None:
        """The purse that has too little left; raises Closed if nothing more is sent."""
        self._closing.check()
        if self._out_of_requests():
            requests = counted(self._most_requests or 0, "request")
            self._ledger.end(f"the budget of {requests} is spent")
        ends = (self._ledger.ended, *(purse.spent for purse in hold.purses))
        if any(ends):
            raise Closed(next(filter(None, ends)))
        return next((each for each in hold.purses if not each.affords(hold.worst_usd)), None)

    def _out_of_requests(self) -> bool:
        return self._most_requests is not None and self._ledger.requests >= self._most_requests

    def _put_aside(self, hold: Hold) -> None:
        self._ledger.requests += 1
        self._hold(hold, hold.worst_usd)

    def _hold(self, hold: Hold, more_usd: float) -> None:
        hold.held_usd += more_usd
        for purse in hold.purses:
            purse.held_usd += more_usd

    def _tell(self) -> None:
        self._news.set()


def refuse_unpriced(asks: Iterable[Ask], settings: Settings) -> None:
    """Raises UsageError if costs are limited and those of a request are unknown."""
    all_bounded = settings.max_cost_usd is not None
    bounded = [ask for ask in asks if all_bounded or ask.payer.most_usd is not None]
    for ask in bounded:
        if cost_usd(ask, Usage()) is None:
            raise _unknown(
                ask,
                f"the price of `{ask.profile.id}` is not known",
                "give the profile its price in USD per million tokens: "
                "price = {input = 0.25, output = 2.0}",
            )
        if not has_an_end(ask):
            raise _unknown(
                ask,
                f"the maximum length of an answer of `{ask.profile.id}` is not known",
                "give the profile its `max_output_tokens`",
            )


def _unknown(ask: Ask, what: str, hint: str) -> UsageError:
    payer = ask.payer
    asker = f"the judge `{payer.judge}` of `{payer.prompt}`" if payer.judge else f"`{payer.prompt}`"
    who = f": it is called for {asker}" if payer.prompt else ""
    return UsageError(
        f"{what}, so its cost can't be bounded{who}",
        where=f"models.{ask.profile.name}",
        hint=hint,
    )
