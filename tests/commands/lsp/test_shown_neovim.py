"""Neovim shows completion, lenses, hints, colours, a preview, and the edits of a renamed file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.lsp.neovim import needs_neovim, run_script
from tests.conftest import GitRepository

ASK = "prompts/ask.prompt.yaml"
FILES = {
    ASK: """\
format: promptops/1
description: Answer.
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 80}
    quest: {type: string, maxLength: 20, default: none}
messages:
  - role: user
    content: "😀 {{ question | upper }} for {{ qest }}"
tests:
  - {name: one, inputs: {question: why}, rendered: [{type: contains, value: WHY}]}
""",
    "prompts/tell.prompt.yaml": "format: promptops/1\nextends: ./ask.prompt.yaml\n",
}


@pytest.mark.slow
@needs_neovim
def test_neovim_shows_what_the_server_knows(repo: GitRepository, tmp_path: Path) -> None:
    repo.write(FILES)
    repo.commit("start")

    found = run_script("shown.lua", tmp_path, repo.root / ASK)

    assert found["words"][:2] == ["question", "quest"]
    assert found["lenses"] == [
        "0 1 case",
        "0 used by 1 prompt",
        "11 render",
        "11 run",
    ]
    assert found["hints"] == ["8 ~5 tokens"]
    assert found["colours"] == [
        *("keyword", "variable", "operator", "function", "keyword"),
        *("keyword", "variable", "keyword"),
    ]
    assert found["preview"] == {
        "case": "one",
        "cases": ["one"],
        "error": f"`qest` is undefined at {ASK}:10:47",
        "typed": "😀 HOW for me",
    }
    assert found["renames"] == ["\naliases: [ask]", "./answer.prompt.yaml"]
