"""Completion and hover in the hostile files of the corpus: an answer, and in a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.documents import split_lines
from tests.commands.lsp.at_mark import completed_at, hovered_at
from tests.commands.lsp.opened_files import opened
from tests.conftest import GitRepository
from tests.hostile import test_hostile_prompt_files, test_hostile_templates
from tests.hostile.conftest import FINE, FINE_PATH

POSITIONS = 2
MOST_FILES = 2
MOST_CPU_S = 15.0
"""For all positions of a file; the slowest needs 4 on a slow machine that is busy."""

Files = Mapping[str, str | bytes]


def corpus() -> Iterator[Files]:
    prompts = test_hostile_prompt_files
    yield from ({prompts.PATH: each} for each in prompts.FILES.values())
    yield from prompts.SEVERAL.values()
    yield from test_hostile_templates.FILES.values()


def fill(repo: GitRepository) -> None:
    repo.write({FINE_PATH: FINE})
    repo.commit("one")


def spread(text: str) -> Iterator[types.Position]:
    """Some positions from the start of a text to its end."""
    lines = split_lines(text)
    for step in range(POSITIONS):
        line = (len(lines) - 1) * step // (POSITIONS - 1)
        yield types.Position(line=line, character=len(lines[line]) * (step + 1) // POSITIONS)


@pytest.mark.slow
def test_hostile_files_are_answered_at_every_position(
    prepared: Callable[[Callable[[GitRepository], None]], GitRepository],
) -> None:
    live = Live(prepared(fill).root)
    slow = []

    for files in corpus():
        texts = {
            path: each if isinstance(each, str) else each.decode("utf-8", "replace")
            for path, each in list(files.items())[:MOST_FILES]
            if live.manages(path)
        }
        for path, text in texts.items():
            started = time.process_time()
            file = opened(live, path, text)
            for position in spread(text):
                completed_at(file, position)
            hovered_at(file, position)
            if time.process_time() - started > MOST_CPU_S:
                slow.append((path, text[:60]))
        for path in texts:
            live.put(path, None)
    live.close()

    assert slow == []
