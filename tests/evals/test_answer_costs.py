"""What an answer costs, by the profile's price or the table's."""

import pytest

from promptops.analysis.models import find
from promptops.evals.cost import answer_cost_usd
from promptops.model.answer import Usage

USAGE = Usage(input=1_000_000, cached=400_000, output=100_000)


@pytest.mark.parametrize(
    ("price", "dollars"),
    [
        ({"input": 2.0, "output": 10.0, "cached": 0.5}, 1.2 + 0.2 + 1.0),
        ({"input": 2.0, "output": 10.0}, 2.0 + 1.0),
        ({"input": 2.0}, None),
        ({"output": 10.0}, None),
        ({}, None),
        ({"input": 0, "output": 0}, 0.0),
    ],
    ids=str,
)
def test_a_price_of_the_profile_is_taken_as_it_is(
    price: dict[str, float], dollars: float | None
) -> None:
    cost = answer_cost_usd(USAGE, "acme", "own", price)

    assert cost == (None if dollars is None else pytest.approx(dollars))


def test_a_known_model_has_the_price_of_the_table_but_for_what_the_profile_says() -> None:
    facts = find("openai", "gpt-4o")
    assert facts is not None
    assert facts.input_usd
    assert facts.output_usd
    assert facts.cached_usd

    by_table = answer_cost_usd(USAGE, "openai", "gpt-4o", {})
    with_own_input = answer_cost_usd(USAGE, "openai", "gpt-4o", {"input": 1.0})

    assert by_table == pytest.approx(
        0.6 * facts.input_usd + 0.4 * facts.cached_usd + 0.1 * facts.output_usd
    )
    assert with_own_input == pytest.approx(1.0 + 0.1 * facts.output_usd)
