"""A site with two releases and a channel, here and served; a cache of its own; new processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import promptops
from tests.conftest import GitRepository
from tests.runtime.loading.git_releases import promote, release
from tests.runtime.loading.site import Signer, Site
from tests.runtime.loading.site_server import ServedSite, served
from tests.runtime.loading.state import forget, settle

ROOT = Path(__file__).parents[3]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """v1.0.0 and v1.1.0, which `production` serves with serial 3."""
    made = Site(tmp_path / "site")
    made.release("1.0.0", "Hello {{ name }}.")
    made.release("1.1.0", "Good day {{ name }}.")
    made.channel("production", "1.1.0", 3)
    return made


@pytest.fixture
def server(site: Site) -> Iterator[ServedSite]:
    with served(site.folder) as running:
        yield running
    settle()  # its answers that hang have ended with it


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where bundles are kept; without this fixture none are."""
    monkeypatch.setenv("PROMPTOPS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(tmp_path / "ada")


@pytest.fixture
def releases(
    prepared: Callable[[Callable[[GitRepository], None]], GitRepository], tmp_path: Path
) -> GitRepository:
    """v1.0.0 says hello and v1.1.0 good day, which `production` serves with serial 3."""
    return prepared(two_releases).copied_to(tmp_path / "repo")


def two_releases(repo: GitRepository) -> None:
    release(repo, "1.0.0", "Hello")
    release(repo, "1.1.0", "Good day")
    promote(repo, "v1.1.0", 3)


@pytest.fixture(params=["folder", "git+file"])
def source(request: pytest.FixtureRequest, releases: GitRepository, cache: Path) -> str:
    return str(releases.root) if request.param == "folder" else f"git+file://{releases.root}"


PATIENCE_S = 60
"""What waits for a site; a machine that others use is slow."""

NEVER_S = 1e9
"""A first refresh comes after a random part of the interval: of this one, never."""


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for only two seconds, or refreshes, unless it requests that itself."""
    for load in (promptops.load, promptops.aload):
        monkeypatch.setitem(load.__kwdefaults__, "timeout_s", PATIENCE_S)
        monkeypatch.setitem(load.__kwdefaults__, "refresh_s", NEVER_S)


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a program of its own with some arguments; it must succeed."""

    def run(
        source: str, *arguments: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", source, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run
