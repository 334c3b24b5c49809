"""What bounds a run bounds all its rounds together: they share one ledger."""

from __future__ import annotations

import asyncio

import pytest

from promptops.evals.engine.ask import Interrupt, Payer, Unasked
from promptops.evals.engine.budget import Estimate, Ledger, Purse, estimate, worst_cost_usd
from promptops.evals.engine.run import ask, ask_all
from promptops.evals.providers import RateLimits, Window
from promptops.model.config import ModelProfile
from promptops.records import replace
from tests.evals.engine.scripted import (
    PRICED,
    PROFILE,
    Scripted,
    ask_for,
    asks_for,
    broken,
    echo,
    reply,
    settings,
    statuses,
)
from tests.evals.engine.virtual_time import at_once

WORST_USD = 0.01 + 14e-6  # 1,000 tokens of answer, and 14 of the request


def rounds(provider, ledger, *asked, pause_s=0.0, interrupt=None, **said):
    """What became of the asks of each round, in one time."""

    async def every():
        found = []
        for asks in asked:
            found.append(
                await ask_all(
                    asks,
                    lambda _: provider,
                    settings(**said),
                    lambda _: None,
                    interrupt,
                    ledger=ledger,
                )
            )
            await asyncio.sleep(pause_s)
        return found

    return at_once(every())[0]


def test_money_that_one_round_spent_is_gone_in_the_next():
    provider, ledger = Scripted(lambda text, _: reply(text, input=10, output=1_000)), Ledger()

    first, second = rounds(
        provider, ledger, asks_for(3, PRICED), asks_for(10, PRICED)[3:], max_cost_usd=0.045
    )

    assert statuses(first) == ["Answered"] * 3
    assert statuses(second) == ["Answered"] + ["Unasked"] * 6
    assert ledger.purse.paid_usd == pytest.approx(4 * 0.01001)
    assert ledger.requests == 4


def test_requests_of_all_rounds_are_counted_with_their_tries():
    provider, ledger = Scripted(lambda text, n: broken() if n == 1 else echo(text, n)), Ledger()

    first, second = rounds(provider, ledger, asks_for(3), asks_for(6)[3:], max_requests=9)

    assert len(provider.sent) == 9
    assert statuses(first) == ["Answered"] * 3
    assert "Unasked" not in statuses(second)
    assert ledger.requests == 9


def test_a_round_after_the_last_request_asks_nobody():
    provider, ledger = Scripted(echo), Ledger()

    first, second, third = rounds(
        provider, ledger, asks_for(3), asks_for(4)[3:], asks_for(5)[4:], max_requests=3
    )

    reason = "the budget of 3 requests is spent"
    assert statuses(first) == ["Answered"] * 3
    assert [each.reason for each in (*second, *third)] == [reason, reason]
    assert ledger.ended == reason


def test_time_runs_from_the_first_round_on():
    provider, ledger = Scripted(echo, after_s=1.0), Ledger()

    first, second, third = rounds(
        provider,
        ledger,
        asks_for(1),
        asks_for(9)[1:],
        asks_for(10)[9:],
        pause_s=1.0,
        max_time_s=2.5,
        concurrency=2,
    )

    assert statuses(first) == ["Answered"]
    assert statuses(second) == ["Answered"] * 2 + ["Unasked"] * 6
    assert third == (Unasked(ask=ask_for("text 9"), reason="the time limit of 2.5 s is reached"),)


def test_a_round_that_begins_too_late_asks_nobody():
    provider, ledger = Scripted(echo, after_s=1.0), Ledger()

    first, second = rounds(
        provider, ledger, asks_for(1), asks_for(2)[1:], pause_s=5.0, max_time_s=2.5
    )

    assert (statuses(first), statuses(second)) == (["Answered"], ["Unasked"])
    assert provider.texts == ["text 0"]


def test_after_an_interrupt_no_later_round_asks_anything():
    provider, ledger, interrupt = Scripted(echo), Ledger(), Interrupt()

    async def pressed():
        asyncio.get_running_loop().call_later(0.01, interrupt.press)
        return [
            await ask_all(
                asks, lambda _: provider, settings(), lambda _: None, interrupt, ledger=ledger
            )
            for asks in (asks_for(20), asks_for(25)[20:])
        ]

    first, second = at_once(pressed())[0]

    assert set(statuses(first)) == {"Answered", "Unasked"}
    assert statuses(second) == ["Unasked"] * 5
    assert (ledger.ended, ledger.interrupted) == ("interrupted", True)


def test_an_interrupt_after_the_budget_is_spent_is_one_all_the_same():
    interrupt, ledger, told = Interrupt(), Ledger(), []
    ledger.on_end = told.append

    at_once(
        ask_all(
            asks_for(9),
            lambda _: Scripted(echo),
            settings(max_requests=2),
            lambda _: interrupt.press(),
            interrupt,
            ledger=ledger,
        )
    )

    assert ledger.interrupted
    assert ledger.ended == "the budget of 2 requests is spent"
    assert told == [ledger.ended]


def test_rounds_in_loops_of_their_own_share_a_ledger_too():
    ledger = Ledger()
    said = settings(max_requests=5, max_time_s=600.0)

    found = [
        ask(asks, lambda _: Scripted(echo, 0.0), said, lambda _: None, ledger=ledger)
        for asks in (asks_for(4), asks_for(8)[4:])
    ]

    assert statuses(found[0]) == ["Answered"] * 4
    assert statuses(found[1]) == ["Answered"] + ["Unasked"] * 3


def test_what_one_prompt_may_cost_it_may_cost_in_all_rounds_together():
    provider, ledger = Scripted(lambda text, _: reply(text, input=10, output=1_000)), Ledger()
    payer = Payer(prompt="ask", most_usd=0.025)
    asks = [ask_for(f"text {n}", profile=PRICED, payer=payer) for n in range(4)]

    first, second = rounds(provider, ledger, asks[:1], [*asks[1:], *asks_for(5)[4:]])

    assert statuses(first) == ["Answered"]
    assert statuses(second) == ["Answered", "Unasked", "Unasked", "Answered"]
    assert ledger.ended == ""


def test_what_a_server_said_of_its_limits_in_one_round_the_next_one_keeps_to():
    window = Window(limit=60, remaining=0, reset_s=60.0)
    provider = Scripted(lambda text, _: reply(text, RateLimits(requests=window)))

    rounds(provider, Ledger(), asks_for(1), asks_for(2)[1:])

    (_, first_at), (_, second_at) = provider.sent
    assert second_at - first_at >= 1.0


def test_a_server_that_one_round_gave_up_no_later_one_tries():
    provider = Scripted(lambda text, _: broken("connection"))

    first, second = rounds(provider, Ledger(), asks_for(50), asks_for(90)[50:])

    tried = {text for text, _ in provider.sent}
    assert tried.isdisjoint(ask.request.messages[0]["content"] for ask in asks_for(90)[50:])
    assert statuses(second) == ["Failed"] * 40
    assert {each.failure.message for each in (*first, *second)} == {"connection"}


def test_limits_are_kept_to_in_an_event_loop_of_its_own_too():
    ledger, waiting = Ledger(), asks_for(40)
    window = Window(limit=6000, remaining=0, reset_s=0.01)
    provider = Scripted(lambda text, _: reply(text, RateLimits(requests=window)), 0.0)

    # So many at once wait for each other that what they wait with is bound to its loop.
    found = [
        ask(asks, lambda _: provider, settings(), lambda _: None, ledger=ledger)
        for asks in (waiting[:20], waiting[20:])
    ]

    assert [statuses(each) for each in found] == [["Answered"] * 20] * 2


def test_the_estimate_is_the_worst_case_of_each_request_once():
    asks = [*asks_for(3, PRICED), ask_for("text 1", profile=PRICED), ask_for("a")]

    found = estimate(asks, settings(max_cost_usd=0.5), Ledger(purse=Purse(paid_usd=0.125)))

    assert found == Estimate(
        requests=4,
        worst_usd=pytest.approx(3 * WORST_USD),
        unpriced=(PROFILE.id,),
        left_usd=0.375,
    )


def test_a_model_whose_answers_nothing_limits_is_named():
    known = replace(PRICED, provider="openai", id="gpt-4o", max_output_tokens=None)
    asks = [ask_for("a", profile=known), ask_for("b", profile=PRICED)]

    found = estimate(asks, settings(), Ledger())

    assert found.unlimited == ("gpt-4o",)


def test_a_known_price_without_a_maximum_length_is_told_from_an_unknown_price():
    endless = replace(PRICED, id="e-1", max_output_tokens=None)
    asks = [ask_for("a", profile=endless), ask_for("b", profile=PRICED), ask_for("c")]

    found = estimate(asks, settings(), Ledger())

    assert (found.endless, found.unpriced) == (("e-1",), (PROFILE.id,))
    assert found.worst_usd == worst_cost_usd(asks[1])


def test_of_a_model_whose_answers_are_free_no_length_need_be_known():
    free = ModelProfile(name="own", provider="x", id="f-1", price={"input": 0, "output": 0})
    provider = Scripted(echo)

    (found,) = rounds(provider, Ledger(), asks_for(2, free), max_cost_usd=0.0)

    assert statuses(found) == ["Answered"] * 2
    assert estimate(asks_for(2, free), settings(), Ledger()) == Estimate(requests=2, worst_usd=0.0)
