"""Golden files: what a person or a program sees, kept whole next to the test."""

import os
from pathlib import Path

import pytest


def compare(path: Path, shown: str) -> None:
    """Compare with a golden file. With UPDATE_GOLDEN set, write the file, and fail."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(shown.encode())
        pytest.fail(f"{path.name} was written; read the difference")
    assert shown.encode() == path.read_bytes()
