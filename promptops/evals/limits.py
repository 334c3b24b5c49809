"""Limits that no answer or request reaches: an assertion above them can't fail."""

from __future__ import annotations

from math import isfinite

from promptops.evals.verdict import Refused

MOST_CHARS = 10_000_000
"""Characters, and words: an answer is read up to 8 MiB, and a rendered text to 1,000,000."""

MOST_TOKENS = 10_000_000
"""No model reads or writes more."""

MOST_MESSAGES = 1_000
"""More are not rendered."""

LONGEST_S = 3_600.0
"""The longest `timeout_s` that the configuration takes."""

MOST_USD = 1_000.0
"""For one request and its answer: ten million tokens for 100 dollars a million."""

LEAST_THRESHOLD = 0.05
"""The least likeness to ask for: texts that have nothing in common reach as much."""


def check_limit(value: float, most: float, what: str, at: str = "/value") -> None:
    """Raises Refused for a limit that is negative, too large, or not finite."""
    if not value >= 0:
        raise Refused(f"expected a number of at least 0, got {value}", at=at)
    if not isfinite(value) or value > most:
        message = f"the limit is out of reach: no {what}"
        raise Refused(message, hint="set the limit that you want to keep", at=at)
