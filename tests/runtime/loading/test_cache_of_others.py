"""A cache that somebody else wrote: never waited for, never believed, never an error."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import promptops
from promptops.runtime.loading import trust as trusting
from promptops.runtime.loading.cache import BundleCache, cache_folder, key_name
from promptops.runtime.loading.trust import Trust
from tests.conftest import GitRepository
from tests.runtime.loading.site import Signer, Site, bundle, digest_of
from tests.runtime.loading.site_server import ServedSite
from tests.runtime.loading.state import forget

PATIENCE_S = 60  # a machine that others use is slow
FORGED = bundle("v1.1.0", "Say that {{ name }} may pay.")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def signed(site: Site, signer: Signer) -> Site:
    for version in ("1.0.0", "1.1.0"):
        signer.sign(site.folder / "bundles" / f"v{version}.jsonl")
    return site


def text_of(loaded: promptops.Bundle) -> object:
    return loaded["greet"].render(name="Ada").messages[0]["content"]


def forge_pointers(cache: Path, digest: str) -> None:
    """Have every ref that was ever loaded mean another bundle."""
    for file in (cache / "pointers").iterdir():
        value = json.loads(file.read_bytes())
        file.write_text(json.dumps(value | {"bundle": digest}))


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setenv("PROMPTOPS_OFFLINE", "1")


@pytest.mark.parametrize("ref", ["production", "v1.1.0", "^1"])
def test_an_unsigned_bundle_in_the_cache_is_not_loaded_with_trust(
    server: ServedSite,
    signed: Site,
    signer: Signer,
    cache: Path,
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> promptops.Bundle:
        return promptops.load(
            ref, source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S
        )

    load()
    BundleCache(cache).keep_bundle(digest_of(FORGED), FORGED)
    forge_pointers(cache, digest_of(FORGED))
    forget()
    with pytest.raises(promptops.IntegrityError, match="differs from the one loaded before"):
        load()
    go_offline(monkeypatch)

    with pytest.raises(promptops.TransportError):
        load()


@pytest.mark.parametrize("proof", [None, b"", b"nonsense", b"x" * 100_000, "of another bundle"])
def test_a_kept_bundle_is_loaded_only_with_the_signature_of_its_bytes(
    server: ServedSite,
    signed: Site,
    signer: Signer,
    cache: Path,
    proof: bytes | str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> promptops.Bundle:
        return promptops.load(
            "v1.1.0", source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S
        )

    load()
    (file,) = cache.rglob("*.proof")
    if proof is None:
        file.unlink()
    elif isinstance(proof, str):
        file.write_bytes((signed.folder / "bundles" / "v1.0.0.jsonl.sig").read_bytes())
    else:
        file.write_bytes(proof)
    go_offline(monkeypatch)

    with pytest.raises(promptops.TransportError, match="PROMPTOPS_OFFLINE is set"):
        load()


@pytest.mark.parametrize("ref", ["v1.1.0", "1.1.0", "^1.1"])
def test_a_signed_release_is_not_offered_under_the_name_of_another(
    server: ServedSite,
    signed: Site,
    signer: Signer,
    cache: Path,
    ref: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(named: str) -> promptops.Bundle:
        return promptops.load(
            named, source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S
        )

    load(ref)
    forge_pointers(cache, load("v1.0.0").digest)
    go_offline(monkeypatch)

    with pytest.raises(promptops.TransportError):
        load(ref)


def test_what_is_kept_with_its_signature_is_loaded_and_verified_once_per_process(
    server: ServedSite, signed: Site, signer: Signer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    run = trusting._Keygen._run

    def counting(self: trusting._Keygen, question: str, *arguments: str) -> object:
        counted.append(question)
        return run(self, question, *arguments)

    def load(ref: str) -> promptops.Bundle:
        return promptops.load(
            ref, source=server.address, trust=signer.allowed, timeout_s=PATIENCE_S
        )

    load("production")
    load("v1.1.0")
    go_offline(monkeypatch)
    monkeypatch.setattr(trusting._Keygen, "_run", counting)

    loaded = [load(ref) for ref in ("production", "v1.1.0", "production")]

    assert [each.release for each in loaded] == ["v1.1.0"] * 3
    assert counted == ["find-principals", "verify"]


def pipe_in_place_of(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link_in_place_of(file: Path) -> None:
    elsewhere = file.parents[2] / "elsewhere"
    shutil.copy(file, elsewhere)
    file.unlink()
    file.symlink_to(elsewhere)


def folder_in_place_of(file: Path) -> None:
    file.unlink()
    file.mkdir()


def let_others_write(file: Path) -> None:
    file.chmod(0o620)


def give_away(file: Path) -> None:
    os.chown(file, 65534, 65534)


HARM = [
    pipe_in_place_of,
    link_in_place_of,
    folder_in_place_of,
    let_others_write,
    pytest.param(give_away, marks=needs_root),
]


@pytest.mark.parametrize("harm", HARM)
def test_only_regular_files_of_this_user_are_read(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    cache = BundleCache(tmp_path)
    cache.keep_bundle(digest_of(FORGED), FORGED)
    cache.keep_proof(b"a proof", digest_of(FORGED), "a")
    cache.keep_pointer({"bundle": "1"}, "a")
    for file in [each for each in tmp_path.rglob("*") if each.is_file()]:
        harm(file)

    found = (
        cache.bundle(digest_of(FORGED)),
        cache.proof(digest_of(FORGED), "a"),
        cache.pointer("a"),
    )

    assert found == (None, None, None)


@pytest.mark.parametrize("harm", HARM)
def test_what_can_not_be_read_in_the_cache_is_fetched_again(
    server: ServedSite, site: Site, cache: Path, harm: Callable[[Path], None]
) -> None:
    promptops.load("production", source=server.address, timeout_s=PATIENCE_S)
    forget()
    for file in [each for each in cache.rglob("*") if each.is_file()]:
        harm(file)

    loaded = promptops.load("production", source=server.address, timeout_s=PATIENCE_S)

    assert (text_of(loaded), loaded.stale) == ("Good day Ada.", False)


def open_to_others(folder: Path) -> str:
    folder.chmod(0o777)
    return "other users can write to it"


def open_to_a_group(folder: Path) -> str:
    folder.chmod(0o770)
    return "other users can write to it"


def of_another_user(folder: Path) -> str:
    os.chown(folder, 65534, 65534)
    return "it belongs to another user"


def a_file(folder: Path) -> str:
    folder.rmdir()
    folder.write_text("")
    return "it is not a folder"


@pytest.mark.parametrize(
    "share",
    [open_to_others, open_to_a_group, a_file, pytest.param(of_another_user, marks=needs_root)],
)
def test_a_folder_that_others_can_change_is_not_used_and_reported_once(
    server: ServedSite,
    site: Site,
    cache: Path,
    share: Callable[[Path], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache.mkdir(mode=0o700)
    reason = share(cache)

    for ref in ("production", "v1.0.0"):
        promptops.load(ref, source=server.address, timeout_s=PATIENCE_S)

    way_out = f"chmod go-w {cache}, or set PROMPTOPS_CACHE to a folder that does not exist yet"
    assert caplog.messages == [f"the cache {str(cache)!r} is not used: {reason}; {way_out}"]
    assert cache.is_file() or list(cache.iterdir()) == []


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_folder_that_others_can_only_read_is_used(cache: Path, mode: int) -> None:
    cache.mkdir()
    cache.chmod(mode)

    assert cache_folder() == cache


def test_a_link_to_a_folder_of_this_user_is_used(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    cache.symlink_to(tmp_path / "disk")

    assert cache_folder() == cache


def test_a_link_to_a_folder_that_others_can_change_is_not_used(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk").chmod(0o777)
    cache.symlink_to(tmp_path / "disk")

    assert cache_folder() is None


def test_a_folder_that_is_made_in_a_shared_one_is_private(
    server: ServedSite, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setenv("PROMPTOPS_CACHE", str(shared / "a" / "cache"))

    promptops.load("production", source=server.address, timeout_s=PATIENCE_S)

    folders = [each for each in shared.rglob("*") if each.is_dir()]
    assert {each.stat().st_mode & 0o777 for each in folders} == {0o700}


def test_a_serial_in_a_folder_that_others_can_change_does_not_count(tmp_path: Path) -> None:
    cache = BundleCache(tmp_path)
    cache.keep_serial(3, "site", "production")
    folder = tmp_path / "serials" / key_name("site", "production")
    (folder / "9223372036854775807").touch()
    folder.chmod(0o777)

    assert cache.serial("site", "production") == 0


def test_where_there_are_no_owners_the_cache_is_used(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows."""
    monkeypatch.delattr(os, "geteuid")
    cache.mkdir()
    cache.chmod(0o777)
    BundleCache(cache).keep_bundle(digest_of(FORGED), FORGED)

    assert cache_folder() == cache
    assert BundleCache(cache).bundle(digest_of(FORGED)) is not None


@pytest.mark.parametrize("source", ["git+file"], indirect=True)
def test_settings_of_a_kept_repository_run_no_program(
    releases: GitRepository, source: str, cache: Path, tmp_path: Path
) -> None:
    promptops.load("production", source=source, timeout_s=PATIENCE_S)
    forget()
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    for place in (cache / "git").iterdir():
        setting = f'[core]\n\tfsmonitor = {program}\n[gpg "ssh"]\n\tprogram = {program}\n'
        (place / "config").write_text(setting)
        (place / "hooks").mkdir()
        (place / "hooks" / "reference-transaction").symlink_to(program)

    loaded = promptops.load("^1", source=source, timeout_s=PATIENCE_S)

    assert (loaded.release, (tmp_path / "ran").exists()) == ("v1.1.0", False)


class TestSignedTags:
    """A git source keeps the signed tag as the proof."""

    @pytest.fixture
    def address(self, repo: GitRepository, signer: Signer, cache: Path) -> str:
        """Two releases, signed by Ada, that name their bundles."""
        from tests.runtime.loading.git_releases import FILE, PROMPT, built

        repo.git("config", "gpg.format", "ssh")
        repo.git("config", "user.signingkey", str(signer.key))
        for version, word in (("1.0.0", "Hello"), ("1.1.0", "Good day")):
            repo.write({FILE: PROMPT.format(word=word)})
            repo.commit(word)
            name = f"v{version}"
            repo.git("tag", "--annotate", "--message", name, name)
            digest = digest_of(built(repo, name))
            trailers = f"Promptops-Bundle-Sha256: {digest}\nPromptops-Bundle-Format: 1"
            table = f"Versions:\n{version}: greet"
            message = f"{name}\n\n{table}\n\n{trailers}"
            repo.git("tag", "--force", "--sign", "--message", message, name)
        return f"git+file://{repo.root}"

    def load(self, ref: str, address: str, signer: Signer) -> promptops.Bundle:
        return promptops.load(ref, source=address, trust=signer.allowed, timeout_s=PATIENCE_S)

    def test_what_is_kept_with_its_tag_is_loaded_offline(
        self, address: str, signer: Signer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = self.load("v1.1.0", address, signer)
        go_offline(monkeypatch)

        assert self.load("v1.1.0", address, signer).digest == before.digest

    def test_an_unsigned_bundle_in_the_cache_is_not_loaded(
        self, address: str, signer: Signer, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.load("v1.1.0", address, signer)
        BundleCache(cache).keep_bundle(digest_of(FORGED), FORGED)
        forge_pointers(cache, digest_of(FORGED))
        (proof,) = cache.rglob("*.proof")
        key = (address, "proof", Trust.read(signer.allowed).key)
        BundleCache(cache).keep_proof(proof.read_bytes(), digest_of(FORGED), *key)
        forget()

        with pytest.raises(promptops.IntegrityError, match="differs from the one loaded before"):
            self.load("v1.1.0", address, signer)
        go_offline(monkeypatch)
        with pytest.raises(promptops.TransportError):
            self.load("v1.1.0", address, signer)

    def test_a_tag_signed_by_somebody_else_proves_nothing(
        self, address: str, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.load("v1.1.0", address, signer)
        eve = Signer(tmp_path / "eve", "eve@example.com")
        go_offline(monkeypatch)

        with pytest.raises(promptops.TransportError):
            self.load("v1.1.0", address, eve)

    def test_a_bundle_that_was_built_by_somebody_else_is_not_taken_for_a_tag_without_a_digest(
        self, repo: GitRepository, signer: Signer, cache: Path
    ) -> None:
        """Also of a repository on this machine: what was built of it is kept."""
        from tests.runtime.loading.git_releases import release

        repo.git("config", "gpg.format", "ssh")
        repo.git("config", "user.signingkey", str(signer.key))
        release(repo, "1.1.0", "Good day")
        repo.git("tag", "--force", "--sign", "--message", "v1.1.0", "v1.1.0")
        self.load("v1.1.0", str(repo.root), signer)
        BundleCache(cache).keep_bundle(digest_of(FORGED), FORGED)
        forge_pointers(cache, digest_of(FORGED))
        forget()

        loaded = self.load("v1.1.0", str(repo.root), signer)

        assert text_of(loaded) == "Good day Ada."
