"""The language server in Neovim: what it shows, and what its fixes change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import GitRepository
from tests.lsp.editor import SERVER

PATH = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Answers one question.
owners: ["@acme/ai"]
tags: ["😀", no]
inputs:
  required: [ticket]
  properties:
    ticket: {type: string, maxLength: 100}
messages:
  - role: user
    content: |
      Say 😀 {{ tikcet }} for {{ ticket }}.
tests:
  - name: one
    inputs: {ticket: t}
    rendered:
      - {type: contains, value: Say}
"""


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.skipif(not shutil.which("nvim"), reason="there is no nvim")
def test_neovim_shows_findings_applies_a_fix_and_explains(
    repo: GitRepository, tmp_path: Path, encoding: str
) -> None:
    repo.write({PATH: PROMPT})
    repo.commit("one")
    homes = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "DATA", "STATE")}
    script = Path(__file__).with_name("session.lua")

    done = subprocess.run(
        ["nvim", "--headless", "--clean", "-n", "-l", script, repo.root / PATH, encoding, *SERVER],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | homes,
        timeout=300,
    )

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["encoding"] == encoding
    assert found["shown"] == ["SCH004 no", "VAR001 tikcet"]
    assert found["left"] == ["VAR001 tikcet"]
    assert found["text"] + "\n" == (repo.root / PATH).read_text() == PROMPT.replace("no]", '"no"]')
    assert "VAR001 undefined-variable" in found["hover"]
