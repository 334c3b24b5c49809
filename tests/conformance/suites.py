"""Public test suites, unpacked from the source distributions that `.ci/run` downloads."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

FOLDER = os.environ.get("PROMPTOPS_CONFORMANCE")
"""Read here: no test sees the variable."""

MISSING = "no public suites: set PROMPTOPS_CONFORMANCE, see tests/conformance/README.md"


def unpacked(package: str, below: Path) -> Path:
    """The folder of a package's source distribution; skips the test where there is none."""
    archives = sorted(Path(FOLDER).glob(f"{package}-*.tar.gz")) if FOLDER else []
    if not archives:
        pytest.skip(MISSING)
    with tarfile.open(archives[-1]) as archive:
        archive.extractall(below, filter="data")
    return next(each for each in below.iterdir() if each.is_dir())
