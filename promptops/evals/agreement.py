"""Agreement of a judge with people, beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from promptops.evals.deciding.intervals import wilson
from promptops.plurals import counted
from promptops.records import record

LEAST_KAPPA = 0.6
LEAST_LOW = 0.4
"""The least lower bound of kappa: few anchors may agree by chance."""

FEWEST = 10
"""The number of anchors that a meaningful kappa requires."""

_BOUND_CHANCE = 0.05  # that the lower bound of the agreement is too high

ANCHOR = "anchor"
"""The tag of a judge's cases whose `expected` contains the `verdict` of people."""


@record(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A judge's verdicts compared with those of its anchors.

    Attributes:
        anchors: The number of compared anchors.
        agreed: The share with the same verdict, 0 to 1.
        kappa: Cohen's kappa: 1 for full agreement, 0 for chance, below 0 for less; None if chance
            alone would always agree: without anchors, or if all have one verdict.
        low: The lower bound of kappa, by that of Wilson's 90% interval of the agreement; None
            without a kappa.
    """

    anchors: int
    agreed: float
    kappa: float | None
    low: float | None

    @property
    def may_gate(self) -> bool:
        """Whether the judge may fail a case."""
        if self.anchors < FEWEST or self.kappa is None or self.low is None:
            return False
        return self.kappa >= LEAST_KAPPA and self.low >= LEAST_LOW

    @property
    def refusal(self) -> str:
        """What the judge lacks to fail a case, for a judge that may not."""
        if self.kappa is None or self.low is None:
            return (
                f"its {self.anchors} anchors cannot distinguish agreement from chance: "
                "they need different verdicts"
            )
        known = f"kappa {self.kappa:.2f} on {counted(self.anchors, 'anchor')}"
        if self.anchors < FEWEST or self.kappa < LEAST_KAPPA:
            return f"{known}, but at least {LEAST_KAPPA:g} on {FEWEST} is required"
        return (
            f"{known} proves only {self.low:.2f}, but at least {LEAST_LOW:g} is required: "
            f"tag more of its cases `{ANCHOR}`"
        )


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """The agreement of (anchor, judge) pairs of verdicts."""
    count = len(pairs)
    if not count:
        return Agreement(anchors=0, agreed=0.0, kappa=None, low=None)
    same = sum(anchor == judge for anchor, judge in pairs)
    anchors, judges = Counter(a for a, _ in pairs), Counter(j for _, j in pairs)
    # In whole numbers, so that perfect agreement is 1 and not almost.
    by_chance = sum(anchors[verdict] * judges[verdict] for verdict in anchors)
    rest = count * count - by_chance
    if not rest:
        return Agreement(anchors=count, agreed=same / count, kappa=None, low=None)
    least_agreed, _ = wilson(same / count, count, _BOUND_CHANCE)
    return Agreement(
        anchors=count,
        agreed=same / count,
        kappa=(same * count - by_chance) / rest,
        low=(least_agreed * count * count - by_chance) / rest,
    )
