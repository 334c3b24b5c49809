"""The metrics of alerts on scored samples."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.model.config import VALUE_METRICS
from promptops.model.score import COUNTED_METRICS
from promptops.suggestions import did_you_mean

BUILT_IN = (*COUNTED_METRICS, *VALUE_METRICS)
"""The metrics that every prompt has."""


def unknown_metric(metric: str, others: Iterable[str]) -> tuple[str, str] | None:
    """A message and a hint for an unknown metric of an alert; None for a known one.

    `others` are the names of scores and the types of assertions.
    """
    known = tuple(dict.fromkeys((*BUILT_IN, *others)))
    if metric in known:
        return None
    hint = did_you_mean(metric, known) or f"known here: {', '.join(known)}"
    return f"there is no metric `{metric}` for an alert", hint
