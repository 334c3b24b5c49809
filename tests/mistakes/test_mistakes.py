"""No mistake passes silently: each one is reported in its file, at its line where that is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from promptops.cli.main import run
from tests.conftest import GitRepository
from tests.mistakes.clean_repository import CHANNELS, FILES, build
from tests.mistakes.kinds import (
    ACCEPTED,
    ARGUMENTS,
    EDITS,
    RENAMED,
    UNPLACED,
    Mistake,
    Renamed,
)
from tests.mistakes.misspelt_keys import misspelt_keys
from tests.tiers import fast_spread

pytestmark = pytest.mark.xdist_group("mistakes")  # the clean repository is built once
Promptops = Callable[..., str]
PLACE = re.compile(r"(?m)^([^\s:]+):(\d+):\d+: (?:error|warning|failed): ")
NEWLINE = "\n"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitRepository]:
    """The clean repository, built once; every test leaves it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
            patch.setenv(f"{name}_NAME", "Ada Author")
            patch.setenv(f"{name}_EMAIL", "ada@example.com")
        repository = GitRepository(tmp_path_factory.mktemp("mistakes") / "repo")
        repository.root.mkdir()
        repository.git("init", "--quiet", "--initial-branch=main", "--template=")
        patch.chdir(repository.root)
        build(repository, lambda *arguments: run(list(arguments)))
        yield repository


@pytest.fixture
def promptops(
    clean: GitRepository, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Promptops:
    """Runs a command in the clean repository; its exit code and all that it writes."""
    monkeypatch.chdir(clean.root)
    capfd.readouterr()

    def output(*arguments: str) -> str:
        code = run(list(arguments))
        written = "".join(capfd.readouterr())
        assert "a bug in promptops" not in written, written
        return f"{written}exit {code}"

    return output


def test_the_repository_without_a_mistake_is_clean(promptops: Promptops) -> None:
    assert promptops("lint", "--fail-on", "info") == "exit 0"
    assert promptops("check").splitlines()[-2:] == [
        "pass: 5 prompts, no findings, 12 cases, 37 assertions",
        "exit 0",
    ]


@pytest.mark.parametrize("mistake", fast_spread([*EDITS, *RENAMED], 70), ids=lambda each: each.name)
def test_a_mistake_is_reported_at_its_place(
    mistake: Mistake | Renamed, clean: GitRepository, promptops: Promptops
) -> None:
    with made(mistake, clean.root) as place:
        written = promptops("check")

    assert place in _places(written), written
    assert not written.endswith("exit 0"), written


@pytest.mark.parametrize("mistake", UNPLACED, ids=lambda each: each.name)
def test_a_mistake_without_a_line_is_refused_all_the_same(
    mistake: Mistake | Renamed, clean: GitRepository, promptops: Promptops
) -> None:
    with made(mistake, clean.root):
        written = promptops("check")

    assert not written.endswith("exit 0"), written


@pytest.mark.parametrize("mistake", [each for each, _ in ACCEPTED], ids=lambda each: each.name)
def test_what_is_accepted_does_pass(
    mistake: Mistake | Renamed, clean: GitRepository, promptops: Promptops
) -> None:
    with made(mistake, clean.root):
        written = promptops("check")

    assert written.endswith("exit 0"), written


@pytest.mark.parametrize(("line", "named"), ARGUMENTS, ids=lambda each: each)
def test_a_misspelt_argument_is_refused_with_what_it_names(
    line: str, named: str, promptops: Promptops
) -> None:
    written = promptops(*line.split())

    assert named in written
    assert not written.endswith("exit 0"), written


@pytest.mark.slow
@pytest.mark.parametrize("path", [*FILES, CHANNELS])
def test_no_misspelt_key_passes(path: str, clean: GitRepository, promptops: Promptops) -> None:
    text = (clean.root / path).read_text(encoding="utf-8")
    passed = []

    for mistake in misspelt_keys(path, text):
        with made(mistake, clean.root):
            if promptops("check").endswith("exit 0"):
                passed.append(mistake.old.rpartition("\n")[2])

    assert passed == []


@contextmanager
def made(mistake: Mistake | Renamed, root: Path) -> Iterator[str]:
    """The mistake in the files for a while; where it has to be reported."""
    file = root / mistake.path
    original = file.read_bytes()
    try:
        if isinstance(mistake, Renamed):
            file.rename(root / mistake.to)
            yield mistake.at
        else:
            before, found, after = original.decode().partition(mistake.old)
            assert found, "the clean repository has changed"
            file.write_bytes((before + mistake.new + after).encode())
            yield mistake.at or f"{mistake.path}:{before.count(NEWLINE) + 1}"
    finally:
        if isinstance(mistake, Renamed):
            (root / mistake.to).unlink()
        file.write_bytes(original)


def _places(written: str) -> set[str]:
    """`path` and `path:line` of each error, warning and failed assertion."""
    found = PLACE.findall(written)
    return {path for path, _ in found} | {f"{path}:{line}" for path, line in found}
