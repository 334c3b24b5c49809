"""Patterns of a module are compiled when they are first used, and are all correct."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import promptops
from promptops.patterns import lazy_pattern


def test_a_pattern_has_the_methods_of_a_compiled_one() -> None:
    words = lazy_pattern(r"(?P<first>[a-z])[a-z]*", re.IGNORECASE)

    assert words.findall("Two words") == ["T", "w"]
    assert words.sub("x", "Two words") == "x x"
    assert [match["first"] for match in words.finditer("Two words")] == ["T", "w"]
    assert words.fullmatch("Two words") is None
    assert (words.pattern, words.groups) == (r"(?P<first>[a-z])[a-z]*", 1)
    assert words.groupindex == {"first": 1}
    assert lazy_pattern(rb"\d").search(b"a1") is not None


def test_a_wrong_pattern_is_refused_at_its_first_use() -> None:
    wrong = lazy_pattern("(")

    with pytest.raises(re.error, match="missing \\)"):
        wrong.search("a")
    with pytest.raises(AttributeError, match="a pattern has no attribute 'serach'"):
        wrong.serach("a")  # type: ignore[attr-defined]


def test_every_pattern_of_the_package_can_be_compiled() -> None:
    lazy = type(lazy_pattern("a"))
    names = [each.name for each in walk_packages(promptops.__path__, "promptops.")]
    modules = [import_module(name) for name in names if "__main__" not in name]

    found = [each for module in modules for each in vars(module).values() if type(each) is lazy]
    for each in found:
        assert re.compile(each.pattern, each.flags)

    assert len(found) > 200


def test_no_module_compiles_a_pattern_when_it_is_imported() -> None:
    folder = Path(promptops.__file__).parent
    constant = re.compile(r"^\w+ = re\.compile\(|^    \(.*\bre\.compile\(", re.MULTILINE)

    compiling = [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if constant.search(path.read_text())
    ]

    assert compiling == []
