"""The real model, started once, and clients that ask once and never wait for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.real_model import Address, missing, real_model

PATIENCE_S = 120.0  # a machine that others use is slow


@pytest.fixture(scope="session")
def packages() -> None:
    if reason := missing():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def model(packages: None) -> Iterator[Address]:
    with real_model() as address:
        yield address


@pytest.fixture
def client() -> Iterator[Callable[..., Any]]:
    """Make clients of the `openai` package for an address; they don't retry."""
    openai = pytest.importorskip("openai", reason="no openai: pip install 'openai>=3'")
    with ExitStack() as open_clients:

        def make(base_url: str, *, key: str = "no-key", timeout_s: float = PATIENCE_S) -> Any:
            made = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=timeout_s)
            return open_clients.enter_context(made)

        yield make
