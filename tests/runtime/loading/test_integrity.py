"""What a source gives and should not: the snapshot that is loaded stays, and it is said."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import promptops
from promptops.runtime.loading.source import MAX_SERIAL_STEP
from tests.runtime.loading.site import Signer, Site, bundle, digest_of
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import forget, settle

PATIENCE_S = 60  # a machine that others use is slow


def flip_a_byte(site: Site) -> None:
    data = site.folder / "bundles" / "v1.2.0.jsonl"
    data.write_bytes(data.read_bytes().replace(b"Good", b"Gone"))


def swap_a_prompt(site: Site) -> None:
    """A bundle that is whole, and not the one that is announced."""
    site.put("bundles/v1.2.0.jsonl", bundle("v1.2.0", "Say that {{ name }} may pay."))


def give_another_release(site: Site) -> None:
    old = (site.folder / "bundles" / "v1.0.0.jsonl").read_bytes()
    site.put("bundles/v1.2.0.jsonl", old)
    site.list("1.2.0", digest_of(old))
    site.channel("production", "1.2.0", 4)


def cut_it_off(site: Site) -> None:
    data = site.folder / "bundles" / "v1.2.0.jsonl"
    data.write_bytes(data.read_bytes()[:-100])


def say_something_else(site: Site) -> None:
    site.put("channels/production.json", b"<html>please log in</html>")
    site.put("index.json", b"<html>please log in</html>")


def point_outside(site: Site) -> None:
    pointer = {"release": "../v1.2.0", "bundle": f"sha256:{'0' * 64}", "serial": 4}
    site.put("channels/production.json", json.dumps(pointer).encode())
    site.put("index.json", b'{"schema": 2, "releases": []}')


def name_no_digest(site: Site) -> None:
    site.put("channels/production.json", b'{"release": "v1.2.0", "serial": 4}')
    site.put("index.json", b'{"schema": 1, "releases": [{"release": "v1.2.0"}]}')


def go_too_deep(site: Site) -> None:
    for name in ("channels/production.json", "index.json"):
        site.put(name, b"[" * 30_000 + b"]" * 30_000)


HARM = [
    flip_a_byte,
    swap_a_prompt,
    give_another_release,
    cut_it_off,
    say_something_else,
    point_outside,
    name_no_digest,
    go_too_deep,
]


@pytest.mark.parametrize("ref", ["production", "^1"])
@pytest.mark.parametrize("harm", HARM)
def test_the_new_one_is_never_loaded_and_the_old_one_stays(
    server: ServedSite,
    site: Site,
    harm: Callable[[Site], None],
    ref: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = promptops.load(ref, source=server.address)
    site.release("1.2.0", "Good evening {{ name }}.")
    site.channel("production", "1.2.0", 4)
    harm(site)

    promptops.load(ref, source=server.address, refresh_s=0)
    settle()

    after = promptops.load(ref, source=server.address, refresh_s=math.inf)
    assert (after is before, after.stale, len(caplog.records)) == (True, True, 1)


@pytest.mark.parametrize("harm", HARM)
def test_a_new_process_takes_what_was_kept_before(
    server: ServedSite, site: Site, cache: Path, harm: Callable[[Site], None]
) -> None:
    before = promptops.load("production", source=server.address)
    forget()
    site.release("1.2.0", "Good evening {{ name }}.")
    site.channel("production", "1.2.0", 4)
    harm(site)

    after = promptops.load("production", source=server.address)

    assert (after.digest, after.stale) == (before.digest, True)


@pytest.mark.parametrize("harm", HARM)
def test_with_nothing_kept_it_is_an_error(
    server: ServedSite, site: Site, harm: Callable[[Site], None]
) -> None:
    site.release("1.2.0", "Good evening {{ name }}.")
    site.channel("production", "1.2.0", 4)
    harm(site)

    with pytest.raises(promptops.IntegrityError):
        promptops.load("production", source=server.address)


def test_a_pointer_that_is_replayed_is_refused(
    server: ServedSite, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    before = promptops.load("production", source=server.address)
    site.channel("production", "1.0.0", 2)

    promptops.load("production", source=server.address, refresh_s=0)
    settle()

    after = promptops.load("production", source=server.address, refresh_s=math.inf)
    assert (after is before, after.stale) == (True, True)
    assert "'production' went back from serial 3 to 2" in caplog.text


@pytest.mark.parametrize("where", ["address", "folder"])
def test_a_new_process_remembers_the_serial(
    server: ServedSite, site: Site, cache: Path, where: str
) -> None:
    source = server.address if where == "address" else str(site.folder)
    promptops.load("production", source=source)
    forget()
    for file in (cache / "pointers").glob("*"):
        file.unlink()
    site.channel("production", "1.0.0", 2)

    with pytest.raises(promptops.IntegrityError, match="went back from serial 3 to 2"):
        promptops.load("production", source=source)


@pytest.mark.parametrize("kept", [True, False])
def test_a_serial_that_was_seen_counts_whoever_is_trusted(
    server: ServedSite, site: Site, signer: Signer, kept: bool, request: pytest.FixtureRequest
) -> None:
    if kept:
        request.getfixturevalue("cache")
    signed(site, signer)
    promptops.load("production", source=server.address)
    site.channel("production", "1.0.0", 2)

    with pytest.raises(promptops.IntegrityError, match="went back from serial 3 to 2"):
        promptops.load(
            "production", source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S
        )


def test_a_rollback_counts_up_and_is_taken(server: ServedSite, site: Site, cache: Path) -> None:
    promptops.load("production", source=server.address)
    forget()
    site.channel("production", "1.0.0", 4)

    after = promptops.load("production", source=server.address)

    assert (after.release, after.stale) == ("v1.0.0", False)


@pytest.mark.parametrize("serial", [2**63 - 1, 3 + MAX_SERIAL_STEP + 1])
@pytest.mark.parametrize("new_process", [True, False])
def test_a_serial_that_jumps_is_refused_and_the_channel_goes_on_afterwards(
    server: ServedSite, site: Site, cache: Path, serial: int, new_process: bool
) -> None:
    def load() -> promptops.Bundle:
        promptops.load("production", source=server.address, refresh_s=0, timeout_s=PATIENCE_S)
        settle()
        return promptops.load("production", source=server.address, timeout_s=PATIENCE_S)

    load()
    if new_process:
        forget()
    site.channel("production", "1.0.0", serial)
    during = load()
    site.channel("production", "1.0.0", 4)
    after = load()

    assert (during.release, during.stale) == ("v1.1.0", True)
    assert (after.release, after.stale) == ("v1.0.0", False)


def test_a_serial_that_rises_by_a_day_of_promotions_is_taken(
    server: ServedSite, site: Site, cache: Path
) -> None:
    promptops.load("production", source=server.address)
    forget()
    site.channel("production", "1.0.0", 3 + MAX_SERIAL_STEP)

    assert promptops.load("production", source=server.address).release == "v1.0.0"


def test_a_jump_says_how_to_go_on(server: ServedSite, site: Site, cache: Path) -> None:
    promptops.load("production", source=server.address)
    forget()
    for file in (cache / "pointers").glob("*"):
        file.unlink()
    site.channel("production", "1.0.0", 2**63 - 1)

    with pytest.raises(promptops.IntegrityError) as raised:
        promptops.load("production", source=server.address)

    assert (raised.value.message, raised.value.hint) == (
        "channel 'production' jumped from serial 3 to 9223372036854775807",
        "the limit is 1440 changes at once; if this is intended: "
        "promptops doctor --reset-channel production",
    )


def test_a_channel_with_a_canary_is_refused(server: ServedSite, site: Site, cache: Path) -> None:
    pointer = json.loads((site.folder / "channels" / "production.json").read_bytes())
    canary = {"release": "v1.0.0", "percent": 5}
    site.put("channels/production.json", json.dumps(pointer | {"canary": canary}).encode())

    with pytest.raises(promptops.IntegrityError, match="`canary` is not supported yet"):
        promptops.load("production", source=server.address)


def test_an_index_of_more_values_than_fit_into_memory_is_refused(site: Site) -> None:
    site.put("index.json", b'{"schema":1,"releases":[' + b"[]," * 1_000_000 + b"[]]}")

    with pytest.raises(promptops.IntegrityError, match=r"'index\.json' is not a valid file"):
        promptops.load("^1", source=site.folder)


def test_a_pipe_in_place_of_a_bundle_is_not_waited_for(site: Site) -> None:
    file = site.folder / "bundles" / "v1.0.0.jsonl"
    file.unlink()
    os.mkfifo(file)

    with pytest.raises(
        promptops.TransportError, match="the file can't be read: not a regular file"
    ):
        promptops.load("v1.0.0", source=site.folder)


def test_a_serial_of_what_could_not_be_loaded_does_not_count(
    server: ServedSite, site: Site, cache: Path
) -> None:
    promptops.load("production", source=server.address)
    forget()
    site.release("1.2.0")
    site.channel("production", "1.2.0", 9)
    swap_a_prompt(site)
    promptops.load("production", source=server.address)
    forget()
    site.channel("production", "1.0.0", 4)

    assert promptops.load("production", source=server.address).release == "v1.0.0"


@pytest.mark.parametrize("ref", ["production", "^1"])
def test_a_tag_that_was_moved_is_refused(
    server: ServedSite, site: Site, cache: Path, ref: str
) -> None:
    promptops.load(ref, source=server.address)
    site.release("1.1.0", "Good evening {{ name }}.")
    site.channel("production", "1.1.0", 4)
    forget()

    kept = promptops.load(ref, source=server.address)

    assert (kept.stale, kept["greet"].render(name="Ada").messages[0]["content"]) == (
        True,
        "Good day Ada.",
    )


def test_a_tag_that_was_moved_is_refused_where_there_is_no_cache(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    before = promptops.load("^1", source=site.folder)
    site.release("1.1.0", "Good evening {{ name }}.")

    promptops.load("^1", source=site.folder, refresh_s=0)
    settle()

    assert promptops.load("^1", source=site.folder, refresh_s=math.inf) is before
    assert "'v1.1.0' differs from the one loaded before" in caplog.text


def signed(site: Site, signer: Signer) -> None:
    for version in ("1.0.0", "1.1.0"):
        signer.sign(site.folder / "bundles" / f"v{version}.jsonl")


@pytest.mark.parametrize("ref", ["production", "v1.1.0", "^1"])
def test_what_was_signed_by_one_who_is_trusted_is_loaded(
    server: ServedSite, site: Site, signer: Signer, ref: str
) -> None:
    signed(site, signer)

    loaded = promptops.load(ref, source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S)

    assert loaded.release == "v1.1.0"


@pytest.mark.parametrize("ref", ["production", "v1.1.0", "^1", "sha256"])
@pytest.mark.parametrize("kept", [False, True])
def test_what_is_not_signed_is_refused_also_if_it_was_kept_without_trust(
    server: ServedSite, site: Site, signer: Signer, cache: Path, ref: str, kept: bool
) -> None:
    digest = digest_of((site.folder / "bundles" / "v1.1.0.jsonl").read_bytes())
    ref = ref.replace("sha256", f"sha256:{digest}")
    if kept:
        promptops.load(ref, source=server.address)

    with pytest.raises(promptops.IntegrityError, match="the bundle is not signed"):
        promptops.load(ref, source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S)


def test_the_environment_says_who_is_trusted(
    site: Site, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMPTOPS_TRUST", str(signer.allowed))

    with pytest.raises(promptops.IntegrityError, match="the bundle is not signed"):
        promptops.load("v1.0.0", source=site.folder)


@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_variable_of_trust_is_an_error(
    site: Site, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PROMPTOPS_TRUST", value)

    with pytest.raises(promptops.UsageError) as raised:
        promptops.load("v1.0.0", source=site.folder)

    assert (raised.value.message, raised.value.hint) == (
        "`PROMPTOPS_TRUST` is set, and empty",
        "set it to a file of allowed signers, or remove it: unset PROMPTOPS_TRUST",
    )


def test_allowed_signers_that_everybody_can_change_are_refused(site: Site, signer: Signer) -> None:
    signed(site, signer)
    signer.allowed.chmod(0o666)

    with pytest.raises(promptops.InputError) as raised:
        promptops.load("v1.0.0", source=site.folder, trust=signer.allowed)

    assert (raised.value.message, raised.value.hint) == (
        "every user of this machine can change the allowed signers",
        f"chmod o-w {signer.allowed}",
    )


def test_allowed_signers_in_a_pipe_are_not_waited_for(site: Site, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "signers")

    with pytest.raises(promptops.InputError, match="can't be read: not a regular file"):
        promptops.load("v1.0.0", source=site.folder, trust=tmp_path / "signers")


def test_a_signature_by_an_untrusted_key_is_refused(
    site: Site, signer: Signer, tmp_path: Path
) -> None:
    signed(site, Signer(tmp_path / "eve", "eve@example.com"))

    with pytest.raises(promptops.IntegrityError) as raised:
        promptops.load("v1.0.0", source=site.folder, trust=signer.allowed)

    found = subprocess.run(
        ("ssh-keygen", "-l", "-f", f"{tmp_path / 'eve' / 'key'}.pub"),
        check=True,
        capture_output=True,
        text=True,
    )
    fingerprint = found.stdout.split()[1]
    assert raised.value.message == (
        f"the bundle is signed by ED25519 key {fingerprint}, which is not trusted for it"
    )


def test_a_signature_for_something_else_is_refused(site: Site, signer: Signer) -> None:
    signer.sign(site.folder / "bundles" / "v1.0.0.jsonl", namespace="git")

    with pytest.raises(promptops.IntegrityError, match="signature is for another purpose"):
        promptops.load("v1.0.0", source=site.folder, trust=signer.allowed)


def test_a_signature_of_other_bytes_is_refused(site: Site, signer: Signer) -> None:
    signer.sign(site.folder / "bundles" / "v1.0.0.jsonl")
    site.release("1.0.0", "Say that {{ name }} may pay.")

    with pytest.raises(promptops.IntegrityError, match="the signature covers other bytes"):
        promptops.load("v1.0.0", source=site.folder, trust=signer.allowed)


def test_a_key_that_may_sign_something_else_only_is_not_trusted(site: Site, signer: Signer) -> None:
    signer.sign(site.folder / "bundles" / "v1.0.0.jsonl")
    line = signer.allowed.read_text()
    signer.allowed.write_text(line.replace(" ", ' namespaces="git" ', 1))

    with pytest.raises(promptops.IntegrityError, match="is not trusted for it"):
        promptops.load("v1.0.0", source=site.folder, trust=signer.allowed)


@pytest.mark.parametrize("signature", [b"", b"nonsense", b"x" * 100_000])
def test_a_signature_that_is_none_is_refused(site: Site, signer: Signer, signature: bytes) -> None:
    site.put("bundles/v1.0.0.jsonl.sig", signature)

    with pytest.raises(promptops.IntegrityError):
        promptops.load("v1.0.0", source=site.folder, trust=signer.allowed)


def test_an_old_release_under_a_new_name_is_refused_though_it_is_signed(
    site: Site, signer: Signer
) -> None:
    signed(site, signer)
    for ending in ("", ".sig"):
        old = (site.folder / "bundles" / f"v1.0.0.jsonl{ending}").read_bytes()
        site.put(f"bundles/v1.2.0.jsonl{ending}", old)
    site.list("1.2.0", digest_of((site.folder / "bundles" / "v1.2.0.jsonl").read_bytes()))

    with pytest.raises(promptops.IntegrityError, match=r"contains the release 'v1\.0\.0'"):
        promptops.load("v1.2.0", source=site.folder, trust=signer.allowed)


def test_what_was_verified_is_not_verified_for_other_signers(
    server: ServedSite, site: Site, signer: Signer, cache: Path, tmp_path: Path
) -> None:
    signed(site, signer)
    promptops.load("v1.0.0", source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S)
    other = Signer(tmp_path / "eve", "eve@example.com")

    with pytest.raises(promptops.IntegrityError, match="which is not trusted for it"):
        promptops.load("v1.0.0", source=server.address, trust=other.allowed, timeout_s=PATIENCE_S)


def test_without_ssh_keygen_nothing_is_taken_on_trust(
    site: Site, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed(site, signer)
    monkeypatch.setenv("PATH", str(site.folder))

    with pytest.raises(promptops.InputError, match="`ssh-keygen` is not installed"):
        promptops.load("v1.0.0", source=site.folder, trust=signer.allowed)


def test_allowed_signers_that_are_not_there_are_an_error(site: Site, tmp_path: Path) -> None:
    with pytest.raises(promptops.InputError, match="the allowed signers can't be read"):
        promptops.load("v1.0.0", source=site.folder, trust=tmp_path / "nobody")
