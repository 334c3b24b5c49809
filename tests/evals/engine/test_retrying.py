"""What may pass is tried again, what won't is not, and everything ends."""

from __future__ import annotations

from itertools import pairwise

import pytest

from promptops.evals.engine.ask import Patience
from promptops.evals.providers import Failure
from tests.evals.engine.scripted import (
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


@pytest.mark.parametrize("kind", ["server", "connection", "timeout", "rate"])
def test_what_may_pass_is_tried_again(kind):
    provider = Scripted(lambda text, number: broken(kind) if number < 4 else reply(text))

    ((outcome,), _) = run([ask_for("a")], provider)

    assert outcome.answer.text == "a"
    assert provider.texts == ["a"] * 4


@pytest.mark.parametrize("kind", ["refused", "bad_answer", "content_filter"])
def test_what_will_not_pass_is_tried_once(kind):
    provider = Scripted(lambda text, _: broken(kind, retryable=False))

    ((outcome,), seconds) = run([ask_for("a")], provider)

    assert (outcome.failure.kind, outcome.tries) == (kind, 1)
    assert (len(provider.sent), seconds) == (1, pytest.approx(0.05))


@pytest.mark.parametrize("failure", [broken(), refusal(), refusal(after_s=1.0)])
def test_six_tries_are_the_most(failure):
    provider = Scripted(lambda text, _: failure)

    ((outcome,), _) = run([ask_for("a")], provider)

    assert (outcome.failure, outcome.tries) == (failure, 6)
    assert len(provider.sent) == 6


def test_waits_grow_and_are_drawn_by_chance():
    provider = Scripted(lambda text, _: broken(), after_s=0.0)
    patience = Patience(tries=8, first_wait_s=1.0, longest_wait_s=8.0)

    run(asks_for(4), provider, settings(patience=patience))

    at = [[at for text, at in provider.sent if text == f"text {n}"] for n in range(4)]
    waits = [[round(b - a, 3) for a, b in pairwise(each)] for each in at]
    for each in waits:
        assert all(
            0 <= wait <= most for wait, most in zip(each, (1, 2, 4, 8, 8, 8, 8), strict=True)
        )
    assert len({tuple(each) for each in waits}) == 4
    assert max(map(max, waits)) > 4


def test_all_tries_together_have_one_deadline():
    provider = Scripted(lambda text, _: broken(), after_s=30.0)
    patience = Patience(tries=100, total_s=100.0)

    ((outcome,), seconds) = run([ask_for("a")], provider, settings(patience=patience))

    assert outcome.failure.kind == "timeout"  # the last one was cut short
    assert outcome.failure.message == "no answer within 100 s"
    assert outcome.tries == 4
    assert seconds == pytest.approx(101, abs=0.1)


def test_each_try_is_told_what_is_left_of_the_deadline():
    deadlines = []

    class Noting(Scripted):
        async def ask(self, request, deadline_s):
            deadlines.append(deadline_s)
            return await super().ask(request, deadline_s)

    patience = Patience(tries=3, try_s=20.0, total_s=25.0, first_wait_s=0.0)
    run([ask_for("a")], Noting(lambda text, _: broken(), after_s=10.0), settings(patience=patience))

    assert deadlines == [20.0, pytest.approx(15.0), pytest.approx(5.0)]


def test_a_server_in_maintenance_is_left_alone_by_all():
    down = Failure(message="503", kind="server", retryable=True, retry_after_s=20.0)
    provider = Scripted(
        lambda text, number: down if number == 1 and text < "text 2" else echo(text, number)
    )

    outcomes, _ = run(asks_for(10), provider)

    assert statuses(outcomes) == ["Answered"] * 10
    assert sorted(at for _, at in provider.sent)[4] >= 20.0
