"""A server that answers nothing is given up; one that did is given time."""

from __future__ import annotations

import pytest

from promptops.evals.engine.ask import Failed, Patience
from promptops.evals.engine.rate_limiter import Outage
from promptops.evals.providers import Failure
from tests.evals.engine.scripted import Scripted, asks_for, broken, reply, run

PATIENCE = Patience(tries=3, total_s=100.0)


def failed(kind: str, count: int, outage: Outage, now: float = 0.0) -> None:
    for _ in range(count):
        outage.failed(broken(kind), now)


@pytest.mark.parametrize("kind", ["rate", "server", "connection", "timeout"])
def test_who_never_answered_is_given_up_when_all_that_began_have_failed(kind):
    outage = Outage(PATIENCE, at_once=2)

    failed(kind, 5, outage)
    outage.check()
    failed(kind, 2, outage)

    with pytest.raises(Failure) as raised:
        outage.check()
    assert raised.value.message == kind
    assert not raised.value.retryable


@pytest.mark.parametrize("kind", ["refused", "bad_answer", "content_filter"])
def test_who_refuses_what_is_asked_is_there(kind):
    outage = Outage(PATIENCE, at_once=2)

    failed("server", 5, outage)
    failed(kind, 9, outage)
    failed("server", 5, outage)

    outage.check()


def test_who_answered_before_is_given_time_to_come_back():
    outage = Outage(PATIENCE, at_once=2)
    outage.answered(50.0)

    failed("connection", 20, outage, now=149.0)
    outage.check()
    failed("connection", 1, outage, now=150.0)

    with pytest.raises(Failure):
        outage.check()


def test_an_answer_that_was_under_way_brings_a_server_back():
    outage = Outage(PATIENCE, at_once=2)
    failed("timeout", 6, outage)

    outage.answered(1.0)

    outage.check()


def test_of_many_asks_only_some_are_tried_and_all_say_why_in_the_same_words():
    provider = Scripted(lambda _text, _number: broken("timeout"))

    outcomes, seconds = run(asks_for(1000), provider)

    assert len(provider.sent) <= 24 + 4
    assert seconds < 120
    assert {outcome.failure.message for outcome in outcomes} == {"timeout"}


def test_a_server_that_fails_for_a_while_is_not_given_up():
    def script(text: str, _: int) -> object:
        return broken("server") if 100 < len(provider.sent) < 160 else reply(text)

    provider = Scripted(script)

    outcomes, _ = run(asks_for(200), provider)

    failures = {each.failure.message for each in outcomes if isinstance(each, Failed)}
    assert failures <= {"server"}
    assert len(provider.sent) > 200
