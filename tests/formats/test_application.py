"""An application with its prompts in code, as teams write them: all are imported or named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from promptops.commands.import_.importing import candidates
from promptops.commands.import_.planning import ImportOptions
from promptops.formats.source_file import ReadOptions

HERE = Path(__file__).parent
EXPECTED = (HERE / "application.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = Path(shutil.copytree(HERE / "application", tmp_path_factory.mktemp("app") / "app"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        sources = ["app", "web", "config"]
        return candidates(None, sources, ImportOptions(reading=ReadOptions()))


def test_every_prompt_is_found_once(found):
    """The list was written by hand, before the readers were."""
    names = [f"{one.place.path}:{one.place.line} {one.id}" for one in found.candidates]

    assert sorted(names) == sorted(_section("prompts"))


def test_every_other_string_that_may_be_a_prompt_is_named(found):
    names = [f"{one.place.line} {one.path}" for one in found.left_out if one.place is not None]

    assert sorted(names) == sorted(_section("left out"))
    assert found.findings == ()


def _section(name):
    """The lines below a heading, without their notes."""
    section = EXPECTED.partition(f"# {name}\n")[2].partition("\n\n")[0]
    return [line.partition("  ")[0] for line in section.splitlines()]
