"""The cost of an answer."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.analysis.models import find
from promptops.model.answer import Usage


def answer_cost_usd(
    usage: Usage, provider: str, model: str, price: Mapping[str, float]
) -> float | None:
    """US dollars for a request and its answer; None if a required price is unknown.

    Args:
        price: Of the profile, by `input`, `output`, `cached`, in USD per million tokens; it
            overrides the table. Without `cached`, cached tokens cost as much as other input.
    """
    facts = find(provider, model)
    table = (facts.input_usd, facts.output_usd, facts.cached_usd) if facts else (None,) * 3
    names = ("input", "output", "cached")
    prices = [price.get(name, known) for name, known in zip(names, table, strict=True)]
    if "input" in price and "cached" not in price:
        prices[2] = None  # the table's is that of another price list
    per_input, per_output, per_cached = prices
    if per_input is None or per_output is None:
        return None
    per_cached = per_input if per_cached is None else per_cached
    fresh = max(usage.input - usage.cached, 0)
    dollars = fresh * per_input + usage.cached * per_cached + usage.output * per_output
    return dollars / 1_000_000
