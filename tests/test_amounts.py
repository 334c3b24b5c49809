"""Amounts of money as people read them."""

from __future__ import annotations

import pytest

from promptops.plurals import usd


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0"),
        (0.0000057, "$0.0000057"),
        (1.8e-05, "$0.000018"),
        (0.0123456, "$0.01235"),
        (0.0999999, "$0.1"),
        (0.99999, "$1"),
        (0.12, "$0.12"),
        (12.5, "$12.5"),
        (200, "$200"),
        (1234.5, "$1,234"),
        (12345.678, "$12,346"),
    ],
)
def test_an_amount_has_four_digits_and_no_exponent(amount: float, text: str) -> None:
    assert usd(amount) == text
