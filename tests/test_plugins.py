"""Plug-ins are found wherever `importlib.metadata` finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptops.plugins import offers

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
