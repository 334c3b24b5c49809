"""What every test stands on: no user configuration, no home, and real git repositories."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.fork_server import ForkServer, client_program, shared
from tests.groups import name_groups
from tests.tiers import FAST, FULL, RANDOM

AUTHORITY = str(Path(__file__).with_name("authority.pem"))
"""One certificate: each client reads all those of the machine, and no test leaves the machine."""

GITCONFIG = str(Path(__file__).with_name("gitconfig"))
"""The only configuration of git that is not in a repository."""

MAY_BE_MISSING = "the official schema of SARIF"  # it belongs to others and is no part of this
FIRST_COMMIT_AT = 1_767_225_600  # 2026-01-01T00:00:00Z
IDENTITY = {"NAME": "Ada Author", "EMAIL": "ada@example.com", "DATE": f"{FIRST_COMMIT_AT} +0000"}

gc.disable()  # until all tests are collected

# Whoever sets it has every program that a test starts compile all of promptops again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Neither a busy machine nor chance is a reason to fail.
for profile, number in ((FAST, 20), (FULL, 100), (RANDOM, 100)):
    settings.register_profile(
        profile,
        max_examples=number,
        derandomize=profile != RANDOM,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(FAST)


@pytest.fixture(scope="session", autouse=True)
def _isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No configuration of the person who runs the tests; writing to the home directory raises.

    A test that needs a home sets HOME itself. Git has the author of all commits of tests. What a
    killed program leaves in the folder for temporary files is removed with it.
    """
    temporary = TemporaryDirectory(ignore_cleanup_errors=True)
    with pytest.MonkeyPatch.context() as environment, temporary as folder:
        for name in [
            name for name in os.environ if name.startswith(("GIT_", "PROMPTOPS_", "XDG_"))
        ]:
            environment.delenv(name)
        environment.delenv("OPENAI_BASE_URL", raising=False)
        environment.setenv("SSL_CERT_FILE", AUTHORITY)
        for key, value in IDENTITY.items():
            environment.setenv(f"GIT_AUTHOR_{key}", value)
            environment.setenv(f"GIT_COMMITTER_{key}", value)
        environment.setenv("GIT_CONFIG_GLOBAL", GITCONFIG)
        environment.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        environment.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path_factory.getbasetemp()))
        # Below a file nothing can be made, not even by root.
        environment.setenv("HOME", str(Path(__file__) / "home"))
        environment.setenv("TMPDIR", folder)
        environment.setenv("ARROW_DEFAULT_MEMORY_POOL", "system")  # as reading Parquet sets it
        yield


@pytest.fixture(autouse=True)
def _environment_is_left_as_it_was(_isolated: None) -> Iterator[None]:
    """What a test sets for good would change the tests after it."""
    before = _environment()
    yield
    after = _environment()
    if after != before:
        os.environ.clear()
        os.environ.update(before)
        names = sorted({name for name, _ in before.items() ^ after.items()})
        pytest.fail(f"the test leaves other environment variables: {', '.join(names)}")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


class GitRepository:
    """A real repository for a test. The n-th `commit` is dated n minutes after the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._commits = 0

    def copied_to(self, root: Path) -> GitRepository:
        """A copy in another folder, whose next commit has the date that it would have here."""
        copy = GitRepository(shutil.copytree(self.root, root, symlinks=True))
        copy._commits = self._commits
        return copy

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files by path relative to the root, byte for byte; folders are made."""
        for path, content in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def git(self, *arguments: str) -> str:
        """Run git in the root, assert it succeeds, and give stdout without its last newline."""
        done = self._run(arguments, os.environ)
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout.removesuffix("\n")

    def commit(self, message: str) -> str:
        """Add everything, commit it (even if it is nothing), and give the commit's id."""
        date = f"{FIRST_COMMIT_AT + 60 * self._commits} +0000"
        self._commits += 1
        self.git("add", "--all")
        dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        arguments = ("commit", "--quiet", "--allow-empty", "--message", message)
        done = self._run(arguments, os.environ | dates)
        assert done.returncode == 0, done.stderr
        return self._head() or self.git("rev-parse", "HEAD")

    def _head(self) -> str:
        """The commit of a branch whose ref is a file, as it is just after a commit; or nothing."""
        try:
            ref = (self.root / ".git" / "HEAD").read_text().removeprefix("ref: ").rstrip("\n")
            return (self.root / ".git" / ref).read_text().rstrip("\n")
        except OSError:
            return ""

    def _run(
        self, arguments: tuple[str, ...], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
        )


@pytest.fixture(scope="session")
def _empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    environment = os.environ | {"GIT_CONFIG_GLOBAL": GITCONFIG, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "init", "--quiet", "--initial-branch=main", "--template="]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return folder


@pytest.fixture(scope="session")
def prepared(
    _empty_repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Callable[[GitRepository], None]], GitRepository]:
    """Makes a repository once in a process, for fixtures that give each test a copy.

    `make` must not depend on what a test sets up; it is called with an empty repository.
    """
    made: dict[Callable[[GitRepository], None], GitRepository] = {}

    def once(make: Callable[[GitRepository], None]) -> GitRepository:
        if make not in made:
            root = tmp_path_factory.mktemp("prepared") / "repo"
            repo = GitRepository(shutil.copytree(_empty_repository, root))
            make(repo)
            made[make] = repo
        return made[make]

    return once


@pytest.fixture
def repo(tmp_path: Path, _empty_repository: Path) -> GitRepository:
    """An empty repository on branch `main`, in a folder of its own below `tmp_path`."""
    return GitRepository(shutil.copytree(_empty_repository, tmp_path / "repo"))


@pytest.fixture(params=["two-steps", pytest.param("every-step", marks=pytest.mark.slow)])
def fatal_steps(request: pytest.FixtureRequest) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Of the steps a process can be killed at, the first and the last; in the slow tier all."""
    if request.param == "every-step":
        return lambda steps: steps
    return lambda steps: (steps[0], steps[-1])


@pytest.fixture(scope="session")
def fork_server() -> ForkServer:
    """Runs `promptops` command lines without the start of a process."""
    return shared()


@pytest.fixture
def command(tmp_path: Path, fork_server: ForkServer) -> str:
    """A program that is the promptops of this checkout."""
    program = tmp_path / "promptops"
    client_program(program, fork_server.address)
    return str(program)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests start first, so that at the end no worker waits for another."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if config.getoption("loadgroup", False):
        name_groups(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files for the fast tier, whose tests are many and small; else tests, as they are long."""
    if config.option.dist != "loadgroup" or config.option.markexpr != "not slow":
        return None
    from tests.scheduling import FilesAtATime

    return FilesAtATime(config, log)


def pytest_collection_finish() -> None:
    """What was collected stays: the collector of garbage need not look at it again and again."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where every part was installed, as in CI, a test that was skipped tested nothing: fail."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", ()) if reporter else ()
    skipped = [report for report in skipped if MAY_BE_MISSING not in str(report.longrepr)]
    if os.environ.get("PROMPTOPS_NOTHING_SKIPPED") and skipped:
        reporter.write_line("error: tests were skipped where nothing may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
