"""What a review of loading found, in repositories as sources; each was wrong once."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

import promptops
from tests.conftest import GitRepository
from tests.runtime.loading.git_releases import built
from tests.runtime.loading.site import Signer, digest_of
from tests.runtime.loading.state import forget, settle

PATIENCE_S = 60  # a machine that others use is slow


def load(ref: str, source: str, trust: Path | None = None) -> promptops.Bundle:
    return promptops.load(ref, source=source, trust=trust, timeout_s=PATIENCE_S)


def address(repo: GitRepository) -> str:
    return f"git+file://{repo.root}"


def sign(repo: GitRepository, signer: Signer, tag: str) -> None:
    """Make a tag anew, signed."""
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingkey", f"{signer.key}.pub")
    commit = repo.git("rev-parse", f"{tag}^{{commit}}")
    repo.git("tag", "--force", "--sign", "--message", tag, tag, commit)


def test_channels_that_can_not_be_read_leave_what_was_kept_in_use(
    releases: GitRepository, cache: Path
) -> None:
    before = load("production", address(releases))
    forget()
    releases.write({"channels.yaml": "production: {release: [\n"})
    releases.commit("damaged")

    after = load("production", address(releases))

    assert (after.digest, after.channel, after.stale) == (before.digest, "production", True)


def test_a_channel_that_is_there_twice_is_none(releases: GitRepository, source: str) -> None:
    lines = (f"production: {{release: v1.{each}.0, serial: {4 + each}}}\n" for each in (0, 1))
    releases.write({"channels.yaml": "".join(lines)})
    releases.commit("twice")

    with pytest.raises(promptops.IntegrityError):
        load("production", source)


def test_a_tag_that_was_refused_can_be_made_anew(
    releases: GitRepository, source: str, signer: Signer
) -> None:
    with pytest.raises(promptops.IntegrityError, match="not signed"):
        load("v1.1.0", source, signer.allowed)
    forget()

    sign(releases, signer, "v1.1.0")

    assert load("v1.1.0", source, signer.allowed).release == "v1.1.0"


def empty_it(place: Path) -> None:
    shutil.rmtree(place)
    place.mkdir()


def empty_its_objects(place: Path) -> None:
    for file in (place / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(b"")


@pytest.mark.parametrize("damage", [empty_it, empty_its_objects])
def test_what_is_lost_of_a_kept_repository_is_fetched_again(
    releases: GitRepository, cache: Path, damage: Callable[[Path], None]
) -> None:
    before = load("production", address(releases))
    forget()
    shutil.rmtree(cache / "bundles")
    kept = tuple((cache / "git").iterdir())
    for place in kept:
        damage(place)

    after = load("production", address(releases))

    assert (after.digest, after.stale, len(kept)) == (before.digest, False, 2)


def test_a_repository_that_hangs_keeps_nobody_from_another_one(
    releases: GitRepository, cache: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        hanging = f"git+https://127.0.0.1:{listening.getsockname()[1]}/prompts"

        def ask() -> None:
            with suppress(promptops.TransportError):
                load("v1.0.0", hanging)

        thread = Thread(target=ask)
        thread.start()
        connection, _ = listening.accept()
        with connection:
            loaded = promptops.load("v1.0.0", source=address(releases), timeout_s=PATIENCE_S / 2)
            meanwhile = thread.is_alive()
    thread.join(PATIENCE_S)
    settle()

    assert (loaded.release, meanwhile, thread.is_alive()) == ("v1.0.0", True, False)


def test_the_default_branch_does_not_say_that_a_prerelease_is_the_release(
    releases: GitRepository, source: str, signer: Signer
) -> None:
    releases.git("tag", "--annotate", "--message", "v2.0.0-rc.1", "v2.0.0-rc.1")
    sign(releases, signer, "v2.0.0-rc.1")
    releases.write({"promptops.toml": '[release]\ntag_format = "v{version}-rc.1"\n'})
    releases.commit("a format that lies")

    with pytest.raises(promptops.IntegrityError) as raised:
        load("v2.0.0", source, signer.allowed)

    assert raised.value.message == (
        "the tag 'v2.0.0-rc.1' is that of version 2.0.0-rc.1, not of 2.0.0"
    )


def test_a_digest_is_found_beside_a_release_that_is_refused(
    releases: GitRepository, source: str, signer: Signer
) -> None:
    sign(releases, signer, "v1.0.0")
    signed, unsigned = (digest_of(built(releases, each)) for each in ("v1.0.0", "v1.1.0"))

    loaded = load(f"sha256:{signed}", source, signer.allowed)

    assert (loaded.digest, loaded.release) == (signed, "v1.0.0")
    with pytest.raises(promptops.IntegrityError, match="not signed"):
        load(f"sha256:{unsigned}", source, signer.allowed)


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
