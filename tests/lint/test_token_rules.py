"""TOK: budgets, context windows, limits of inputs, cached prefixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.lint.request_size import is_bounded_pattern, request_tokens, tokens_at_most
from promptops.model.prompt import Request


@given(st.text(max_size=60))
def test_no_estimate_is_above_what_is_known_at_once(text: str) -> None:
    request = Request(messages=({"role": "user", "content": text},))

    assert request_tokens(request) <= tokens_at_most(request)


@pytest.mark.parametrize(
    ("pattern", "bounded"),
    [
        (r"^[A-Z*+]{2}-\d{4}$", True),
        (r"^\+\d{1,15}$", True),
        (r"^[\]*]$", True),
        (r"^[A-Z]+$", False),
        (r"^\d{3,}$", False),
        (r"^(a|b)$", False),
        (r"\d{4}", False),
        (None, False),
    ],
)
def test_a_pattern_limits_a_text_that_it_describes_wholly(
    pattern: str | None, bounded: bool
) -> None:
    assert is_bounded_pattern(pattern) is bounded
