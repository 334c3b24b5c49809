"""Answers of the mock server, recorded into repositories."""

from __future__ import annotations

from pathlib import Path

from environment import Environment
from mock_server import mock_server
from peers.tickets import MODEL
from repositories import commit
from timing import prove

CONFIGURATION = f"""\
prompts = ["prompts"]

[models.mock]
provider = "openai"
id = "{MODEL}"
base_url = "http://127.0.0.1:1/v1"
"""
"""Nothing listens there: replaying calls no model, and live runs pass `asking(address)`."""

PROFILE = "profile: mock"


def asking(address: str) -> tuple[str, ...]:
    """The options with which the profile calls a server, whose address no branch names."""
    return "--trust-config", "--config", f'models.mock.base_url="{address}"'


def record(environment: Environment, repository: Path, subject: str) -> None:
    """Commit whatever was changed, with an answer to every case."""
    with mock_server() as address:
        ours = environment.ours(
            "test", "--record", "-j", "64", *asking(address), says="(?m)^pass: "
        )
        prove(ours, repository)
    commit(repository, subject)
