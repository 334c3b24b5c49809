"""Amounts of money in words: `$0.118`, `$0.000018`, `$12,340`."""

from __future__ import annotations

from math import floor, log10

_DIGITS = 4


def usd(amount: float) -> str:
    """Dollars with four significant digits, never as `$1.8e-05`; not negative."""
    if not amount > 0:
        return "$0"
    places = max(0, _DIGITS - 1 - floor(log10(amount)))
    text = f"{amount:,.{places}f}"
    return f"${text.rstrip('0').rstrip('.') if places else text}"
