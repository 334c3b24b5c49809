"""A module is one subject: one that only a neighbour imports is a part of that neighbour."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "promptops"
ASK = 600
"""Lines of a module above which nothing more has to be merged into it."""

ONE_FILE_EACH = (
    "evals/assertions",
    "evals/providers",
    "formats/languages",
    "formats/readers",
    "formats/writers",
    "lint/rules",
    "source/traffic/readers",
)
"""Folders whose modules are found by their names: a new file is a new rule, reader or writer."""

SEPARATE = {
    "commands/test.py": "a command; `recordings audit` has its exit codes",
    "source/own_schema.py": "knows no schema; shape.py knows them, and what to say",
}
"""Modules with one importer that stay alone, with the reason."""


def modules(package: Path) -> dict[str, Path]:
    """The files of a package by the dotted name of their modules, which begins with the package."""
    found = {}
    for file in package.rglob("*.py"):
        parts = file.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(statement: ast.AST) -> Iterator[str]:
    """The names that may be modules in an import statement; nothing of other statements."""
    if isinstance(statement, ast.Import):
        yield from (each.name for each in statement.names)
    elif isinstance(statement, ast.ImportFrom) and statement.module:
        yield statement.module
        yield from (f"{statement.module}.{each.name}" for each in statement.names)


@cache
def parts_of_a_neighbour(package: Path) -> dict[str, str]:
    """Modules that one module alone imports, which is in their folder and does so at its top.

    Returns:
        From the path of such a module to that of its importer, both relative to the package.
    """
    files = modules(package)
    importers: Mapping[str, set[str]] = defaultdict(set)
    at_top: set[tuple[str, str]] = set()
    for name, file in files.items():
        tree = ast.parse(file.read_text("utf-8"))
        for statement in ast.walk(tree):
            for target in set(imported(statement)) & files.keys():
                importers[target].add(name)
                if statement in tree.body:
                    at_top.add((name, target))
    found = {}
    for target, names in importers.items():
        importer, *others = names
        if others or files[target].name == "__init__.py":
            continue
        if files[importer].parent == files[target].parent and (importer, target) in at_top:
            found[target] = importer
    paths = {name: file.relative_to(package).as_posix() for name, file in files.items()}
    return {paths[target]: paths[importer] for target, importer in sorted(found.items())}


def lines(path: str) -> int:
    return len((PACKAGE / path).read_text("utf-8").splitlines())


def test_no_module_is_a_part_of_its_only_importer() -> None:
    refused = {
        f"{part} -> {whole}"
        for part, whole in parts_of_a_neighbour(PACKAGE).items()
        if not part.startswith(ONE_FILE_EACH)
        and lines(part) + lines(whole) <= ASK
        and part not in SEPARATE
    }

    assert sorted(refused) == []


def test_each_exception_is_still_one() -> None:
    parts = parts_of_a_neighbour(PACKAGE)

    assert sorted(SEPARATE.keys() - parts.keys()) == []


@pytest.mark.parametrize(
    ("importer", "found"),
    [
        ("from sample.part import word\n", {"part.py": "whole.py"}),
        ("from sample import part\n", {"part.py": "whole.py"}),
        ("def read():\n    from sample.part import word\n", {}),
        ("word = 1\n", {}),
    ],
)
def test_a_part_is_found_by_its_only_import(tmp_path: Path, importer: str, found: object) -> None:
    package = tmp_path / "sample"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "part.py").write_text("word = 1\n")
    (package / "whole.py").write_text(importer)

    assert parts_of_a_neighbour(package) == found


def test_a_module_with_two_importers_is_no_part(tmp_path: Path) -> None:
    package = tmp_path / "sample"
    package.mkdir()
    (package / "part.py").write_text("word = 1\n")
    for name in ("one.py", "two.py"):
        (package / name).write_text("from sample.part import word\n")

    assert parts_of_a_neighbour(package) == {}
