"""A repository of a few prompts, made once in a process, and its workbench."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands.ui.served import FILES, Client, served
from tests.conftest import GitRepository


def _make(repo: GitRepository) -> None:
    repo.write(FILES)
    repo.commit("start")


@pytest.fixture
def project(prepared: Any, tmp_path: Path) -> GitRepository:
    """A copy of the repository."""
    copy: GitRepository = prepared(_make).copied_to(tmp_path / "project")
    return copy


@pytest.fixture(scope="module")
def reader(prepared: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A workbench without flags, for tests that leave it as it is."""
    root = prepared(_make).copied_to(tmp_path_factory.mktemp("ui") / "project").root
    with served(root) as client:
        yield client


@pytest.fixture
def writer(project: GitRepository) -> Iterator[Client]:
    """A workbench that may save, of `project`."""
    with served(project.root, write=True) as client:
        yield client
