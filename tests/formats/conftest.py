"""The tables of formats include those of the example package, which is installed by its path."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from promptops.formats.source_file import GROUP, known_readers

EXAMPLE = Path(__file__).parents[2] / "examples/other-formats"


@pytest.fixture(autouse=True, scope="module")
def _other_formats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    info = tmp_path_factory.mktemp("site") / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    entries = (f"{key} = {value}" for key, value in project["entry-points"][GROUP].items())
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *entries, ""]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLE)
        patch.syspath_prepend(info.parent)
        known_readers.cache_clear()
        yield
    known_readers.cache_clear()
