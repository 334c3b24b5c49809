"""Everything is asked once, in order, and what can't be asked is said."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from functools import partial

import pytest

from promptops.evals.engine.ask import Answered, Failed, Interrupt, Unasked
from promptops.evals.engine.run import ask
from promptops.evals.providers import Reply
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from tests.evals.engine.scripted import (
    PRICED,
    PROFILE,
    Scripted,
    ask_for,
    asks_for,
    broken,
    echo,
    run,
    settings,
    statuses,
)
from tests.evals.engine.virtual_time import at_once


def test_every_ask_is_answered_in_its_place_and_told_as_it_comes():
    provider, told = Scripted(echo), []
    asks = asks_for(100)

    outcomes, _ = run(asks, provider, on_answer=told.append)

    assert [outcome.ask for outcome in outcomes] == asks
    assert [outcome.answer.text for outcome in outcomes] == [f"text {n}" for n in range(100)]
    assert sorted(map(id, told)) == sorted(map(id, outcomes))
    assert (provider.peak, provider.under_way, provider.closed) == (16, 0, True)


def test_no_more_are_under_way_than_may_be():
    provider = Scripted(echo)

    run(asks_for(40), provider, settings(concurrency=3))

    assert provider.peak == 3


def test_a_run_of_nothing_asks_nobody():
    assert run([], None) == ((), 0.0)


def test_one_request_is_asked_once_for_each_repeat_and_each_address():
    provider, told = Scripted(echo), []
    other = ModelProfile(name="o", provider="scripted", id="m-1", base_url="http://127.0.0.1/v1")
    asks = [ask_for("a"), ask_for("a", repeat=1), ask_for("a"), ask_for("a", profile=other)]

    outcomes, _ = run(asks, provider, on_answer=told.append)

    assert provider.texts == ["a", "a", "a"]
    assert outcomes[0] is outcomes[2]
    assert len(told) == 3


def test_profiles_of_one_address_and_key_share_a_provider():
    made = []

    def provider_of(profile):
        made.append(profile.name)
        return Scripted(echo)

    profiles = [
        ModelProfile(name="a", provider="x", id="m-1"),
        ModelProfile(name="b", provider="x", id="m-2"),
        ModelProfile(name="c", provider="x", id="m-1", api_key_env="OTHER"),
    ]
    asks = [ask_for(profile.name, profile=profile) for profile in profiles]

    outcomes = ask(asks, provider_of, settings(), lambda outcome: None)

    assert made == ["a", "c"]
    assert statuses(outcomes) == ["Answered"] * 3


def test_what_an_answer_cost_is_told_where_it_can_be_known():
    priced = Scripted(
        lambda text, _: Reply(answer=Answer(text="", usage=Usage(input=100, output=7)))
    )
    silent = Scripted(lambda text, _: Reply(answer=Answer(text="")))

    costs = [
        run([ask_for("a", profile=profile)], provider)[0][0].cost_usd
        for profile, provider in ((PRICED, priced), (PROFILE, priced), (PRICED, silent))
    ]

    assert costs == [pytest.approx(170e-6), None, None]


def test_a_failure_stays_apart_and_spoils_no_other():
    provider = Scripted(
        lambda text, n: broken("refused", retryable=False) if text == "b" else echo(text, n)
    )

    outcomes, _ = run([ask_for("a"), ask_for("b"), ask_for("c")], provider)

    assert statuses(outcomes) == ["Answered", "Failed", "Answered"]
    assert (outcomes[1].failure.kind, outcomes[1].tries) == ("refused", 1)


def test_a_provider_that_breaks_is_a_failure_that_shows_nothing_of_it():
    def script(text, _):
        raise KeyError("sk-canary")

    ((outcome,), _) = run([ask_for("a")], Scripted(script))

    assert isinstance(outcome, Failed)
    assert str(outcome.failure) == "the provider raised KeyError"
    assert "sk-canary" not in repr(outcome)


def test_a_provider_that_does_not_keep_its_deadline_is_given_up():
    ((outcome,), seconds) = run([ask_for("a")], Scripted(echo, after_s=1e9))

    assert isinstance(outcome, Failed)
    assert outcome.failure.kind == "timeout"
    assert seconds < 610


def test_a_provider_that_does_not_close_loses_no_answer():
    class Stubborn(Scripted):
        async def close(self):
            await asyncio.sleep(1e9)

    ((outcome,), seconds) = run([ask_for("a")], Stubborn(echo))

    assert isinstance(outcome, Answered)
    assert seconds < 10


def test_what_on_answer_raises_ends_the_run_and_is_raised():
    provider = Scripted(echo)

    def full(outcome):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        run(asks_for(100), provider, on_answer=full)

    assert len(provider.sent) < 20
    assert provider.closed


def test_the_first_interrupt_finishes_what_is_under_way_and_sends_nothing_more():
    provider, interrupt = Scripted(echo), Interrupt()
    answered = []

    def press(outcome):
        answered.append(outcome)
        if len(answered) == 10:
            interrupt.press()

    outcomes, _ = run(asks_for(100), provider, on_answer=press, interrupt=interrupt)

    assert statuses(outcomes) == ["Answered"] * len(provider.sent) + ["Unasked"] * (
        100 - len(provider.sent)
    )
    assert 10 <= len(provider.sent) <= 10 + 16
    assert outcomes[-1].reason == "interrupted"


def test_an_interrupt_does_not_wait_for_turns_nor_for_another_try():
    interrupt = Interrupt()
    provider = Scripted(lambda text, n: broken())
    patient = settings(concurrency=4)

    async def pressed():
        from promptops.evals.engine.run import ask_all

        asyncio.get_running_loop().call_later(0.06, interrupt.press)
        return await ask_all(asks_for(8), lambda _: provider, patient, lambda _: None, interrupt)

    outcomes, seconds = at_once(pressed())

    assert Counter(statuses(outcomes)) == {"Failed": 4, "Unasked": 4}
    assert seconds < 0.2


def test_presses_from_threads_are_one_press():
    """In each order in which a thread may press while a run begins, or another round of it."""
    orders = {
        "while it begins": ["press", "arm", "press"],
        "twice": ["arm", "press", "press"],
        "before another round": ["arm", "press", "arm"],
        "after Ctrl-C": ["arm", "Ctrl-C", "press"],
    }
    pressed = {}

    async def press_all(name, steps):
        interrupt, pressed[name] = Interrupt(), []
        actions = [partial(pressed[name].append, which) for which in ("first", "second")]
        for step in steps:
            if step == "arm":
                interrupt.arm(*actions)
            else:
                {"press": interrupt.press_from_thread, "Ctrl-C": interrupt.press}[step]()
        await asyncio.sleep(0)

    for name, steps in orders.items():
        at_once(press_all(name, steps))

    assert pressed == {name: ["first"] for name in orders}


def test_the_second_interrupt_stops_what_is_under_way():
    provider, interrupt = Scripted(echo, after_s=100), Interrupt()

    async def pressed():
        from promptops.evals.engine.run import ask_all

        loop = asyncio.get_running_loop()
        loop.call_later(1, interrupt.press)
        loop.call_later(2, interrupt.press)
        loop.call_later(3, interrupt.press)
        return await ask_all(asks_for(8), lambda _: provider, settings(), lambda _: None, interrupt)

    outcomes, seconds = at_once(pressed())

    assert outcomes == tuple(Unasked(ask=each, reason="interrupted") for each in asks_for(8))
    assert seconds == pytest.approx(2)
    assert (provider.under_way, provider.closed) == (0, True)


def test_ctrl_c_is_an_interrupt():
    provider = Scripted(echo, after_s=0.01)
    before = signal.getsignal(signal.SIGINT)

    outcomes = ask(
        asks_for(50),
        lambda _: provider,
        settings(concurrency=2),
        lambda _: os.kill(os.getpid(), signal.SIGINT) if len(provider.sent) < 4 else None,
    )

    assert {"Answered", "Unasked"} == set(statuses(outcomes))
    assert signal.getsignal(signal.SIGINT) is before


def test_when_the_time_is_over_nothing_more_is_sent():
    provider = Scripted(echo, after_s=1.0)

    outcomes, seconds = run(asks_for(20), provider, settings(concurrency=4, max_time_s=2.5))

    assert statuses(outcomes) == ["Answered"] * 12 + ["Unasked"] * 8
    assert outcomes[-1].reason == "the time limit of 2.5 s is reached"
    assert seconds == pytest.approx(3.0)


def test_latency_is_measured_and_left_out_where_the_loop_was_late():
    class Busy(Scripted):
        async def ask(self, request, deadline_s):
            found = await super().ask(request, deadline_s)
            if "late" in self.texts:
                asyncio.get_running_loop().now += 5.0  # as if something had held the loop
                await asyncio.sleep(0.05)
            return found

    outcomes, _ = run([ask_for("in time"), ask_for("late")], Busy(echo), settings(concurrency=1))

    assert [outcome.answer.latency_s for outcome in outcomes] == [pytest.approx(0.05), None]
