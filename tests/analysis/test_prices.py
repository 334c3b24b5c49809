"""What sending a request costs."""

import pytest

from promptops.analysis.models import find, input_cost_usd


def test_the_table_knows_what_a_known_model_costs():
    facts = find("openai", "gpt-4o-2024-08-06")
    assert facts is not None

    cost = input_cost_usd(2_000_000, "openai", "gpt-4o-2024-08-06")

    assert facts.input_usd == 2.5
    assert cost == pytest.approx(5.0)


def test_the_price_of_a_profile_wins_over_the_table():
    assert input_cost_usd(1_000, "openai", "gpt-4o-2024-08-06", {"input": 0.25}) == pytest.approx(
        0.00025
    )
    assert input_cost_usd(1_000, "openai", "gpt-4o-2024-08-06", {"input": 0.0}) == 0


def test_a_profile_without_a_price_for_input_leaves_it_to_the_table():
    priced = input_cost_usd(1_000_000, "openai", "gpt-4o-2024-08-06", {"output": 9.0})

    assert priced == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("provider", "model"), [(None, None), ("openai", None), ("acme", "house"), (None, "gpt-4o")]
)
def test_what_nobody_knows_has_no_price(provider, model):
    assert input_cost_usd(1_000, provider, model) is None
    assert input_cost_usd(1_000_000, provider, model, {"input": 2.0}) == pytest.approx(2.0)
