"""Completion and hover while the prompts of this repository are typed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.lint.subject import PromptFacts
from promptops.model.prompt import Prompt
from tests.commands.lsp.at_mark import completed_at, hovered_at
from tests.commands.lsp.opened_files import opened
from tests.conftest import GitRepository
from tests.tiers import fast_only

ROOT = Path(__file__).parents[3]
PROMPTS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("prompts/*/*.prompt.yaml"))
READING = [path for path in PROMPTS if "{{" in (ROOT / path).read_text()]
"""Without a variant whose messages are all in the prompt it extends."""

FAST = "prompts/support/triage.prompt.yaml"
STEP = 101
"""Positions are sampled: one of so many characters, at another place in each line."""


def fill(repo: GitRepository) -> None:
    for name in ("prompts", "schemas"):
        shutil.copytree(ROOT / name, repo.root / name)
    shutil.copy(ROOT / "promptops.toml", repo.root)
    repo.git("add", ".")
    repo.commit("the prompts of this repository")


@pytest.fixture(scope="module")
def catalog(prepared: Callable[[Callable[[GitRepository], None]], GitRepository]) -> Iterator[Live]:
    live = Live(prepared(fill).root)
    yield live
    live.close()


def cut(lines: list[str], line: int, column: int) -> str:
    """The text with a line that is typed up to a column; both are 0-based."""
    return "\n".join([*lines[:line], lines[line][:column], *lines[line + 1 :]])


def reads(live: Live, prompt: Prompt) -> Iterator[tuple[str, int, int]]:
    """Each place in the prompt file where a template reads an input; 0-based."""
    facts = PromptFacts(live.catalog, live.catalog.loaded(prompt.path), date(2026, 1, 1))
    for scope in facts.scopes:
        for use in scope.scope.uses:
            place = use.site.place
            is_written = use.site.source == use.name and not use.aliases
            if place.path == prompt.path and use.origin == "input" and is_written:
                yield use.name, place.line - 1, place.column - 1


@pytest.mark.parametrize("path", fast_only(READING, [FAST]))
def test_every_input_that_a_template_reads_is_offered_where_it_is_typed(
    catalog: Live, path: str
) -> None:
    prompt = catalog.catalog.loaded(path).prompt
    assert prompt is not None
    lines = (catalog.root / path).read_text().split("\n")
    places = sorted(set(reads(catalog, prompt)))
    missing = []

    for name, line, column in places:
        for typed in (0, 1, len(name)):
            file = opened(catalog, path, cut(lines, line, column + typed))
            position = types.Position(line=line, character=column + typed)
            if name not in [item.label for item in completed_at(file, position)]:
                missing.append((name, line + 1, column + 1, typed))
    catalog.put(path, None)

    assert places
    assert missing == []


@pytest.mark.parametrize("path", fast_only(PROMPTS, [FAST]))
def test_nothing_raises_wherever_a_line_is_cut_off(catalog: Live, path: str) -> None:
    lines = (catalog.root / path).read_text().split("\n")
    catalog.catalog.loaded(path)

    for line, text in enumerate(lines):
        for column in range(line % STEP, len(text) + 1, STEP):
            file = opened(catalog, path, cut(lines, line, column))
            position = types.Position(line=line, character=column)
            for item in completed_at(file, position):
                assert isinstance(item.text_edit, types.TextEdit)
                assert item.text_edit.range.start.line == item.text_edit.range.end.line == line
                assert item.text_edit.range.start.character <= column
            hovered_at(file, position)
    catalog.put(path, None)
