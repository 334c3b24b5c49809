"""Neovim follows names, and renames an input in all files."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptops.commands.lsp.places import rename_input
from promptops.workspace.edits import edited_contents
from promptops.workspace.workspace import workspace
from tests.commands.lsp.naming.catalog import FILES, MACROS, SHARED, TRIAGE, fill
from tests.commands.lsp.neovim import needs_neovim, run_script
from tests.conftest import GitRepository


@pytest.mark.slow
@needs_neovim
def test_neovim_follows_names_and_renames_an_input(repo: GitRepository, tmp_path: Path) -> None:
    fill(repo)
    with workspace(repo.root) as opened:
        edits = rename_input(opened, TRIAGE, "product", "article")
        expected = edited_contents(opened.catalog, edits)

    found = run_script("navigation.lua", tmp_path, repo.root / TRIAGE)

    assert found["names"] == [f"{TRIAGE}:33:13", f"{MACROS}:0:9", f"{SHARED}:0:0"]
    assert found["references"] == len(edits)
    assert found["highlights"] == sum(edit.place.path == TRIAGE for edit in edits)
    assert found["symbols"] == ["model", "inputs", "messages", "evaluation", "tests"]
    assert {"4-16", "17-33", "28-33"} <= {*found["folds"]}
    written = {path: (repo.root / path).read_bytes() for path in FILES}
    assert written == {path: text.encode() for path, text in FILES.items()} | dict(expected)
