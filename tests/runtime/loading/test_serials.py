"""A serial of a channel means one release, for every process and source."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import promptops
from promptops.runtime.loading.cache import BundleCache
from promptops.runtime.loading.resolver import RefResolver
from promptops.runtime.loading.site import Site as SiteSource
from promptops.runtime.loading.site import site_at
from promptops.runtime.loading.source import Delivery, Listed
from promptops.runtime.loading.trust import Trust
from tests.conftest import GitRepository
from tests.runtime.loading.site import Site
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import forget, settle

PATIENCE_S = 60  # a machine that others use is slow


class Slow(SiteSource):
    """A site at which something happens between the channel and its bundle."""

    def __init__(self, address: str, meanwhile: Callable[[], None]) -> None:
        real = site_at(address)
        super().__init__(real.where, real._get, remote=True)
        self._meanwhile = meanwhile

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        self._meanwhile()
        return super().bundle(listed, trust, until)


def test_a_slow_answer_does_not_replace_what_another_learnt_meanwhile(
    server: ServedSite, site: Site, cache: Path
) -> None:
    until = time.monotonic() + PATIENCE_S

    def resolver(source: SiteSource) -> RefResolver:
        return RefResolver(
            source, "production", trust=None, cache=lambda: BundleCache(cache), offline=False
        )

    def another() -> None:
        site.release("1.2.0")
        site.channel("production", "1.2.0", 4)
        resolver(site_at(server.address)).ask(None, until)

    with pytest.raises(promptops.IntegrityError, match="went back from serial 4 to 3"):
        resolver(Slow(server.address, another)).ask(None, until)

    kept = resolver(site_at(server.address)).last_good()
    assert kept is not None
    assert kept.release == "v1.2.0"


SAME_SERIAL = "channel 'production' names a different release with the same serial 3"


def test_a_serial_means_one_release_for_a_process(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    before = promptops.load("production", source=site.folder)
    site.channel("production", "1.0.0", 3)

    promptops.load("production", source=site.folder, refresh_s=0)
    settle()

    after = promptops.load("production", source=site.folder, refresh_s=math.inf)
    assert (after is before, after.stale) == (True, True)
    assert caplog.messages == [f"{site.folder}: {SAME_SERIAL}; 'v1.1.0' stays in use"]


def test_a_serial_means_one_release_for_the_next_process(
    server: ServedSite, site: Site, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = promptops.load("production", source=server.address, timeout_s=PATIENCE_S)
    site.channel("production", "1.0.0", 3)
    forget()

    after = promptops.load("production", source=server.address, timeout_s=PATIENCE_S)

    assert (after.digest, after.release, after.stale) == (before.digest, "v1.1.0", True)
    assert caplog.messages == [f"{server.address}: {SAME_SERIAL}; 'v1.1.0' stays in use"]


def test_a_serial_means_one_release_also_where_there_is_nothing_to_go_back_to(
    site: Site, cache: Path
) -> None:
    promptops.load("production", source=site.folder)
    site.channel("production", "1.0.0", 3)
    forget()

    with pytest.raises(promptops.IntegrityError) as raised:
        promptops.load("production", source=site.folder)

    assert raised.value.message == SAME_SERIAL
    site.channel("production", "1.0.0", 4)
    forget()
    assert promptops.load("production", source=site.folder).release == "v1.0.0"


def load(ref: str, source: str, trust: Path | None = None) -> promptops.Bundle:
    return promptops.load(ref, source=source, trust=trust, timeout_s=PATIENCE_S)


def test_a_serial_means_one_release_in_a_repository_too(
    releases: GitRepository, source: str
) -> None:
    """Also where the channel tells no digest."""
    load("production", source)
    forget()
    releases.write({"channels.yaml": "production: {release: v1.0.0, serial: 3}\n"})
    releases.commit("another one, and not counted up")

    if source.startswith("git+"):
        kept = load("production", source)
        assert (kept.release, kept.stale) == ("v1.1.0", True)
    else:
        with pytest.raises(promptops.IntegrityError, match="with the same serial 3"):
            load("production", source)
