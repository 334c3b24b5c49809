"""What is spent is never more than was allowed, and what can't be known is refused up front."""

from __future__ import annotations

import pytest

from promptops.errors import UsageError
from promptops.evals.engine.ask import Ask, Payer
from promptops.evals.engine.budget import most_input_tokens, most_output_tokens, worst_cost_usd
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.engine.scripted import (
    PRICED,
    PROFILE,
    Scripted,
    ask_for,
    asks_for,
    broken,
    echo,
    refusal,
    reply,
    run,
    settings,
    statuses,
)

WORST_USD = 0.01 + 14e-6  # 1,000 tokens of answer, and 14 of the request


def test_the_worst_case_is_the_longest_answer_to_the_longest_request():
    ask = ask_for("text 1", profile=PRICED)
    short = ask_for("text 1", profile=PRICED, params={"max_output_tokens": 10})

    assert most_input_tokens(ask) == 14
    assert worst_cost_usd(ask) == pytest.approx(WORST_USD)
    assert worst_cost_usd(short) == pytest.approx(114e-6)


@pytest.mark.parametrize(
    ("params", "options", "most"),
    [
        ({}, {}, 1000),
        ({"max_output_tokens": 1}, {"openai": {"max_completion_tokens": 100_000}}, 100_000),
        ({"max_output_tokens": 1}, {"scripted": {"max_tokens": 70}}, 70),
        ({"max_output_tokens": 1}, {"openai": {"extra_body": {"max_output_tokens": 80}}}, 80),
        ({"max_output_tokens": 1}, {"gemini": {"maxOutputTokens": 70}}, 70),
        ({"max_output_tokens": 1}, {"vertexai": {"max_output_tokens": 70}}, 70),
        ({"max_output_tokens": 1}, {"others": {"max_tokens": 70}}, 1),
        ({"max_output_tokens": 1}, {"openai": {"max_completion_tokens": -1}}, 1000),
        ({"max_output_tokens": 9000}, {"openai": {"max_completion_tokens": "1"}}, 9000),
        ({"max_output_tokens": 1}, {"openai": {"extra_body": 5}}, 1),
    ],
)
def test_an_option_of_the_provider_does_not_make_the_worst_case_smaller(params, options, most):
    ask = ask_for("text 1", profile=PRICED, params=params, options=options)

    assert most_output_tokens(ask) == most


def test_tools_schemas_calls_and_media_count_too():
    plain = {"role": "user", "content": "a"}
    calls = [{"id": "1", "name": "find", "arguments": {"text": "a long argument of a call"}}]
    image = {"type": "image", "data": "A" * 16_000, "media_type": "image/png"}
    requests = [
        Request(messages=(plain,)),
        Request(messages=(plain,), tools=({"name": "find", "parameters": {"type": "object"}},)),
        Request(
            messages=(plain,), response_format={"format": "json", "schema": {"type": "object"}}
        ),
        Request(messages=({"role": "assistant", "content": None, "tool_calls": calls},)),
        Request(messages=({"role": "user", "content": [{"type": "text", "text": "a"}, image]},)),
    ]

    tokens = [
        most_input_tokens(Ask(digest="", repeat=0, request=request, profile=PROFILE))
        for request in requests
    ]

    assert tokens[0] < min(tokens[1:])
    assert tokens[4] >= 3_000


def test_what_is_put_aside_comes_back_when_an_answer_is_cheaper():
    # Two fit into the budget at their worst, and a hundred as they are.
    provider = Scripted(echo)

    outcomes, _ = run(asks_for(100, PRICED), provider, settings(max_cost_usd=2.5 * WORST_USD))

    assert statuses(outcomes) == ["Answered"] * 100
    assert provider.peak == 2


def test_when_the_money_is_spent_the_rest_is_unasked_in_order():
    provider = Scripted(lambda text, _: reply(text, input=10, output=1_000))

    outcomes, _ = run(asks_for(10, PRICED), provider, settings(max_cost_usd=0.045))

    assert statuses(outcomes) == ["Answered"] * 4 + ["Unasked"] * 6
    assert provider.texts == [f"text {n}" for n in range(4)]
    assert sum(outcome.cost_usd for outcome in outcomes[:4]) <= 0.045
    assert outcomes[-1].reason == (
        "the budget of $0.045 is spent: $0.04004 so far, and the next may cost $0.01001"
    )


def test_a_cheap_ask_does_not_slip_past_one_that_is_too_dear():
    provider = Scripted(echo)
    dear = ask_for("dear", profile=PRICED, params={"max_output_tokens": 100_000})
    cheap = ask_for("cheap", profile=PRICED, params={"max_output_tokens": 1})

    outcomes, _ = run(
        [cheap, dear, ask_for("last", profile=PRICED)], provider, settings(max_cost_usd=0.1)
    )

    assert statuses(outcomes) == ["Answered", "Unasked", "Unasked"]


def test_no_money_asks_only_what_is_free():
    free = ModelProfile(
        name="free", provider="x", id="f", price={"input": 0, "output": 0}, max_output_tokens=9
    )
    provider = Scripted(echo)

    paid, _ = run(asks_for(3, PRICED), provider, settings(max_cost_usd=0.0))
    unpaid, _ = run(asks_for(3, free), provider, settings(max_cost_usd=0.0))

    assert statuses(paid) == ["Unasked"] * 3
    assert statuses(unpaid) == ["Answered"] * 3


def paid_by(payer, texts):
    return [ask_for(text, profile=PRICED, payer=payer) for text in texts]


def test_what_is_spent_for_one_prompt_is_never_more_than_it_may_cost_and_others_go_on():
    provider = Scripted(lambda text, _: reply(text, input=10, output=1_000))
    first = paid_by(Payer(prompt="first", most_usd=0.025), ["a", "b", "c", "d"])
    judged = paid_by(Payer(prompt="first", judge="rubric", most_usd=0.025), ["e"])
    nothing = paid_by(Payer(prompt="nothing", most_usd=0.0), ["f"])
    second = paid_by(Payer(prompt="second"), ["g", "h", "i"])

    outcomes, _ = run([*first, *judged, *nothing, *second], provider)

    spent = (
        "the budget of $0.025 for `first` is spent: $0.02002 so far, and the next may cost $0.0101"
    )
    assert sorted(provider.texts) == ["a", "b", "g", "h", "i"]
    assert statuses(outcomes) == [*["Answered"] * 2, *["Unasked"] * 4, *["Answered"] * 3]
    assert [each.reason for each in outcomes[2:6]] == [
        *[spent.replace("0.0101", "0.01001")] * 3,
        "the budget of $0 for `nothing` is spent: $0 so far, and the next may cost $0.01001",
    ]


def test_the_budget_of_the_run_bounds_prompts_with_one_of_their_own_too():
    provider = Scripted(lambda text, _: reply(text, input=10, output=1_000))
    asks = paid_by(Payer(prompt="first", most_usd=5.0), ["a", "b", "c", "d"])

    outcomes, _ = run(asks, provider, settings(max_cost_usd=0.025))

    assert statuses(outcomes) == ["Answered"] * 2 + ["Unasked"] * 2
    assert outcomes[-1].reason.startswith("the budget of $0.025 is spent: ")


@pytest.mark.parametrize(
    ("failure", "sent"),
    [
        (refusal(), 6),  # costs nothing, so it is tried as often as any
        (broken("server"), 6),
        (broken("timeout"), 2),  # each may have been worked on, and be billed
        (broken("connection"), 2),
    ],
)
def test_a_try_that_may_have_been_billed_counts_at_its_worst(failure, sent):
    provider = Scripted(lambda text, _: failure)

    outcomes, _ = run(
        [ask_for("text 1", profile=PRICED)], provider, settings(max_cost_usd=2.5 * WORST_USD)
    )

    assert statuses(outcomes) == ["Failed"]
    assert len(provider.sent) == sent


def test_what_may_have_been_billed_is_gone_for_the_others_too():
    provider = Scripted(lambda text, _: broken("bad_answer", retryable=False))

    outcomes, _ = run(asks_for(5, PRICED), provider, settings(max_cost_usd=2.5 * WORST_USD))

    assert statuses(outcomes) == ["Failed"] * 2 + ["Unasked"] * 3


def test_an_answer_without_usage_counts_at_its_worst():
    provider = Scripted(lambda text, _: reply(text))

    outcomes, _ = run(asks_for(5, PRICED), provider, settings(max_cost_usd=2.5 * WORST_USD))

    assert statuses(outcomes) == ["Answered"] * 2 + ["Unasked"] * 3


def test_requests_are_counted_with_their_tries():
    provider = Scripted(lambda text, number: broken() if number == 1 else echo(text, number))

    outcomes, _ = run(asks_for(10), provider, settings(concurrency=1, max_requests=7))

    assert len(provider.sent) == 7
    assert statuses(outcomes) == ["Answered"] * 3 + ["Failed"] + ["Unasked"] * 6
    assert outcomes[-1].reason == "the budget of 7 requests is spent"


def test_what_has_its_place_in_the_budget_is_asked_though_the_budget_ends_behind_it():
    provider = Scripted(echo)

    outcomes, _ = run(asks_for(30), provider, settings(max_requests=10))

    assert statuses(outcomes) == ["Answered"] * 10 + ["Unasked"] * 20


@pytest.mark.parametrize(
    ("profile", "message", "hint"),
    [
        (
            ModelProfile(name="own", provider="x", id="m-1", max_output_tokens=10),
            "the price of `m-1` is not known, so its cost can't be bounded",
            "give the profile its price in USD per million tokens: "
            "price = {input = 0.25, output = 2.0}",
        ),
        (
            ModelProfile(name="own", provider="x", id="m-1", price={"input": 1, "output": 1}),
            "the maximum length of an answer of `m-1` is not known, so its cost can't be bounded",
            "give the profile its `max_output_tokens`",
        ),
    ],
)
def test_a_cost_that_can_not_be_known_is_refused_before_anything_is_sent(profile, message, hint):
    provider = Scripted(echo)
    asks = [*asks_for(3, PRICED), ask_for("a", profile=profile)]

    with pytest.raises(UsageError) as refused:
        run(asks, provider, settings(max_cost_usd=1.0))

    assert (refused.value.message, refused.value.where, refused.value.hint) == (
        message,
        "models.own",
        hint,
    )
    assert provider.sent == []


@pytest.mark.parametrize(
    ("judge", "asker"),
    [("", "`ask`"), ("built-in rubric", "the judge `built-in rubric` of `ask`")],
)
def test_a_prompt_with_a_budget_needs_a_price_and_is_named(judge, asker):
    payer = Payer(prompt="ask", judge=judge, most_usd=1.0)
    unbounded = ask_for("a")

    with pytest.raises(UsageError) as refused:
        run([unbounded, ask_for("b", payer=payer)], Scripted(echo))

    assert refused.value.message == (
        f"the price of `m-1` is not known, so its cost can't be bounded: it is called for {asker}"
    )


def test_a_model_of_the_table_needs_no_price():
    known = ModelProfile(name="fast", provider="openai", id="gpt-4o-mini")

    outcomes, _ = run([ask_for("a", profile=known)], Scripted(echo), settings(max_cost_usd=1.0))

    assert outcomes[0].cost_usd == pytest.approx(0.75e-6)
