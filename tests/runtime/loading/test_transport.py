"""A site that can't be reached, in every way there is."""

from __future__ import annotations

import gzip
import logging
import math
import select
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import promptops
from promptops.runtime.loading import snapshots
from promptops.runtime.loading.source import shown
from tests.runtime.loading.site import Site
from tests.runtime.loading.site_server import FAULTS, ServedSite
from tests.runtime.loading.state import forget, settle
from tests.servers.answers import Answer

TIMEOUT_S = 0.5
PATIENCE_S = 60.0  # a machine that others use is slow

every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


def load(
    server: ServedSite,
    ref: str = "production",
    *,
    refresh_s: float = 0,
    timeout_s: float = PATIENCE_S,
) -> promptops.Bundle:
    return promptops.load(ref, source=server.address, refresh_s=refresh_s, timeout_s=timeout_s)


@every_fault
def test_without_anything_kept_it_is_an_error_in_time(server: ServedSite, fault: Answer) -> None:
    server.answering.fault = fault

    with pytest.raises(promptops.TransportError) as raised:
        load(server, timeout_s=TIMEOUT_S)

    assert str(raised.value.where).startswith(server.address)


@every_fault
def test_a_new_process_takes_what_was_kept_and_says_that_it_is_stale(
    server: ServedSite, cache: Path, fault: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    before = load(server)
    forget()
    server.answering.fault = fault

    after = load(server, timeout_s=TIMEOUT_S)

    settle()
    assert (after.digest, after.channel, after.stale) == (before.digest, "production", True)
    # Where an answer comes too late there are two: that it is late, and then what is wrong.
    said = {(each.levelno, each.getMessage().partition("; ")[2]) for each in caplog.records}
    assert said == {(logging.WARNING, "'v1.1.0' stays in use")}


@every_fault
def test_who_has_a_snapshot_does_not_wait(server: ServedSite, fault: Answer) -> None:
    before = load(server)
    server.answering.fault = fault
    began = time.monotonic()

    during = load(server, timeout_s=PATIENCE_S)

    assert (during is before, time.monotonic() - began < PATIENCE_S / 2) == (True, True)
    server.cut_until_settled()
    assert (load(server, refresh_s=math.inf), before.stale) == (before, True)


def test_a_refused_connection_is_an_error_at_once(unused_port: int) -> None:
    address = f"http://127.0.0.1:{unused_port}"

    with pytest.raises(promptops.TransportError, match="no answer: connection refused"):
        promptops.load("v1.0.0", source=address, timeout_s=60)


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("path", ["index.json", "channels/production.json"])
def test_what_is_not_there_is_never_replaced(
    server: ServedSite, cache: Path, status: int, path: str
) -> None:
    load(server)
    load(server, "^1")
    forget()
    server.answering.faults = {path: Answer(status=status, body=b"no")}
    ref = "^1" if path == "index.json" else "production"

    with pytest.raises(promptops.NotFound):
        load(server, ref)


def test_a_channel_that_is_gone_is_told_to_those_who_have_a_snapshot(
    server: ServedSite, site: Site
) -> None:
    load(server)
    (site.folder / "channels" / "production.json").unlink()

    load(server)
    settle()

    with pytest.raises(promptops.NotFound, match="there is no 'production'"):
        load(server, refresh_s=math.inf)


def test_a_misspelt_name_is_asked_for_once(server: ServedSite) -> None:
    for _ in range(100):
        with pytest.raises(promptops.NotFound, match="there is no 'prodution'"):
            load(server, "prodution", refresh_s=60)

    assert server.asked == ["channels/prodution.json", "index.json"]


def test_a_site_that_has_no_answer_is_asked_again_by_who_has_more_time_or_less_patience(
    server: ServedSite,
) -> None:
    server.answering.fault = FAULTS["500"]
    for refresh_s, timeout_s in ((60, 50), (60, 50), (60, 20), (60, 60), (0, 50)):
        with pytest.raises(promptops.TransportError, match="the server answered with status 500"):
            load(server, refresh_s=refresh_s, timeout_s=timeout_s)

    assert server.asked == ["channels/production.json"] * 3


def test_no_failure_is_remembered_for_longer_than_a_minute(
    server: ServedSite, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misspelt() -> promptops.Bundle:
        return load(server, "staging", refresh_s=math.inf)

    with pytest.raises(promptops.NotFound):
        misspelt()
    site.channel("staging", "1.0.0", 1)
    with pytest.raises(promptops.NotFound):
        misspelt()
    monkeypatch.setattr(snapshots, "MAX_FAILURE_S", 0.0)

    assert misspelt().release == "v1.0.0"


def test_a_range_that_fitted_something_before_keeps_it(
    server: ServedSite, site: Site, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = load(server, "^1")
    site.put("index.json", b'{"schema": 1, "releases": []}')

    load(server, "^1")
    settle()
    after = load(server, "^1", refresh_s=math.inf)
    forget()
    anew = load(server, "^1")

    assert (after is before, after.stale, anew.digest, anew.stale) == (
        True,
        True,
        before.digest,
        True,
    )
    said = f"{server.address}: no release matches '^1' any more; 'v1.1.0' stays in use"
    assert caplog.messages == [said, said]
    with pytest.raises(promptops.NotFound):
        load(server, "^1.0.0")


def test_a_bundle_that_the_site_names_and_lacks_is_no_misspelt_name(
    server: ServedSite, site: Site
) -> None:
    (site.folder / "bundles" / "v1.1.0.jsonl").unlink()

    with pytest.raises(promptops.TransportError, match="does not exist yet"):
        load(server)


def test_all_is_well_again_when_the_site_answers(
    server: ServedSite, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    before = load(server)
    server.answering.fault = FAULTS["500"]
    for _ in range(3):
        load(server)
        settle()
    server.answering.fault = None
    said = [record.getMessage() for record in caplog.records]
    site.channel("production", "1.0.0", 4)

    load(server)
    settle()
    after = load(server, refresh_s=math.inf)

    assert (before.stale, after.stale, after.release) == (True, False, "v1.0.0")
    assert said == [
        f"{server.address}/channels/production.json: the server answered with status 500; "
        "'v1.1.0' stays in use"
    ]


def test_what_did_not_change_is_not_sent_again(server: ServedSite) -> None:
    before = load(server)

    load(server)
    settle()

    assert load(server, refresh_s=math.inf) is before
    assert (server.asked, server.statuses) == (
        ["channels/production.json", "bundles/v1.1.0.jsonl", "channels/production.json"],
        [200, 200, 304],
    )


def test_an_exact_release_is_asked_for_once_on_a_machine(server: ServedSite, cache: Path) -> None:
    first = load(server, "v1.0.0")
    asked = len(server.asked)
    forget()

    again = load(server, "v1.0.0")

    assert (again.digest, again.stale, len(server.asked)) == (first.digest, False, asked)


def test_a_bundle_that_is_here_is_not_asked_for_by_its_digest(
    server: ServedSite, cache: Path
) -> None:
    first = load(server, "v1.0.0")
    asked = len(server.asked)

    again = load(server, f"sha256:{first.digest}")

    assert (again.digest, again.release, len(server.asked)) == (first.digest, "v1.0.0", asked)


def packed(data: bytes) -> Answer:
    return Answer(body=gzip.compress(data), headers={"content-encoding": "gzip"})


def test_what_was_packed_for_the_way_is_unpacked(server: ServedSite, site: Site) -> None:
    for path in ("channels/production.json", "bundles/v1.1.0.jsonl"):
        server.answering.faults[path] = packed((site.folder / path).read_bytes())

    assert load(server, timeout_s=PATIENCE_S).release == "v1.1.0"


def test_what_unpacks_to_more_than_it_may_is_given_up(server: ServedSite) -> None:
    server.answering.faults = {"channels/production.json": packed(b" " * 2**26)}

    with pytest.raises(promptops.TransportError, match="there are more than 65536 bytes"):
        load(server, timeout_s=PATIENCE_S)


def test_headers_that_never_end_are_given_up_also_by_the_thread_that_reads_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=(listening,))
        dripping.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"

        with pytest.raises(promptops.TransportError):
            promptops.load("v1.0.0", source=address, timeout_s=0.2)

        settle()
        dripping.join(timeout=PATIENCE_S)
        assert not dripping.is_alive()


def drip(listening: socket.socket) -> None:
    """One byte of a header after the other, until whoever reads them leaves."""
    connection, _ = listening.accept()
    with connection, suppress(ConnectionError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not select.select([connection], [], [], 0.01)[0] or connection.recv(4096):
            connection.sendall(b"a")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://example.com/site", "a site on another machine must use https"),
        ("https://ada:secret@example.com/", "the address of a site has no user, `?` or `#`"),
        ("https://example.com/?key=secret", "the address of a site has no user, `?` or `#`"),
        ("https://", "'https:' is not the address of a site"),
        ("https://[", "'https://[' is not the address of a site"),
        ("s3://bucket/site", "'s3://bucket/site' is not a source"),
        ("ftp://ada:secret@example.com/", "'ftp://example.com/' is not a source"),
    ],
)
def test_an_address_that_is_not_asked(address: str, message: str) -> None:
    with pytest.raises(promptops.UsageError) as raised:
        promptops.load("v1.0.0", source=address)

    assert raised.value.message == message
    assert "secret" not in f"{raised.value.message} {raised.value.where} {raised.value.hint}"


def test_the_proxy_of_the_environment_is_asked(
    server: ServedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = server.address.removesuffix("/v1")
    monkeypatch.setenv("http_proxy", proxy)

    with pytest.raises(promptops.NotFound):
        promptops.load("v1.0.0", source="http://localhost:9/site")

    assert server.asked == ["http://localhost:9/site/index.json"]


def test_offline_nothing_is_asked(
    server: ServedSite, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load(server)
    load(server, "v1.0.0")
    asked = len(server.asked)
    forget()
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")

    channel, exact = load(server), load(server, "v1.0.0")

    assert (channel.digest, channel.stale, exact.stale) == (before.digest, True, False)
    with pytest.raises(promptops.TransportError, match="PROMPTOPS_OFFLINE is set"):
        load(server, "v1.1.0-rc.1")
    assert len(server.asked) == asked


def test_offline_a_folder_is_still_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")

    assert promptops.load("production", source=site.folder).stale is False


def test_a_password_with_an_at_sign_is_left_out_of_an_address() -> None:
    assert shown("https://ada:p@ss@host/r") == "https://host/r"
