"""The engine, the provider and a server that fails, in real time."""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import Any

import pytest

from promptops.evals.engine.ask import Answered, Failed, Outcome, Patience, Settings
from promptops.evals.engine.run import ask
from promptops.model.config import ModelProfile
from promptops.records import replace
from tests.evals.engine.scripted import ask_for, statuses
from tests.evals.providers.approved import provider_of
from tests.servers.answers import FAULTS, OK, Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import Plan, Quota, always, for_each, in_order
from tests.tiers import fast_first, fast_only

KEY = "sk-canary-7f3a9b2c5d"
QUICK = Patience(try_s=60.0, total_s=600.0, first_wait_s=0.02, longest_wait_s=0.1)
HASTY = replace(QUICK, try_s=0.5)
"""For a server that never ends an answer; a busy machine lets other answers fail, too."""
LATE = ("silent", "drip")


def patience(fault: str) -> Patience:
    return HASTY if fault in LATE else QUICK


def _asked(
    plan: Plan, count: int, patience: Patience = QUICK, provider: str = "local", **said: Any
) -> tuple[tuple[Outcome, ...], Any]:
    with fault_server(plan) as server:
        profile = ModelProfile(
            name="fast",
            provider=provider,
            id="m-1",
            base_url=server.base_url,
            api_key_env="THE_KEY",
        )
        params = {"max_output_tokens": 9} if provider == "anthropic" else {}
        asks = [
            ask_for(f"text {number}", profile=profile, params=params) for number in range(count)
        ]
        settings = Settings(patience=patience, chance=Random(0), **said)
        outcomes = ask(
            asks, lambda each: provider_of(each, {"THE_KEY": KEY}), settings, lambda outcome: None
        )
        return outcomes, server


def test_each_answer_is_that_of_its_request():
    outcomes, server = _asked(always(OK), 50)

    assert [outcome.answer.text for outcome in outcomes] == [f"text {n}" for n in range(50)]
    assert server.connections <= 16
    assert {received.headers["authorization"] for received in server.requests} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    "fault",
    fast_only(
        [
            "429",
            "429 with retry-after",
            "429 with a quota",
            "500",
            "503",
            "truncated",
            "reset",
            "silent",
        ],
        fast=["429", "429 with retry-after", "503", "reset", "silent"],
    ),
)
def test_what_passes_loses_nothing(fault):
    outcomes, server = _asked(for_each(FAULTS[fault]), 4, patience(fault))

    assert statuses(outcomes) == ["Answered"] * 4
    assert len(server.requests) == 8 or (fault in LATE and len(server.requests) > 8)


FAILING = [
    ("429", "rate", 6),
    ("500", "server", 6),
    ("502 of a proxy", "server", 6),
    ("truncated", "connection", 6),
    ("reset", "connection", 6),
    ("silent", "timeout", 6),
    ("drip", "timeout", 6),
    ("malformed", "bad_answer", 1),
    ("another shape", "bad_answer", 1),
    ("huge", "bad_answer", 1),
]


@pytest.mark.parametrize(
    ("fault", "kind", "tries"),
    fast_only(FAILING, fast=[FAILING[at] for at in (1, 4, 7)]),
)
def test_what_does_not_pass_ends_in_time_and_is_an_error(fault, kind, tries):
    outcomes, server = _asked(always(FAULTS[fault]), 3, patience(fault))

    assert [(each.failure.kind, each.tries) for each in outcomes] == [(kind, tries)] * 3
    # A try whose time was over may not have been sent.
    assert len(server.requests) == 3 * tries or (fault in LATE and server.requests)
    assert KEY not in repr([each.failure for each in outcomes])


def test_a_server_that_never_answers_costs_no_more_than_the_deadline():
    short = Patience(try_s=600.0, total_s=0.6)

    started = time.monotonic()
    outcomes, _ = _asked(always(FAULTS["silent"]), 20, short, concurrency=20)

    assert statuses(outcomes) == ["Failed"] * 20
    assert time.monotonic() - started < 120


def test_retry_after_holds_everyone():
    """One request at a time: of several, those beside the first would be on their way already."""
    later = Answer(status=429, headers={"retry-after-ms": "700"})
    outcomes, server = _asked(in_order(later), 20, concurrency=1)

    assert statuses(outcomes) == ["Answered"] * 20
    refused_at_s = server.requests[0].at_s
    assert [r for r in server.requests[1:] if r.at_s < refused_at_s + 0.65] == []


@pytest.mark.parametrize("silent", fast_first([False, True], 1))
def test_a_quota_loses_nothing(silent):
    outcomes, server = _asked(Quota(6000, burst=20, silent=silent), 150, Patience())

    assert statuses(outcomes) == ["Answered"] * 150
    assert server.statuses[200] == 150
    assert server.statuses[429] < 75


@pytest.mark.parametrize("provider", fast_first(["anthropic", "gemini"], 1))
def test_no_provider_loses_anything_at_a_quota(provider):
    quota = Quota(6000, burst=20, dated=provider == "anthropic", silent=provider == "gemini")

    outcomes, server = _asked(quota, 60, Patience(), provider)

    assert statuses(outcomes) == ["Answered"] * 60
    assert server.statuses[200] == 60
    assert server.statuses[429] < 40


def test_a_server_that_fails_now_and_then_loses_nothing():
    faults = [FAULTS[name] for name in ("500", "reset", "truncated", "429", "503")]
    chance = Random(7)

    outcomes, server = _asked(
        lambda _: chance.choice(faults) if chance.random() < 0.2 else OK, 80, QUICK
    )

    assert Counter(map(type, outcomes)) == {Answered: 80}
    assert len(server.requests) > 80


def test_one_that_is_refused_spoils_no_other():
    refusal = Answer(status=400)
    outcomes, _ = _asked(lambda received: refusal if b"text 3" in received.body else OK, 10)

    assert [type(outcome) for outcome in outcomes] == [
        Failed if number == 3 else Answered for number in range(10)
    ]
    assert outcomes[3].failure.message == "the server answered with status 400: planned: 400"
