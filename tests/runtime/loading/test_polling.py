"""When a source is asked again: many replicas do not ask at once, and a source may want quiet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from email.utils import formatdate
from random import Random

import pytest

import promptops
from promptops.runtime.loading.cache import BundleCache
from promptops.runtime.loading.resolver import RefResolver
from promptops.runtime.loading.site import site_at
from promptops.runtime.loading.snapshots import MAX_BACKOFF, MAX_RETRY_AFTER_S, Polling, Snapshot
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import settle
from tests.servers.answers import Answer

REPLICAS = 10_000
MINUTE_S = 60.0
PATIENCE_S = 60.0  # a machine that others use is slow
AFTER_S = 15 * MINUTE_S
NOW_S = 1_800_000_000.0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def middle() -> float:
    return 0.5


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def snapshot(server: ServedSite, clock: Clock) -> Iterator[Snapshot]:
    resolver = RefResolver(
        site_at(server.address),
        "production",
        trust=None,
        cache=lambda: BundleCache(None),
        offline=False,
    )
    yield Snapshot(resolver, Polling(middle), clock)
    settle()


def most_in_one_second(random: Callable[[], float]) -> int:
    """Replicas that start within a second: how many ask in the same second, after 15 minutes."""
    seconds: Counter[int] = Counter()
    for replica in range(REPLICAS):
        polling, at_s = Polling(random), replica / REPLICAS
        while at_s < AFTER_S + MINUTE_S:
            at_s += polling.wait_s(MINUTE_S)
            polling.succeeded()
            seconds[int(at_s)] += AFTER_S <= at_s < AFTER_S + MINUTE_S
    return max(seconds.values())


def test_replicas_that_start_within_a_second_ask_at_different_times_after_15_minutes() -> None:
    spread = most_in_one_second(Random(1).random)
    in_step = most_in_one_second(middle)

    assert (in_step, spread < 300) == (REPLICAS, True)


def test_the_first_wait_is_any_part_of_the_interval_and_the_next_ones_differ_by_a_fifth() -> None:
    def waits(share: float) -> list[float]:
        polling = Polling(lambda: share)
        first = polling.wait_s(MINUTE_S)
        polling.succeeded()
        return [round(first, 3), round(polling.wait_s(MINUTE_S), 3)]

    assert [waits(share) for share in (0.0, 0.5, 0.999999)] == [[0, 48], [30, 60], [60, 72]]


def test_the_wait_doubles_after_each_failure_up_to_ten_intervals_until_a_success() -> None:
    polling = Polling(middle)

    waits = []
    for _ in range(6):
        polling.failed()
        waits.append(polling.wait_s(MINUTE_S) / MINUTE_S)
    polling.succeeded()

    assert waits == [2, 4, 8, MAX_BACKOFF, MAX_BACKOFF, MAX_BACKOFF]
    assert polling.wait_s(MINUTE_S) == MINUTE_S


def test_processes_that_are_forked_from_one_do_not_ask_at_once() -> None:
    random = Random(1)
    polling = Polling(random.random)
    waits = set()

    for _ in range(100):
        polling.restart()
        waits.add(int(polling.wait_s(MINUTE_S)))

    assert len(waits) > 30


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "600"}, 600),
        ({"retry-after": "1"}, 2 * MINUTE_S),
        ({"retry-after": formatdate(NOW_S + 900, usegmt=True)}, 900),
        ({"retry-after": formatdate(NOW_S - 900, usegmt=True)}, 2 * MINUTE_S),
        ({"retry-after": "99999999"}, MAX_RETRY_AFTER_S),
        ({"retry-after": "9" * 5000}, 2 * MINUTE_S),
        ({"retry-after": "-5"}, 2 * MINUTE_S),
        ({"retry-after": "nan"}, 2 * MINUTE_S),
        ({"retry-after": "soon"}, 2 * MINUTE_S),
        ({}, 2 * MINUTE_S),
    ],
)
def test_a_site_that_wants_to_be_left_alone_is(
    server: ServedSite, snapshot: Snapshot, clock: Clock, headers: dict[str, str], wait_s: float
) -> None:
    date = {"date": formatdate(NOW_S, usegmt=True)}  # its clock, whatever ours shows
    kept = snapshot.get(MINUTE_S, PATIENCE_S)
    server.answering.fault = Answer(status=503, body=b"", headers=date | headers)
    clock.now_s += MINUTE_S
    snapshot.get(MINUTE_S, PATIENCE_S)
    settle()
    asked = len(server.asked)

    clock.now_s += wait_s - 1
    early = snapshot.get(MINUTE_S, PATIENCE_S)
    settle()
    unasked = len(server.asked) - asked
    clock.now_s += wait_s * 0.2 + 1  # nobody comes back before the time, some a little later
    late = snapshot.get(MINUTE_S, PATIENCE_S)
    settle()

    assert (unasked, len(server.asked) - asked) == (0, 1)
    assert (early, late, kept.stale) == (kept, kept, True)


def test_a_site_that_wants_to_be_left_alone_at_the_start_is(
    server: ServedSite, snapshot: Snapshot, clock: Clock
) -> None:
    server.answering.fault = Answer(status=429, body=b"", headers={"retry-after": "600"})
    for _ in range(3):
        with pytest.raises(promptops.TransportError, match="the server answered with status 429"):
            snapshot.get(MINUTE_S, PATIENCE_S)
        clock.now_s += 200
    asked = len(server.asked)
    server.answering.fault = None

    clock.now_s += 200

    assert (asked, snapshot.get(MINUTE_S, PATIENCE_S).release) == (1, "v1.1.0")
