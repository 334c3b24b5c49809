"""Repositories that are kept on this machine: damaged, stale, or held up by another one."""

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
from tests.runtime.loading.state import forget, settle

PATIENCE_S = 60  # a machine that others use is slow


def load(ref: str, source: str, trust: Path | None = None) -> promptops.Bundle:
    return promptops.load(ref, source=source, trust=trust, timeout_s=PATIENCE_S)


def address(repo: GitRepository) -> str:
    return f"git+file://{repo.root}"


def test_channels_that_can_not_be_read_leave_what_was_kept_in_use(
    releases: GitRepository, cache: Path
) -> None:
    before = load("production", address(releases))
    forget()
    releases.write({"channels.yaml": "production: {release: [\n"})
    releases.commit("damaged")

    after = load("production", address(releases))

    assert (after.digest, after.channel, after.stale) == (before.digest, "production", True)


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
