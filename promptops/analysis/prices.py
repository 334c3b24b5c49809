"""What sending a request costs."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.analysis.models import find


def input_cost_usd(
    tokens: int, provider: str | None, model: str | None, price: Mapping[str, float] | None = None
) -> float | None:
    """US dollars for some tokens of input; None where the model's price is not known.

    Args:
        price: Of the profile, by `input`, in USD per million tokens; it wins over the table.
    """
    per_million = (price or {}).get("input")
    if per_million is None:
        facts = find(provider or "", model or "")
        per_million = facts.input_usd if facts is not None else None
    return None if per_million is None else tokens * per_million / 1_000_000
