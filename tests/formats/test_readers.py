"""Sources in `sources/` become the files and findings in `expected/`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from promptops.commands.import_.importing import import_prompts
from promptops.commands.import_.planning import ImportOptions
from promptops.formats.source_file import ReadOptions
from promptops.workspace.workspace import workspace

HERE = Path(__file__).parent
SOURCES = sorted(folder.name for folder in (HERE / "sources").iterdir())


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_becomes_prompt_files(name, repo, monkeypatch):
    """With UPDATE_GOLDEN set, writes what it gets, and fails."""
    shutil.copytree(HERE / "sources" / name, repo.root / name)
    monkeypatch.chdir(repo.root)

    found = imported(repo.root, name)

    golden = HERE / "expected" / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, "utf-8")
        pytest.fail(f"wrote {golden}")
    assert found == golden.read_text("utf-8")


def imported(root: Path, name: str) -> str:
    """All written files and all findings; a second import changes nothing."""
    with workspace(root) as opened:
        options = ImportOptions(reading=ReadOptions())
        first = import_prompts(opened, [name], options)
        second = import_prompts(opened, [name], options)
    again = {"written": "same", "refused": "refused"}
    assert [again[prompt.state] for prompt in first.prompts] == [
        one.state for one in second.prompts
    ]
    text = "".join(f"{prompt.state} {prompt.id} {prompt.format}\n" for prompt in first.prompts)
    for finding in first.findings:
        text += f"{finding.place} {finding.severity} {finding.code}: {finding.message}\n"
    for path in (one.path for one in first.left_out if one.reason == "unknown format"):
        text += f"unknown {path}\n"
    for file in sorted(path for path in (root / "prompts").rglob("*") if path.is_file()):
        text += f"--- {file.relative_to(root).as_posix()}\n{file.read_text('utf-8')}"
    return text
