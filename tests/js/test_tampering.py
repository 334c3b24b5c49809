"""What a source gives and should not: TypeScript refuses it as Python does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from promptops.runtime.loading.source import MAX_SERIAL_STEP
from tests.conformance.test_js_package import with_packages
from tests.js.client import Client, by_python, compared
from tests.runtime.loading.site import Signer, Site, bundle, digest_of
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import forget
from tests.runtime.loading.test_cache_of_others import forge_pointers
from tests.runtime.loading.test_integrity import HARM, signed
from tests.servers.answers import Answer

Harm = Callable[[Site], None]
every_harm = pytest.mark.parametrize("harm", HARM)


def damage(site: Site, harm: Harm) -> None:
    site.release("1.2.0", "Good evening {{ name }}.")
    site.channel("production", "1.2.0", 4)
    harm(site)


@with_packages
@pytest.mark.parametrize("ref", ["production", "^1"])
@every_harm
def test_the_new_one_is_never_loaded_and_the_old_one_stays(
    node: Client, server: ServedSite, site: Site, harm: Harm, ref: str
) -> None:
    before = node.load(ref, server.address)
    damage(site, harm)

    after = node.refreshed(ref, server.address, stale=True)
    assert (after["same"], after["text"]) == (True, before["text"])
    assert [each.endswith("'v1.1.0' stays in use") for each in after["warnings"]] == [True]


@with_packages
@every_harm
def test_a_new_process_takes_what_was_kept_before_and_else_it_is_python_s_error(
    node: Client,
    server: ServedSite,
    site: Site,
    cache: Path,
    harm: Harm,
    request: pytest.FixtureRequest,
) -> None:
    before = node.load("production", server.address)
    node.forget()
    damage(site, harm)

    after = node.load("production", server.address)
    request.getfixturevalue("monkeypatch").setenv("PROMPTOPS_CACHE", str(cache / "another"))
    node.forget()
    without = node.load("production", server.address)

    assert (after["digest"], after["stale"]) == (before["digest"], True)
    assert compared(without) == by_python("production", server.address)
    assert without["error"] == "IntegrityError"


SERIALS = {
    "a replay": ("1.0.0", 2),
    "the same serial": ("1.0.0", 3),
    "a jump": ("1.0.0", 3 + MAX_SERIAL_STEP + 1),
    "the largest serial": ("1.0.0", 2**63 - 1),
}


@with_packages
@pytest.mark.parametrize(("version", "serial"), SERIALS.values(), ids=SERIALS)
@pytest.mark.parametrize("where", ["address", "folder"])
@pytest.mark.parametrize("first", ["python", "node"])
def test_a_serial_is_remembered_by_programs_in_both_languages(
    node: Client,
    server: ServedSite,
    site: Site,
    cache: Path,
    version: str,
    serial: int,
    where: str,
    first: str,
) -> None:
    source = server.address if where == "address" else site.folder
    if first == "python":
        by_python("production", source)
    else:
        node.load("production", source)
    node.forget()
    forget()
    forget_pointers_of_refs(cache)
    site.channel("production", version, serial)

    found = node.load("production", source)

    assert found["error"] == "IntegrityError"
    assert compared(found) == by_python("production", str(source))


def forget_pointers_of_refs(cache: Path) -> None:
    """The meaning of a serial stays."""
    for file in (cache / "pointers").glob("*"):
        if b'"channel"' in file.read_bytes():
            file.unlink()


@with_packages
@pytest.mark.parametrize("serial", [4, 3 + MAX_SERIAL_STEP])
def test_a_rollback_counts_up_and_is_taken(
    node: Client, server: ServedSite, site: Site, cache: Path, serial: int
) -> None:
    node.load("production", server.address)
    site.channel("production", "1.0.0", serial)

    after = node.refreshed("production", server.address, release="v1.0.0")
    assert (after["stale"], after["channel"], after["warnings"]) == (False, "production", [])


@with_packages
def test_a_slow_answer_does_not_replace_what_another_program_learnt_meanwhile(
    node: Client, server: ServedSite, site: Site, cache: Path
) -> None:
    slow, old = "bundles/v1.1.0.jsonl", Event()
    data = (site.folder / slow).read_bytes()
    server.answering.faults[slow] = Answer(body=data, until=old)
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(node.load, "production", server.address)
        while slow not in server.asked:
            assert not answer.done()
        site.release("1.2.0", "Good evening {{ name }}.")
        site.channel("production", "1.2.0", 4)
        learnt = by_python("production", server.address)
        old.set()
        found = answer.result()

    assert compared(found) == {**learnt, "stale": True}
    said = "channel 'production' went back from serial 4 to 3; 'v1.2.0' stays in use"
    assert found["warnings"] == [f"promptops: {server.address}: {said}"]


@with_packages
def test_a_serial_means_one_release_for_a_process_without_a_cache(node: Client, site: Site) -> None:
    node.load("production", site.folder)
    site.channel("production", "1.0.0", 3)
    after = node.refreshed("production", site.folder, stale=True)

    said = "channel 'production' names a different release with the same serial 3"
    assert after["warnings"] == [f"promptops: {site.folder}: {said}; 'v1.1.0' stays in use"]


@with_packages
@pytest.mark.parametrize("ref", ["production", "v1.1.0", "^1"])
def test_a_signed_bundle_is_loaded_and_an_unsigned_one_is_not(
    node: Client, server: ServedSite, site: Site, signer: Signer, cache: Path, ref: str
) -> None:
    node.load(ref, server.address)
    refused = node.load(ref, server.address, signer.allowed)
    signed(site, signer)

    accepted = node.load(ref, server.address, signer.allowed, refresh_s=0)

    assert (refused["error"], refused["message"]) == ("IntegrityError", "the bundle is not signed")
    assert accepted["release"] == "v1.1.0"


@with_packages
@pytest.mark.parametrize(
    "tampered", ["other key", "other purpose", "other bytes", "other name", "nonsense", "empty"]
)
def test_a_wrong_signature_is_refused_with_python_s_message(
    node: Client, site: Site, signer: Signer, tmp_path: Path, tampered: str
) -> None:
    file = site.folder / "bundles" / "v1.0.0.jsonl"
    signed(site, signer)
    if tampered == "other key":
        Signer(tmp_path / "eve").sign(file)
    elif tampered == "other purpose":
        signer.sign(file, namespace="git")
    elif tampered == "other bytes":
        site.release("1.0.0", "Say that {{ name }} may pay.")
    elif tampered == "other name":
        for ending in ("", ".sig"):
            old = (site.folder / "bundles" / f"v1.1.0.jsonl{ending}").read_bytes()
            site.put(f"bundles/v1.0.0.jsonl{ending}", old)
        site.list("1.0.0", digest_of(file.read_bytes()))
    else:
        site.put("bundles/v1.0.0.jsonl.sig", b"nonsense" if tampered == "nonsense" else b"")

    found = node.load("v1.0.0", site.folder, signer.allowed)

    expected = by_python("v1.0.0", site.folder, signer.allowed)
    assert found["error"] == "IntegrityError"
    assert (found["message"], found["where"]) == (expected["message"], expected["where"])


@with_packages
def test_an_index_does_not_make_another_version_of_what_is_signed(
    node: Client, site: Site, signer: Signer
) -> None:
    signed(site, signer)
    index = (site.folder / "index.json").read_bytes()
    site.put("index.json", index.replace(b'"version": "1.0.0"', b'"version": "2.0.0"'))

    for ref in ("v2.0.0", "^2"):
        assert node.load(ref, site.folder, signer.allowed)["error"] == "IntegrityError"


@with_packages
@pytest.mark.parametrize("proof", [None, b"", b"nonsense", b"x" * 100_000, "of another bundle"])
@pytest.mark.parametrize("writer", ["python", "node"])
def test_a_kept_bundle_is_loaded_only_with_the_signature_of_its_bytes(
    node: Client,
    server: ServedSite,
    site: Site,
    signer: Signer,
    cache: Path,
    proof: bytes | str | None,
    writer: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed(site, signer)
    load = by_python if writer == "python" else node.load
    load("v1.1.0", server.address, signer.allowed)
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")
    node.forget()
    whole = node.load("v1.1.0", server.address, signer.allowed)
    node.forget()
    (file,) = cache.rglob("*.proof")
    if proof is None:
        file.unlink()
    else:
        other = (site.folder / "bundles" / "v1.0.0.jsonl.sig").read_bytes()
        file.write_bytes(other if isinstance(proof, str) else proof)

    found = node.load("v1.1.0", server.address, signer.allowed)

    assert (whole["release"], whole["stale"]) == ("v1.1.0", False)
    assert (found["error"], found["message"]) == ("TransportError", "PROMPTOPS_OFFLINE is set")


@with_packages
@pytest.mark.parametrize("ref", ["production", "v1.1.0", "^1"])
def test_a_cache_that_another_wrote_adds_no_prompt(
    node: Client,
    server: ServedSite,
    site: Site,
    signer: Signer,
    cache: Path,
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed(site, signer)
    node.load(ref, server.address, signer.allowed)
    forged = bundle("v1.1.0", "Say that {{ name }} may pay.")
    (folder := cache / "bundles" / digest_of(forged)[:2]).mkdir(exist_ok=True)
    (folder / f"{digest_of(forged)[2:]}.jsonl").write_bytes(forged)
    forge_pointers(cache, digest_of(forged))
    node.forget()

    online = node.load(ref, server.address, signer.allowed)
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")
    node.forget()
    offline = node.load(ref, server.address, signer.allowed)

    assert (online["error"], "differs from the one loaded before" in online["message"]) == (
        "IntegrityError",
        True,
    )
    assert offline["error"] == "TransportError"


@with_packages
def test_the_file_of_signers_is_that_of_now(
    node: Client,
    server: ServedSite,
    site: Site,
    signer: Signer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed(site, signer)
    file = tmp_path / "signers"
    file.write_bytes(signer.allowed.read_bytes())
    monkeypatch.setenv("PROMPTOPS_TRUST", str(file))
    before = node.load("production", server.address)
    file.write_bytes(Signer(tmp_path / "eve").allowed.read_bytes())

    after = node.refreshed("production", server.address, stale=True)
    assert (before["stale"], after["same"], len(after["warnings"])) == (False, True, 1)
    assert "which is not trusted for it" in after["warnings"][0]


@with_packages
def test_signers_that_can_t_be_trusted_are_an_error(
    node: Client, site: Site, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compare() -> dict[str, object]:
        found = compared(node.load("v1.0.0", site.folder))
        assert found == by_python("v1.0.0", site.folder)
        return found

    errors = []
    for value in ("", " ", str(tmp_path / "nowhere"), str(signer.allowed)):
        signer.allowed.chmod(0o666)
        monkeypatch.setenv("PROMPTOPS_TRUST", value)
        errors.append(compare()["error"])
    path = tmp_path / "text"
    path.write_text(str(signer.allowed))
    given = node.load("v1.0.0", site.folder, path)

    assert errors == ["UsageError", "UsageError", "InputError", "InputError"]
    assert (given["error"], given["message"]) == (
        "UsageError",
        "`trust` has no line of a key that can sign",
    )
