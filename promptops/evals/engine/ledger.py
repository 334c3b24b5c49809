"""What a run has spent so far: one ledger for all its rounds of asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

INTERRUPTED = "interrupted"
"""Why a run ended where somebody wanted it to."""


def _tell_nobody(_reason: str) -> None: ...


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What the rounds so far took of the budget.

    Attributes:
        requests: Sent; tries count, too.
        paid_usd: As feared where it is not known.
        started_s: When the first round began, on the event loop's clock; None before.
        ended: Why nothing more is asked in any round, or "".
        interrupted: Somebody wanted it to end.
        on_end: Is told the reason, as soon as there is one; what is under way goes on.
    """

    requests: int = 0
    paid_usd: float = 0.0
    started_s: float | None = None
    ended: str = ""
    interrupted: bool = False
    on_end: Callable[[str], None] = _tell_nobody

    def end(self, reason: str) -> None:
        """The first reason is the one that counts."""
        if not self.ended:
            self.ended = reason
            self.on_end(reason)
