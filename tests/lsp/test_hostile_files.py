"""Every hostile file of the corpus, opened in an editor: none ends the server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping

import pytest

from tests.conftest import GitRepository
from tests.hostile import (
    test_hostile_case_files,
    test_hostile_configuration,
    test_hostile_prompt_files,
    test_hostile_schemas,
    test_hostile_templates,
)
from tests.hostile.conftest import FINE, FINE_PATH
from tests.lsp.editor import Editor, editor, session

SHOWN_OF_FINE = ["9:20 VAR001"]
MOST_OPEN = 3
"""Of the files of one case."""

Files = Mapping[str, str | bytes]


def corpus() -> Iterator[tuple[str, Files]]:
    """Each case of the corpus, with its name."""
    prompts = test_hostile_prompt_files
    yield from ((name, {prompts.PATH: each}) for name, each in prompts.FILES.items())
    yield from prompts.SEVERAL.items()
    for module in (
        test_hostile_templates,
        test_hostile_schemas,
        test_hostile_case_files,
        test_hostile_configuration,
    ):
        yield from module.FILES.items()


@pytest.mark.slow
def test_no_hostile_file_ends_the_server(repo: GitRepository) -> None:
    repo.write({FINE_PATH: FINE})
    repo.commit("one")

    async def run() -> None:
        async with editor(repo.root) as user:
            for name, files in corpus():
                await _opened(user, repo, name, files)

    session(run())


async def _opened(user: Editor, repo: GitRepository, name: str, files: Files) -> None:
    repo.write(files)
    user.open(FINE_PATH, FINE)
    user.changed_outside()
    paths = [path for path in list(files)[:MOST_OPEN] if len(path) < 200]
    for path in paths:
        user.open(path, _as_text(files[path]))
        await user.actions(path)
    checked = user.times_published(FINE_PATH)
    await user.when(lambda: user.times_published(FINE_PATH) > checked, lambda: name)
    assert user.shown(FINE_PATH) == SHOWN_OF_FINE, name
    for path in paths:
        messages = [each.message for each in user.published[user.uri(path)].diagnostics]
        assert not [each for each in messages if "internal error" in each], (name, messages)
        if not messages:
            print("NONE", name, path)
    assert [line for line in user.log if "error" in line] == [], name
    for path in (*paths, FINE_PATH):
        user.close(path)
    for path in files:
        top = repo.root / path.split("/")[0]
        shutil.rmtree(top) if top.is_dir() else top.unlink()
    repo.write({FINE_PATH: FINE})


def _as_text(content: str | bytes) -> str:
    """What an editor shows of a file."""
    return content if isinstance(content, str) else content.decode("utf-8", "replace")


HARMLESS: tuple[str, ...] = ()
WITHOUT: tuple[str, ...] = ()
