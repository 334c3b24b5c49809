"""Each row of the formats' tables: what its fields become, and what is reported.

With UPDATE_GOLDEN set, the expected file is written, and the tests fail.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.commands.import_.imported import imported
from tests.formats.row_sources import ROWS

GOLDEN = Path(__file__).parent / "expected_rows.txt"
_MARK = "===== "


def _folder(row):
    return "prompt-" + re.sub(r"[^a-z0-9]+", "-", row.lower())


@pytest.fixture(scope="module")
def found(tmp_path_factory, _empty_repository):
    """By row, the written files and the findings of one import of all rows."""
    root = Path(shutil.copytree(_empty_repository, tmp_path_factory.mktemp("rows") / "repo"))
    for row, files in ROWS.items():
        for name, content in files.items():
            path = root / "old" / _folder(row) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        result = imported(root, "old")
    texts = {row: _text(root, result, _folder(row)) for row in ROWS}
    if os.environ.get("UPDATE_GOLDEN"):
        written = "".join(f"{_MARK}{row}\n{text}" for row, text in texts.items())
        GOLDEN.write_text(written, "utf-8")
    return texts


def _text(root, result, folder):
    lines = []
    for prompt in sorted(result.prompts, key=lambda one: one.id):
        if prompt.place.path.startswith(f"old/{folder}/"):
            lines.append(f"{prompt.state} {prompt.id.removeprefix(f'{folder}/')}\n")
            if prompt.state == "written":
                lines += ((root / path).read_text("utf-8") for path in sorted(prompt.files))
    lines += (
        f"{finding.place.path.removeprefix(f'old/{folder}/')}:{finding.place.line}"
        f" {finding.severity} {finding.code} {finding.message}\n"
        for finding in result.findings
        if finding.place.path.startswith(f"old/{folder}/")
    )
    text = "".join(lines)
    return re.sub(r"(?m)^(?:# .*|format: promptops/1)\n", "", text)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_becomes(found, row):
    assert found[row] == EXPECTED.get(row), "see the module: UPDATE_GOLDEN"
    assert "UPDATE_GOLDEN" not in os.environ


def _sections():
    text = GOLDEN.read_text("utf-8") if GOLDEN.exists() else ""
    for section in text.split(_MARK)[1:]:
        row, _, expected = section.partition("\n")
        yield row, expected


EXPECTED = dict(_sections())
