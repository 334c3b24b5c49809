"""Every hostile file of the corpus, opened in an editor: none ends the server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping

import pytest

from tests.commands.lsp.editor import Editor, editor, session
from tests.conftest import GitRepository
from tests.hostile import (
    test_hostile_case_files,
    test_hostile_configuration,
    test_hostile_prompt_files,
    test_hostile_schemas,
    test_hostile_templates,
)
from tests.hostile.conftest import FINE, FINE_PATH, GOLDEN

SHOWN_OF_FINE = ["9:20 VAR001"]
MOST_OPEN = 3
"""Of the files of one case."""

LONGEST_PATH = 200

Files = Mapping[str, str | bytes]


def corpus() -> Iterator[tuple[str, str, Files]]:
    """Each case of the corpus, with its table and its name."""
    prompts = test_hostile_prompt_files
    one_file = {name: {prompts.PATH: each} for name, each in prompts.FILES.items()}
    for table, cases in {
        "prompt_files": one_file | prompts.SEVERAL,
        "templates": test_hostile_templates.FILES,
        "schemas": test_hostile_schemas.FILES,
        "case_files": test_hostile_case_files.FILES,
        "configuration": test_hostile_configuration.FILES,
    }.items():
        yield from ((table, name, files) for name, files in cases.items())


@pytest.mark.slow
def test_every_hostile_file_shows_what_lint_reports_of_it(repo: GitRepository) -> None:
    repo.write({FINE_PATH: FINE})
    repo.commit("one")

    async def run() -> None:
        async with editor(repo.root) as user:
            for table, name, files in corpus():
                await _opened(user, repo, name, files, _expected(table, name, files))

    session(run())


async def _opened(
    user: Editor, repo: GitRepository, name: str, files: Files, expected: Mapping[str, set[str]]
) -> None:
    repo.write(files)
    repo.git("add", "--all")
    user.open(FINE_PATH, FINE)
    user.changed_outside()
    paths = [path for path in files if path in expected][:MOST_OPEN]
    for path in paths:
        user.open(path, _as_text(files[path]))
        await user.actions(path)
    for path in paths:
        await user.when(
            lambda path=path: expected[path] <= _lines(user, path),
            lambda path=path: f"{name}: {path}: {expected[path]} {_lines(user, path)}",
        )
        messages = [each.message for each in user.published[user.uri(path)].diagnostics]
        assert [each for each in messages if "internal error" in each] == [], name
    await user.until(FINE_PATH, SHOWN_OF_FINE)
    assert [line for line in user.log if "error" in line] == [], name
    for path in (*paths, FINE_PATH):
        user.close(path)
    for path in files:
        top = repo.root / path.split("/")[0]
        if top.exists():
            shutil.rmtree(top) if top.is_dir() else top.unlink()
    repo.write({FINE_PATH: FINE})


def _expected(table: str, name: str, files: Files) -> dict[str, set[str]]:
    """For each file the first findings, as `LINE CODE`, that the golden file of lint has.

    Other errors stop lint: they are shown in the configuration.
    """
    golden = (GOLDEN / table / f"{name}.txt").read_text().split("\nlint --staged")[0]
    found: dict[str, set[str]] = {path: set() for path in files if len(path) < LONGEST_PATH}
    for path, line, code in re.findall(r"(?m)^  (\S+?):(\d+):\d+ ([A-Z]+\d+)$", golden):
        found.setdefault(path, set()).add(f"{line} {code}")
    return found


def _lines(user: Editor, path: str) -> set[str]:
    shown = user.published.get(user.uri(path))
    diagnostics = shown.diagnostics if shown is not None else ()
    return {f"{each.range.start.line + 1} {each.code}" for each in diagnostics}


def _as_text(content: str | bytes) -> str:
    """What an editor shows of a file."""
    return content if isinstance(content, str) else content.decode("utf-8", "replace")
