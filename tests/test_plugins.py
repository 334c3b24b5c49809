"""Plug-ins are found wherever `importlib.metadata` finds them, and modules in their folders."""

from __future__ import annotations

import pkgutil
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from promptops.plugins import module_names, offers, registered

GROUP = "promptops.test_plugins"


@pytest.mark.parametrize("folder", ["acme-1.0.dist-info", "acme.egg/EGG-INFO"])
def test_a_package_offers_plugins_by_its_metadata(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / folder
    metadata.mkdir(parents=True)
    text = "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n"
    (metadata / "METADATA").write_text(text)
    (metadata / "PKG-INFO").write_text(text)
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\nshort = acme:short\n")
    monkeypatch.syspath_prepend(metadata.parent)

    assert [(offer.name, offer.value) for offer in offers(GROUP)] == [("short", "acme:short")]


def test_a_group_that_no_package_names_has_no_plugins() -> None:
    assert offers("promptops.no_such_group") == ()


@pytest.mark.parametrize("name", ["promptops.lint.rules", "promptops.evals.assertions"])
def test_all_modules_are_found(name):
    package = import_module(name)

    expected = [module.name for module in pkgutil.iter_modules(package.__path__)]

    assert module_names(package) == sorted(expected)


def test_modules_in_an_archive_are_found(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in ("__init__", "one", "two"):
            archive.writestr(f"zipped_rules/{file}.py", "")
    monkeypatch.syspath_prepend(str(tmp_path / "all.zip"))
    package = import_module("zipped_rules")
    monkeypatch.delitem(sys.modules, "zipped_rules")

    assert module_names(package) == ["one", "two"]


@pytest.mark.parametrize("archived", [False, True])
def test_what_modules_register_is_found_without_an_import(tmp_path, monkeypatch, archived):
    sources = {
        "__init__": "",
        "one": '\n@thing("a")\nclass A: ...\n\n\n@thing("b-c", on=1)\nclass B: ...\n',
        "two": '"""Not `@thing("x")`."""\n@other("y")\nclass C: ...\n',
    }
    monkeypatch.syspath_prepend(str(tmp_path / "all.zip" if archived else tmp_path))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file, source in sources.items():
            archive.writestr(f"registered_things/{file}.py", source)
        if not archived:
            archive.extractall(tmp_path)
    package = import_module("registered_things")
    monkeypatch.delitem(sys.modules, "registered_things")

    assert registered(package, "thing") == {
        "a": "registered_things.one",
        "b-c": "registered_things.one",
    }
