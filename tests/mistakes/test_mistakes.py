"""No mistake passes silently: each one is reported in its file, at its line where that is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from promptops.cli.main import run
from tests.conftest import GitRepository
from tests.mistakes.clean_repository import build
from tests.mistakes.kinds import ARGUMENTS, EDITS, RENAMED, Mistake, Renamed

Promptops = Callable[..., str]
PLACE = re.compile(r"(?m)^([^\s:]+):(\d+):\d+: (?:error|warning|failed): ")
STALE = "promptops test --record"


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
        "pass: 5 prompts, no findings, 12 cases, 29 assertions",
        "exit 0",
    ]


@pytest.mark.parametrize("mistake", EDITS, ids=lambda each: each.name)
def test_a_mistake_is_reported_at_its_place(
    mistake: Mistake, clean: GitRepository, promptops: Promptops
) -> None:
    file = clean.root / mistake.path
    text = file.read_text(encoding="utf-8")
    before, found, after = text.partition(mistake.old)
    assert found, "the clean repository has changed"

    written = _with(file, before + mistake.new + after, promptops)

    line = before.count("\n") + 1
    assert (mistake.at or f"{mistake.path}:{line}") in _places(written), written
    assert not written.endswith("exit 0"), written


@pytest.mark.parametrize("mistake", RENAMED, ids=lambda each: each.name)
def test_a_file_under_another_name_is_missed_where_it_is_needed(
    mistake: Renamed, clean: GitRepository, promptops: Promptops
) -> None:
    file, renamed = clean.root / mistake.path, clean.root / mistake.to
    file.rename(renamed)
    try:
        written = promptops("check")
    finally:
        renamed.rename(file)

    assert mistake.at in _places(written), written
    assert not written.endswith("exit 0"), written


@pytest.mark.parametrize(("line", "named"), ARGUMENTS, ids=lambda each: each)
def test_a_misspelt_argument_is_refused_with_what_it_names(
    line: str, named: str, promptops: Promptops
) -> None:
    written = promptops(*line.split())

    assert named in written
    assert not written.endswith("exit 0"), written


def _with(file: Path, text: str, promptops: Promptops) -> str:
    """What the gate writes while the file has another text."""
    original = file.read_bytes()
    file.write_text(text, encoding="utf-8")
    try:
        return promptops("check")
    finally:
        file.write_bytes(original)


def _places(written: str) -> set[str]:
    """`path` and `path:line` of each error, warning and failed assertion."""
    found = PLACE.findall(written)
    return {path for path, _ in found} | {f"{path}:{line}" for path, line in found}
