"""What a review of loading found, in sites and in what is loaded; each was wrong once."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

import promptops
from promptops.model.prompt import Output
from promptops.runtime.loading.cache import BundleCache
from promptops.runtime.loading.resolver import RefResolver
from promptops.runtime.loading.site import Site as SiteSource
from promptops.runtime.loading.site import site_at
from promptops.runtime.loading.source import Delivery, Listed, shown
from promptops.runtime.loading.trust import Trust
from promptops.runtime.request.answers import Answers
from tests.conftest import GitRepository
from tests.runtime.loading.git_releases import FILE, PROMPT, said
from tests.runtime.loading.site import Signer, Site
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import forget, settle
from tests.servers.answers import Answer

PATIENCE_S = 60  # a machine that others use is slow


@pytest.mark.parametrize("ref", ["v2.0.0", "2.0.0", "^2"])
@pytest.mark.parametrize("served", [False, True])
def test_an_index_does_not_make_another_version_of_what_is_signed(
    server: ServedSite, site: Site, signer: Signer, served: bool, ref: str
) -> None:
    digest = site.release("1.0.0")
    signer.sign(site.folder / "bundles" / "v1.0.0.jsonl")
    lie = {"release": "v1.0.0", "version": "2.0.0", "bundle": f"sha256:{digest}"}
    site.put("index.json", json.dumps({"schema": 1, "releases": [lie]}).encode())
    source = server.address if served else str(site.folder)

    with pytest.raises(promptops.IntegrityError):
        promptops.load(ref, source=source, trust=signer.allowed, timeout_s=PATIENCE_S)


def test_what_is_asked_without_encryption_leads_to_no_other_machine(
    server: ServedSite, site: Site
) -> None:
    """The whole of 127.0.0.0/8 is this machine, and stands for two."""
    asked: list[str] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(500)

    with ThreadingHTTPServer(("127.0.0.2", 0), Other) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        location = {"location": f"http://127.0.0.2:{other.server_port}/index.json"}
        server.answering.faults = {"index.json": Answer(status=302, body=b"", headers=location)}

        with pytest.raises(promptops.TransportError) as raised:
            promptops.load("v1.0.0", source=server.address, timeout_s=PATIENCE_S)

        other.shutdown()
    assert (raised.value.message, asked) == ("the server redirects to another machine", [])


def test_what_comes_with_a_redirect_is_not_read(server: ServedSite, site: Site) -> None:
    """It may be endless."""
    (site.folder / "moved.json").write_bytes((site.folder / "index.json").read_bytes())
    headers = {"location": "/v1/moved.json", "content-length": "100000"}
    server.answering.faults = {"index.json": Answer(status=302, body=b"never", headers=headers)}

    loaded = promptops.load("v1.0.0", source=server.address, timeout_s=PATIENCE_S)

    assert (loaded.release, server.asked) == (
        "v1.0.0",
        ["index.json", "moved.json", "bundles/v1.0.0.jsonl"],
    )


def test_who_is_trusted_is_read_anew_and_who_is_no_more_signed_in_vain(
    server: ServedSite, site: Site, cache: Path, tmp_path: Path
) -> None:
    ada, eve = Signer(tmp_path / "ada"), Signer(tmp_path / "eve", "eve@example.com")
    signers = tmp_path / "signers"
    signers.write_bytes(ada.allowed.read_bytes())
    ada.sign(site.folder / "bundles" / "v1.1.0.jsonl")

    def load(ref: str, refresh_s: float = math.inf) -> str | None:
        found = promptops.load(
            ref, source=server.address, trust=signers, refresh_s=refresh_s, timeout_s=PATIENCE_S
        )
        settle()
        return found.release

    before = load("production")
    signers.write_bytes(ada.allowed.read_bytes() + eve.allowed.read_bytes())
    site.release("1.2.0")
    eve.sign(site.folder / "bundles" / "v1.2.0.jsonl")
    site.channel("production", "1.2.0", 4)
    load("production", refresh_s=0)
    during = load("production")
    signers.write_bytes(ada.allowed.read_bytes())
    forget()

    assert (before, during) == ("v1.1.0", "v1.2.0")
    with pytest.raises(promptops.IntegrityError, match="which is not trusted for it"):
        load("v1.2.0")


def test_no_file_of_signers_is_not_everybody(site: Site) -> None:
    with pytest.raises(promptops.InputError, match="the allowed signers can't be read"):
        promptops.load("v1.0.0", source=site.folder, trust="")


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


def test_the_whole_of_a_password_is_left_out() -> None:
    assert shown("https://ada:p@ss@host/r") == "https://host/r"


@pytest.mark.parametrize("text", ['{"n": 1e999}', '{"n": -1e999}'])
def test_a_number_that_is_too_large_is_no_answer(text: str) -> None:
    answers = Answers("ask", Output(format="json", schema={"type": "object"}))

    with pytest.raises(promptops.AnswerError, match="a number that is too large") as raised:
        answers.parse(text)

    assert raised.value.text == text


def test_a_work_tree_is_read_before_its_first_commit(
    repo: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({FILE: PROMPT.format(word="Hello")})
    monkeypatch.setenv("PROMPTOPS_OVERRIDE", str(repo.root))

    before = promptops.load("v1.0.0", source="/nowhere")
    commit = repo.commit("first")
    repo.write({FILE: PROMPT.format(word="Good evening")})
    after = promptops.load("v1.0.0", source="/nowhere")

    assert (said(before), before.commit) == ("Hello Ada.", "0" * 40)
    assert (said(after), after.commit) == ("Good evening Ada.", commit)
