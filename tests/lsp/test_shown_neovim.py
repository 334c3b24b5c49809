"""Neovim shows completion, lenses, hints, colours, a preview, and the edits of a renamed file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import GitRepository
from tests.lsp.editor import SERVER

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
@pytest.mark.skipif(not shutil.which("nvim"), reason="there is no nvim")
def test_neovim_shows_what_the_server_knows(repo: GitRepository, tmp_path: Path) -> None:
    repo.write(FILES)
    repo.commit("start")
    homes = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "DATA", "STATE")}
    script = Path(__file__).with_name("shown.lua")

    done = subprocess.run(
        ["nvim", "--headless", "--clean", "-n", "-l", script, repo.root / ASK, *SERVER],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | homes,
        timeout=300,
    )

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["words"][:2] == ["question", "quest"]
    assert found["lenses"] == [
        "0 1 case",
        "0 used by 1 prompt",
        "11 render",
        "11 run (recorded)",
    ]
    assert found["hints"] == ["8 ~5 tokens"]
    assert found["colours"] == [
        *("keyword", "variable", "operator", "function", "keyword"),
        *("keyword", "variable", "keyword"),
    ]
    assert found["preview"] == {
        "case": "one",
        "cases": ["one"],
        "messages": [],
        "error": f"{ASK}:10:47: `qest` is undefined",
    }
    assert found["renames"] == ["\naliases: [ask]", "./answer.prompt.yaml"]
