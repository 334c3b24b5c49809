"""Servers that answer from recordings, in repositories made for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from promptops.evals.engine.ask import Settings
from promptops.replay.recordings import DEFAULT
from promptops.replay.server import RecordOptions, ReplayServer, recording_file, replay_server
from promptops.workspace.workspace import workspace

WAY_OUT = "to record it: press the button"
KEY = "key-that-no-file-may-contain-123456"

TRIAGE = """\
format: promptops/1
description: Sort a ticket.
owners: ["@a"]
model: {profile: small, params: {temperature: 0, max_output_tokens: 40}}
inputs:
  required: [ticket, product]
  properties:
    ticket: {type: string, maxLength: 100}
    product: {type: string, maxLength: 100}
messages:
  - role: system
    content: |
      You sort support tickets.
      They are about the Acme {{ product }}.
      Reply with one word.
  - role: user
    content: "{{ ticket }}"
tests:
  - name: a dead hub
    inputs: {product: hub, ticket: It is dead.}
    output: [{type: contains, value: dead}]
"""


def config(base_url: str, provider: str = "openai") -> str:
    return (
        f'[models.small]\nprovider = "{provider}"\nid = "small-1"\nbase_url = "{base_url}"\n'
        'api_key_env = "SMALL_KEY"\nprice = {input = 1.0, output = 1.0}\n'
    )


@pytest.fixture
def served() -> Iterator[Callable[..., ReplayServer]]:
    """Serve the recordings of a repository until the end of the test."""
    with ExitStack() as stack:

        def serve(root: Path, *, record: bool = False, **more: Any) -> ReplayServer:
            opened = stack.enter_context(workspace(root))
            environment: Mapping[str, str] = more.pop("environment", {"SMALL_KEY": KEY})
            settings = more.pop("settings", Settings())
            options = RecordOptions(settings=settings, environment=environment, trusted=True)
            file = recording_file(opened, root / more.pop("file", DEFAULT))
            server = replay_server(
                opened, file, WAY_OUT, record=options if record else None, **more
            )
            stack.callback(server.close)
            return server

        yield serve
