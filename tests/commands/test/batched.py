"""Repositories whose models have batch APIs on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Said
from tests.commands.asked import FILE, JUDGE, case
from tests.servers.answers import OK, Answer
from tests.servers.batch_apis import AnthropicBatchServer, BatchServer, OpenAIBatchServer
from tests.servers.fault_server import FaultServer, fault_server
from tests.servers.plans import Received
from tests.tiers import fast_first

WORDS = ("one", "two", "three", "four")
OPINION = Answer(says='{"reason": "It is repeated.", "score": 1.0}')
PRICE = "price = {input = 2.0, output = 10.0}"

PROMPT = """\
format: promptops/1
description: Repeat what is said.
owners: ["@acme/support"]
model: {profile: fast, params: {max_output_tokens: 100}}
inputs:
  required: [word]
  properties:
    word: {type: string, maxLength: 100}
messages:
  - {role: user, content: "Say {{ word }}."}
tests:
  - file: ask.cases.jsonl
"""
JUDGED = """\
evaluation:
  judge: {profile: judge}
  assertions:
    - {type: llm-rubric, value: The word is repeated.}
"""
RESPONSES = 'provider_options = {openai = {api = "responses"}}\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A batch API; `more` is a part of its profiles."""

    name: str
    provider: str
    server: type[BatchServer]
    create: str
    more: str = ""


CHAT = Api(name="chat", provider="openai", server=OpenAIBatchServer, create="POST /v1/batches")
APIS = (
    CHAT,
    Api(
        name="responses",
        provider="openai",
        server=OpenAIBatchServer,
        create="POST /v1/batches",
        more=RESPONSES,
    ),
    Api(
        name="messages",
        provider="anthropic",
        server=AnthropicBatchServer,
        create="POST /v1/messages/batches",
    ),
)

EACH_API = pytest.mark.parametrize("api", fast_first(APIS, 1), ids=[api.name for api in APIS])
"""Only the first one is fast: one test of the fast tier records a whole batch of every API."""


@dataclass(slots=True, kw_only=True)
class Batched:
    """A repository, its batch API, and a command line.

    Attributes:
        server: Where the API is; its `requests` are all that came.
    """

    repo: Any
    api: Any
    server: FaultServer
    say: Callable[..., Said]

    def run(self, *arguments: str) -> Said:
        return self.say("recordings", "batch", *arguments, "-C", str(self.repo.root))

    def test(self, *arguments: str) -> Said:
        return self.say("test", *arguments, "-C", str(self.repo.root))

    def json(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        said = self.run(*arguments, "--format", "json")
        return said.code, json.loads(said.out)

    @property
    def recordings(self) -> bytes:
        file = self.repo.root / FILE
        return file.read_bytes() if file.exists() else b""

    @property
    def pending(self) -> list[dict[str, Any]]:
        return pending(self.repo.root)


def pending(root: Path) -> list[dict[str, Any]]:
    """The files of pending batches."""
    folder = root / ".git/promptops/batches"
    return [json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))]


def profile(api: Api, name: str, model: str, base_url: str, more: str = PRICE) -> str:
    return (
        f'[models.{name}]\nprovider = "{api.provider}"\nid = "{model}"\n'
        f'base_url = "{base_url}"\n{api.more}{more}\n'
    )


def files(
    api: Api, base_url: str, words: tuple[str, ...] = WORDS, *, judged: bool = False
) -> dict[str, str]:
    """A prompt with a case for each word, and a judge of its answers if wanted."""
    judge = profile(api, "judge", JUDGE, base_url, f"params = {{max_output_tokens = 100}}\n{PRICE}")
    return {
        "promptops.toml": profile(api, "fast", "fast-1", base_url) + judge,
        "prompts/ask.prompt.yaml": PROMPT + JUDGED * judged,
        "prompts/ask.cases.jsonl": "".join(map(case, words)),
    }


def answered(received: Received) -> Answer:
    """An opinion from the judge, the question from any other model."""
    return OPINION if received.json["model"] == JUDGE else OK


@contextmanager
def batched(
    repo: Any, say: Callable[..., Said], api: Api = CHAT, **options: Any
) -> Iterator[Batched]:
    """The repository of `files`, committed."""
    found = api.server()
    found.answer = answered
    with fault_server(found) as server:
        repo.write(files(api, server.base_url, **options))
        repo.commit("one")
        yield Batched(repo=repo, api=found, server=server, say=say)
