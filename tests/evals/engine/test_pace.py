"""Nothing is lost to a server's limits, and hardly anything refused, whatever it says of them."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from promptops.evals.providers import RateLimits, Window
from tests.evals.engine.scripted import (
    Scripted,
    ask_for,
    asks_for,
    refusal,
    reply,
    run,
    settings,
    statuses,
    within,
)
from tests.servers.plans import Quota


def _now() -> float:
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:  # before the run
        return 0.0


def _counting(script):
    """The script, and a list that grows with each refusal."""
    refused = []

    def counted(text, number):
        said = script(text, number)
        if isinstance(said, Exception):
            refused.append(text)
        return said

    return counted, refused


@pytest.mark.parametrize(
    ("per_minute", "burst", "count", "at_most_s", "at_most_refused"),
    [
        (3000, 1, 500, 22.0, 12),
        (3000, 5, 500, 11.0, 4),
        (3000, 16, 500, 11.0, 4),
        (3000, 3000, 500, 2.0, 0),
        (60, 2, 30, 34.0, 4),
    ],
)
def test_a_server_that_tells_its_limits_is_used_to_the_full(
    per_minute, burst, count, at_most_s, at_most_refused
):
    script, refused = _counting(within(Quota(per_minute, burst=burst, clock=_now)))

    outcomes, seconds = run(asks_for(count), Scripted(script))

    assert statuses(outcomes) == ["Answered"] * count
    assert len(refused) <= at_most_refused
    assert seconds < at_most_s


@pytest.mark.parametrize(
    ("per_minute", "burst", "count", "at_most_s", "at_most_refused"),
    [(3000, 1, 500, 30.0, 40), (3000, 50, 500, 15.0, 120), (60, 1, 30, 60.0, 30)],
)
def test_a_server_that_only_refuses_is_found_out(
    per_minute, burst, count, at_most_s, at_most_refused
):
    quota = Quota(per_minute, burst=burst, silent=True, clock=_now)
    script, refused = _counting(within(quota))

    outcomes, seconds = run(asks_for(count), Scripted(script))

    assert statuses(outcomes) == ["Answered"] * count
    assert len(refused) <= at_most_refused
    assert seconds < at_most_s


@pytest.mark.parametrize("lasts_s", [1.0, 10.0, 60.0])
@pytest.mark.parametrize(
    "limits", [RateLimits(), RateLimits(requests=Window(limit=600, remaining=9))]
)
def test_a_storm_of_refusals_loses_nothing(lasts_s, limits):
    def storm(text, _):
        return reply(text, limits) if not 0.2 < _now() < lasts_s else refusal(limits=limits)

    outcomes, seconds = run(asks_for(200), Scripted(storm))

    assert statuses(outcomes) == ["Answered"] * 200
    assert seconds < lasts_s * 2 + 40


def test_all_wait_as_long_as_one_of_them_is_told_to():
    def script(text, number):
        return refusal(after_s=7.0) if (text, number) == ("text 2", 1) else reply(text)

    provider = Scripted(script)
    outcomes, _ = run(asks_for(30), provider)

    assert statuses(outcomes) == ["Answered"] * 30
    later = [at for text, at in provider.sent if at > 0.0]
    assert min(later) >= 7.05
    assert len(later) == 30 - 4 + 1


def test_who_is_told_to_wait_for_longer_than_anyone_would_fails_now():
    provider = Scripted(lambda text, _: refusal(after_s=86_400.0))

    outcomes, seconds = run(asks_for(30), provider)

    assert statuses(outcomes) == ["Failed"] * 30
    assert len(provider.sent) == 4
    assert outcomes[-1].failure.message == (
        "the provider's rate limits allow no request before the deadline: the next is in 86,400 s"
    )
    assert seconds < 1


def test_a_few_are_sent_before_anything_is_known():
    provider = Scripted(lambda text, _: reply(text))

    run(asks_for(100), provider, settings(concurrency=64))

    at_first = [at for _, at in provider.sent if at == 0.0]
    assert len(at_first) == 4
    assert provider.peak > 16


def test_tokens_are_a_limit_too():
    # 60,000 a minute, of which each of these takes 1,000 and a little.
    full = {"at": 0.0, "left": 5_000.0}

    def script(text, _):
        full["left"] = min(full["left"] + (_now() - full["at"]) * 1000, 5_000.0)
        full["at"] = _now()
        fits = full["left"] >= 1_010
        if fits:
            full["left"] -= 1_010
        limits = RateLimits(tokens=Window(limit=60_000, remaining=int(full["left"]), reset_s=1.0))
        return reply(text, limits) if fits else refusal(limits=limits)

    counted, refused = _counting(script)
    asks = [ask_for(f"text {n}", params={"max_output_tokens": 1_000}) for n in range(40)]
    outcomes, seconds = run(asks, Scripted(counted))

    assert statuses(outcomes) == ["Answered"] * 40
    assert len(refused) <= 4
    assert 35.0 < seconds < 42.0


def test_a_request_larger_than_the_limit_waits_for_all_of_it_and_goes():
    limits = RateLimits(tokens=Window(limit=1_000, remaining=500, reset_s=30.0))
    provider = Scripted(lambda text, _: reply(text, limits))
    asks = [ask_for("small"), ask_for("large", params={"max_output_tokens": 50_000})]

    outcomes, seconds = run(asks, provider, settings(concurrency=1))

    assert statuses(outcomes) == ["Answered", "Answered"]
    assert seconds == pytest.approx(30.1, abs=0.3)


def test_a_window_that_opens_at_once_is_not_taken_for_a_bucket():
    # 100 in each 30 s; nothing comes back in between.
    used = {"window": 0, "count": 0}

    def script(text, _):
        window, into = divmod(_now(), 30.0)
        if window != used["window"]:
            used.update(window=window, count=0)
        fits = used["count"] < 100
        used["count"] += fits
        said = Window(limit=100, remaining=100 - used["count"], reset_s=30.0 - into)
        return (
            reply(text, RateLimits(requests=said))
            if fits
            else refusal(limits=RateLimits(requests=said))
        )

    counted, refused = _counting(script)
    outcomes, seconds = run(asks_for(250), Scripted(counted))

    assert statuses(outcomes) == ["Answered"] * 250
    assert refused == []
    assert 60.0 < seconds < 62.0


def test_a_quota_that_others_use_too_is_shared():
    quota = Quota(600, burst=20, clock=_now)
    mine = within(quota)

    def script(text, number):
        if number == 1 and _now() > 1.0:
            within(quota)("of another", 1)  # one of theirs for each of ours
        return mine(text, number)

    counted, refused = _counting(script)
    outcomes, _ = run(asks_for(200), Scripted(counted))

    assert statuses(outcomes) == ["Answered"] * 200
    assert len(refused) <= 60


def test_one_slow_model_does_not_hold_the_pace_of_another():
    from promptops.model.config import ModelProfile

    slow = ModelProfile(name="slow", provider="scripted", id="slow")
    provider = Scripted(
        lambda text, number: refusal(after_s=9.0) if text == "slow" and number == 1 else reply(text)
    )

    outcomes, _ = run([ask_for("slow", profile=slow), *asks_for(20)], provider)

    assert statuses(outcomes) == ["Answered"] * 21
    assert max(at for text, at in provider.sent if text != "slow") < 1.0


def test_turns_come_in_the_order_of_asking():
    limits = RateLimits(requests=Window(limit=60, remaining=0, reset_s=60.0))
    provider = Scripted(lambda text, _: reply(text, limits))

    run(asks_for(10), provider)

    assert provider.texts == [f"text {n}" for n in range(10)]
    assert all(later >= earlier for (_, earlier), (_, later) in pairwise(provider.sent))
