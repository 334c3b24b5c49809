"""The built npm package in a Node process, and the fixtures of the tests of Python's loader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.js.client import Client
from tests.runtime.loading.conftest import (  # noqa: F401  # fixtures
    _new_process,
    _no_hurry,
    cache,
    signer,
    site,
)
from tests.runtime.loading.site import Site
from tests.runtime.loading.site_server import ServedSite, served
from tests.runtime.loading.state import settle
from tests.runtime.loading.test_tls import certificate  # noqa: F401  # a fixture


@pytest.fixture
def server(site: Site, node: Client) -> Iterator[ServedSite]:  # noqa: F811  # a fixture
    """It stops when nothing is asked any more."""
    with served(site.folder) as running:
        yield running
        running.cut()
        node.settle()
        settle()


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
