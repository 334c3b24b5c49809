"""The built npm package in a Node process, and the fixtures of the tests of Python's loader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.js.client import Client
from tests.runtime.loading.conftest import (  # noqa: F401  # fixtures
    _new_process,
    _no_hurry,
    cache,
    server,
    signer,
    site,
)


@pytest.fixture(scope="session")
def _node() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()


@pytest.fixture
def node(_node: Client) -> Client:
    """A process that loaded nothing yet."""
    _node.forget()
    return _node
