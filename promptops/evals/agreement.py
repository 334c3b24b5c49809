"""Agreement of a judge with people, beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from promptops.records import record

LEAST_KAPPA = 0.6
FEWEST = 10
"""The number of anchors that a meaningful kappa requires."""

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
    """

    anchors: int
    agreed: float
    kappa: float | None

    @property
    def may_gate(self) -> bool:
        """Whether the judge may fail a case."""
        return self.anchors >= FEWEST and self.kappa is not None and self.kappa >= LEAST_KAPPA

    def __str__(self) -> str:
        if self.kappa is None:
            return f"its {self.anchors} anchors cannot distinguish agreement from chance"
        return f"kappa {self.kappa:.2f} on {self.anchors} anchors"


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """The agreement of (anchor, judge) pairs of verdicts."""
    count = len(pairs)
    if not count:
        return Agreement(anchors=0, agreed=0.0, kappa=None)
    same = sum(anchor == judge for anchor, judge in pairs)
    anchors, judges = Counter(a for a, _ in pairs), Counter(j for _, j in pairs)
    # In whole numbers, so that perfect agreement is 1 and not almost.
    by_chance = sum(anchors[verdict] * judges[verdict] for verdict in anchors)
    rest = count * count - by_chance
    kappa = (same * count - by_chance) / rest if rest else None
    return Agreement(anchors=count, agreed=same / count, kappa=kappa)
