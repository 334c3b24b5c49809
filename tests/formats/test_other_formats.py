"""The example package with more readers is installed as users install it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.formats.conftest import EXAMPLE

COMMAND = "import sys; from promptops.cli.main import run; sys.exit(run(sys.argv[1:]))"


@pytest.mark.slow
def test_an_installed_package_adds_its_formats(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="no hatchling: pip install '.[dev]'")
    site, home = tmp_path / "site", {**os.environ, "HOME": str(tmp_path)}
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", site, EXAMPLE], check=True, cwd=tmp_path, env=home)
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])

    listed = subprocess.run(
        [sys.executable, "-c", COMMAND, "import", "--formats"],
        capture_output=True,
        check=True,
        text=True,
        cwd=tmp_path,
        env={**home, "PYTHONPATH": path},
    ).stdout

    names = {line.split()[0] for line in listed.splitlines()}
    assert {"gemini", "llm", "promptflow", "semantic-kernel"} <= names
