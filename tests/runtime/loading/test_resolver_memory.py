"""What a process remembers of channels and signatures is bounded, and protects all the same."""

from __future__ import annotations

import time

import pytest

import promptops
from promptops.runtime.loading import resolver
from promptops.runtime.loading.cache import BundleCache
from promptops.runtime.loading.resolver import RefResolver
from promptops.runtime.loading.site import site_at
from tests.runtime.loading.site import Signer, Site
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import forget

PATIENCE_S = 30


def ask(server: ServedSite, channel: str) -> str | None:
    """The release of a channel, without a cache on disk."""
    found = RefResolver(
        site_at(server.address),
        channel,
        trust=None,
        cache=lambda: BundleCache(None),
        offline=False,
    ).ask(None, time.monotonic() + PATIENCE_S)
    return found.release


def test_a_channel_that_changes_often_takes_no_more_memory(server: ServedSite, site: Site) -> None:
    for serial in range(3, 9):
        site.channel("production", "1.0.0" if serial % 2 else "1.1.0", serial)
        ask(server, "production")

    assert [serial for serial, _ in resolver.SERIALS.values()] == [8]
    site.channel("production", "1.0.0", 7)
    with pytest.raises(promptops.IntegrityError, match="went back from serial 8 to 7"):
        ask(server, "production")
    site.channel("production", "1.0.0", 8)
    with pytest.raises(promptops.IntegrityError, match="with the same serial 8"):
        ask(server, "production")


def test_the_channels_that_were_loaded_last_are_remembered(
    server: ServedSite, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "MAX_REMEMBERED", 3)
    for name in ("one", "two", "three", "one", "four"):
        site.channel(name, "1.1.0", 2)
        ask(server, name)

    assert [name for _, name in resolver.SERIALS] == ["three", "one", "four"]
    site.channel("one", "1.0.0", 1)
    with pytest.raises(promptops.IntegrityError, match="went back from serial 2 to 1"):
        ask(server, "one")


def test_a_signature_that_was_forgotten_is_verified_again(
    site: Site,
    server: ServedSite,
    signer: Signer,
    cache: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolver, "MAX_REMEMBERED", 1)
    for version in ("1.0.0", "1.1.0"):
        signer.sign(site.folder / "bundles" / f"v{version}.jsonl")

    def load(version: str) -> str | None:
        return promptops.load(
            f"v{version}", source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S
        ).release

    assert (load("1.0.0"), load("1.1.0")) == ("v1.0.0", "v1.1.0")
    assert len(resolver.VERIFIED) == 1
    forget()
    assert (load("1.0.0"), load("1.1.0"), load("1.0.0")) == ("v1.0.0", "v1.1.0", "v1.0.0")
    assert len(resolver.VERIFIED) == 1
