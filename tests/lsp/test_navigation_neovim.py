"""Neovim follows names, and renames an input in all files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from promptops.jobs.naming.input_rename import rename_input
from promptops.jobs.workspace.text_edits import edited_contents
from promptops.jobs.workspace.workspace import workspace
from tests.conftest import GitRepository
from tests.jobs.naming.catalog import FILES, MACROS, SHARED, TRIAGE, fill
from tests.lsp.editor import SERVER


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nvim"), reason="there is no nvim")
def test_neovim_follows_names_and_renames_an_input(repo: GitRepository, tmp_path: Path) -> None:
    fill(repo)
    homes = {f"XDG_{name}_HOME": str(tmp_path / name) for name in ("CONFIG", "DATA", "STATE")}
    script = Path(__file__).with_name("navigation.lua")
    with workspace(repo.root) as opened:
        edits = rename_input(opened, TRIAGE, "product", "article")
        expected = edited_contents(opened.catalog, edits)

    done = subprocess.run(
        ["nvim", "--headless", "--clean", "-n", "-l", script, repo.root / TRIAGE, *SERVER],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | homes,
        timeout=300,
    )

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["names"] == [f"{TRIAGE}:33:13", f"{MACROS}:0:9", f"{SHARED}:0:0"]
    assert found["references"] == len(edits)
    assert found["symbols"] == ["model", "inputs", "messages", "evaluation", "tests"]
    assert {"4-16", "17-33", "28-33"} <= {*found["folds"]}
    written = {path: (repo.root / path).read_bytes() for path in FILES}
    assert written == {path: text.encode() for path, text in FILES.items()} | dict(expected)
