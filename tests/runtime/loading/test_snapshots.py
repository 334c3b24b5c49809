"""A source that does not end when its time is over, as the look-up of a name may not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import pytest

import promptops
from promptops.runtime.bundle.format import Contents
from promptops.runtime.loading.cache import BundleCache
from promptops.runtime.loading.resolver import RefResolver
from promptops.runtime.loading.snapshots import Snapshot
from promptops.runtime.loading.source import Delivery, Listed, Pointer, checked
from promptops.runtime.loading.trust import Trust
from tests.runtime.loading.site import bundle, digest_of
from tests.runtime.loading.state import settle

PATIENCE_S = 60
NEVER_S = 1e9


class Stuck:
    """A source of one channel, whose n-th answer comes when its gate is opened.

    Attributes:
        gates: Of each answer.
        begun: Released once for each question.
    """

    where = "a place far away"
    remote = True

    def __init__(self, *versions: str) -> None:
        self.gates = [threading.Event() for _ in versions]
        self.begun = threading.Semaphore(0)
        self._versions = versions
        self._asked = 0

    def channel(self, name: str, until: float) -> Pointer | None:
        number = self._asked
        self._asked += 1
        self.begun.release()
        self.gates[number].wait(PATIENCE_S)
        release = f"v{self._versions[number]}"
        serial = (1, 3, 2)[number]  # what is late is not refused for its serial
        return Pointer(release=release, digest=digest_of(bundle(release)), serial=serial)

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        return Delivery(contents=checked(bundle(listed.release), self.where))

    def prove(self, kept: Delivery, trust: Trust, until: float) -> None:
        raise NotImplementedError

    def releases(self, until: float) -> Mapping[str, Listed]:
        return {}

    def channels(self, until: float) -> tuple[str, ...]:
        return ()

    def revision(self, revision: str, until: float) -> Contents:
        raise NotImplementedError


@pytest.fixture
def source() -> Iterator[Stuck]:
    stuck = Stuck("1.0.0", "1.1.0", "1.2.0")
    yield stuck
    for gate in stuck.gates:
        gate.set()
    settle()


@pytest.fixture
def snapshot(source: Stuck) -> Snapshot:
    resolver = RefResolver(
        source, "production", trust=None, cache=lambda: BundleCache(None), offline=False
    )
    return Snapshot(resolver)


def test_who_has_nothing_waits_no_longer_than_the_time_there_is(snapshot: Snapshot) -> None:
    with pytest.raises(promptops.TransportError, match="no answer in time"):
        snapshot.get(refresh_s=NEVER_S, timeout_s=0.05)


def test_an_answer_that_comes_too_late_is_taken_while_nobody_asked_again(
    snapshot: Snapshot, source: Stuck
) -> None:
    with pytest.raises(promptops.TransportError):
        snapshot.get(refresh_s=NEVER_S, timeout_s=0.05)

    source.gates[0].set()
    settle()

    assert snapshot.get(refresh_s=NEVER_S, timeout_s=0.05).release == "v1.0.0"


def test_one_that_hangs_is_left_behind_and_its_answer_is_not_taken(
    snapshot: Snapshot, source: Stuck, caplog: pytest.LogCaptureFixture
) -> None:
    source.gates[0].set()
    before = snapshot.get(refresh_s=NEVER_S, timeout_s=PATIENCE_S)
    snapshot.get(refresh_s=0, timeout_s=0)  # asks, and hangs
    for _ in range(2):
        source.begun.acquire(timeout=PATIENCE_S)

    snapshot.get(refresh_s=0, timeout_s=PATIENCE_S)  # asks again

    stale = before.stale
    source.begun.acquire(timeout=PATIENCE_S)
    source.gates[2].set()
    ends_at = time.monotonic() + PATIENCE_S
    while snapshot.get(refresh_s=NEVER_S, timeout_s=0) is before and time.monotonic() < ends_at:
        time.sleep(0)
    source.gates[1].set()
    settle()
    after = snapshot.get(refresh_s=NEVER_S, timeout_s=0)
    assert (stale, after.release, after.stale) == (True, "v1.2.0", False)
    assert caplog.messages == ["a place far away: no answer in time; 'v1.0.0' stays in use"]
