"""Thousands of edits, some of which break the file: the editor shows what lint reports."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from promptops.commands.lint.lint import LintOptions, lint
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.commands.lsp.editor import Editor, editor, session
from tests.conftest import GitRepository

PATH = "prompts/ask.prompt.yaml"
PARTIAL = "prompts/partials/tone.md.j2"
PROMPT = """\
format: promptops/1
description: Answers one question.
owners: ["@acme/ai"]
inputs:
  required: [ticket, tone]
  properties:
    ticket: {type: string, maxLength: 100}
    tone: {type: string, maxLength: 100}
messages:
  - role: system
    content: |
      Be {{ tone }}.
      {% include "partials/tone.md.j2" %}
  - role: user
    content: |
      Answer {{ ticket }} please.
tests:
  - name: one
    inputs: {ticket: t, tone: kind}
    rendered:
      - {type: contains, value: Answer}
"""
BROKEN_ONE_IN = 33
GROWTH_MB = 10


def reported(root: Path, path: str) -> list[str]:
    """What lint reports of the files on disk, as `Editor.shown` has it for ASCII files."""
    with workspace(root) as opened:
        options = LintOptions(use_cache=False, processes=1)
        found = lint(opened, SelectionOptions(), options).findings
    return [
        f"{each.place.line - 1}:{each.place.column - 1} {each.code}"
        for each in found
        if each.place.path == path
    ]


class Typist:
    """Types into a file, and knows what its text should be."""

    def __init__(self, user: Editor, seed: int) -> None:
        self.user = user
        self.text = PROMPT
        self._random = random.Random(seed)

    def type(self, number: int) -> None:
        if number % BROKEN_ONE_IN == 0:
            return self._insert(0, "messages: [{\n")
        if self.text.startswith("messages: [{\n"):
            return self._replace(0, len("messages: [{\n"), "")
        line = self._random.choice(("please", "tone", "ticket", "Answer", "role", "kind"))
        at = self.text.find(line)
        if at < 0:
            self.text = PROMPT
            return self.user.replace(PATH, PROMPT)
        return self._replace(
            at, at + self._random.randrange(2), self._random.choice(("x", "", "{"))
        )

    def _insert(self, at: int, text: str) -> None:
        self._replace(at, at, text)

    def _replace(self, start: int, end: int, text: str) -> None:
        self.user.edit(PATH, self._position(start), self._position(end), text)
        self.text = self.text[:start] + text + self.text[end:]

    def _position(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return before.count("\n"), offset - before.rfind("\n") - 1


@pytest.mark.slow
def test_after_a_storm_of_edits_the_editor_shows_what_lint_reports(repo: GitRepository) -> None:
    repo.write({PATH: PROMPT, PARTIAL: "Be kind.\n"})
    repo.commit("one")

    async def run() -> None:
        async with editor(repo.root) as user:
            user.open(PATH, PROMPT)
            typist = Typist(user, seed=1)
            for number in range(1, 1001):
                typist.type(number)
                if number % 50 == 0 or (number % BROKEN_ONE_IN == 0 and number % 2):
                    repo.write({PATH: typist.text})
                    user.save(PATH, typist.text)
                    await user.until(PATH, reported(repo.root, PATH))
            assert user.log == []

    session(run())


@pytest.mark.slow
def test_a_long_session_needs_no_more_memory(repo: GitRepository) -> None:
    repo.write({PATH: PROMPT, PARTIAL: "Be kind.\n"})
    repo.commit("one")

    async def run() -> None:
        async with editor(repo.root) as user:
            user.open(PATH, PROMPT)
            typist = Typist(user, seed=2)
            sizes = []
            for number in range(1, 6001):
                typist.type(number)
                if number % 1000 == 0:
                    await user.answered()
                    sizes.append(resident_mb(user))
            assert sizes[-1] - sizes[0] < GROWTH_MB, sizes

    session(run())


def resident_mb(user: Editor) -> float:
    """The memory of the server process."""
    server = user.client._server
    assert server is not None
    pages = Path(f"/proc/{server.pid}/statm").read_text().split()[1]
    return int(pages) * 4096 / 2**20
