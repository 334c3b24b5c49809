"""Each code of an import and of an export is yielded for a small source, at its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from promptops.formats.codes import CODES
from tests.commands.import_.imported import imported
from tests.formats.code_sources import ELSEWHERE, SOURCES

HERE = Path(__file__).parent
FOUND = HERE / "expected_codes.txt"


@pytest.fixture(scope="module")
def findings(tmp_path_factory, _empty_repository):
    """The findings of one import of all sources, by the folder that they are about."""
    root = Path(shutil.copytree(_empty_repository, tmp_path_factory.mktemp("codes") / "repo"))
    existing = root / "prompts/imp005/a.prompt.yaml"
    existing.parent.mkdir(parents=True)
    existing.write_text("format: promptops/1\n", "utf-8")
    for code, files in SOURCES.items():
        for name, content in files.items():
            path = root / "old" / code / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        result = imported(root, "old")
    by_folder = {code: [] for code in SOURCES}
    for finding in result.findings:
        by_folder[finding.place.path.split("/")[1]].append(finding)
    return by_folder


@pytest.mark.parametrize("code", SOURCES)
def test_the_source_of_a_code_leads_to_it(findings, code):
    found = [one for one in findings[code] if one.code == code]

    lines = [f"{one.place} {one.severity} {one.code} {one.message}" for one in found]
    assert lines == [line for line in EXPECTED if line.split("/")[1] == code]


def test_each_code_has_a_source_or_a_test_of_its_own():
    assert {*SOURCES, *ELSEWHERE} == set(CODES)
    for code, path in ELSEWHERE.items():
        assert code in (HERE.parent / path).read_text("utf-8")


EXPECTED = FOUND.read_text("utf-8").splitlines() if FOUND.exists() else []
