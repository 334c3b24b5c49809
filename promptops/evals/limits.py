"""Limits that no answer or request reaches: an assertion above them can't fail."""

from __future__ import annotations

from math import isfinite

from promptops.evals.verdict import Refused

MOST_CHARS = 10_000_000
"""Also the limit of words: an answer has up to 8 MiB, a rendered text 1,000,000 characters."""

MOST_TOKENS = 10_000_000
"""No model reads or writes more."""

MOST_MESSAGES = 1_000
"""The renderer accepts no more."""

LONGEST_S = 3_600.0
"""The longest `timeout_s` that the configuration accepts."""

MOST_USD = 1_000.0
"""For one request and its answer: ten million tokens for 100 dollars a million."""

LEAST_THRESHOLD = 0.05
"""The lowest useful threshold of similarity: unrelated texts reach lower ones."""


def check_limit(value: float, most: float, what: str, at: str = "/value") -> None:
    """Raises Refused for a limit that is negative, too large, or not finite."""
    if not value >= 0:
        raise Refused(f"expected a number of at least 0, got {value}", at=at)
    if not isfinite(value) or value > most:
        message = f"the limit has no effect: no {what}"
        raise Refused(message, hint="set the limit that you want to keep", at=at)
