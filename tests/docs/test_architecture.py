"""The pages about the architecture name files and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "promptops"
ARCHITECTURE = PACKAGE / "README.md"
EVALUATOR = PACKAGE / "runtime" / "template" / "README.md"
DRAWING = re.compile(r"(?ms)^```\n(.*?)^```$")
PATH = re.compile(r"(?:[\w.-]+/)*[\w.-]+(?:/|\.(?:json|md|py|toml))")


def drawn(page: str) -> set[str]:
    """The files and folders in the drawings of a page: `lint/`, `codes.py`."""
    return {
        name
        for drawing in DRAWING.findall(page)
        for name in re.findall(r"(?<!\w)\w+(?:/|\.py)(?!\w)", drawing)
    }


def named(page: str) -> set[str]:
    """The paths in the prose of a page, in backticks."""
    prose = DRAWING.sub("", page)
    return {code for code in re.findall(r"`([^`\n]+)`", prose) if PATH.fullmatch(code)}


@pytest.mark.parametrize("page", [ARCHITECTURE, EVALUATOR], ids=["architecture", "evaluator"])
def test_every_path_that_a_page_of_the_package_names_exists(page: Path) -> None:
    paths = named(page.read_text("utf-8"))
    bases = (page.parent, PACKAGE, ROOT)

    assert len(paths) > 10
    assert sorted(path for path in paths if not any((base / path).exists() for base in bases)) == []


def test_every_folder_and_file_in_the_drawing_exists() -> None:
    names = drawn(ARCHITECTURE.read_text("utf-8"))
    there = {path.name + "/" * path.is_dir() for path in PACKAGE.rglob("*")} | {"hooks/"}

    assert len(names) > 30
    assert sorted(names - there) == []


def test_the_drawing_names_every_package_below_the_root() -> None:
    packages = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}

    assert sorted(packages - drawn(ARCHITECTURE.read_text("utf-8"))) == []


def test_a_path_that_does_not_exist_is_found() -> None:
    page = "`lint/engine.py` and `lint/gone.py`, `lint-imports`, `Piece`\n```\n gone/ a.py b\n```\n"

    assert named(page) == {"lint/engine.py", "lint/gone.py"}
    assert drawn(page) == {"gone/", "a.py"}
