"""The language server in Neovim: what it shows, and what its fixes change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.lsp.neovim import needs_neovim, run_script
from tests.conftest import GitRepository

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
@needs_neovim
def test_neovim_shows_findings_applies_a_fix_and_explains(
    repo: GitRepository, tmp_path: Path, encoding: str
) -> None:
    repo.write({PATH: PROMPT})
    repo.commit("one")

    found = run_script("session.lua", tmp_path, repo.root / PATH, encoding)

    assert found["encoding"] == encoding
    assert found["shown"] == ["SCH004 no", "VAR001 tikcet"]
    assert found["left"] == ["VAR001 tikcet"]
    assert found["text"] + "\n" == (repo.root / PATH).read_text() == PROMPT.replace("no]", '"no"]')
    assert "VAR001 undefined-variable" in found["hover"]
