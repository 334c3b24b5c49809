"""A repository with one prompt, open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from promptops.repo.repository import Repository
from tests.testing.recordings.made import PROMPT, PROMPT_TEXT


@pytest.fixture
def opened(repo: Any) -> Iterator[Repository]:
    """The repository `repo`, in which the prompt is committed."""
    repo.write({PROMPT: PROMPT_TEXT})
    repo.commit("one")
    with Repository.open(repo.root) as repository:
        yield repository
