"""`promptops run` streams the answers of every provider, side by side, and shows no key."""

from __future__ import annotations

import pytest

from tests.commands.asked import ask, profile
from tests.servers.answers import OK, Answer, Ending
from tests.servers.fault_server import fault_server
from tests.servers.plans import Received

KEY = "acme7f3a9b2c5d1e4a6b8c0d"
MORE = 'params = {max_output_tokens = 99}\napi_key_env = "THE_KEY"\n'
PROVIDERS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1/models/m-1:streamGenerateContent?alt=sse",
}
PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: openai}
messages:
  - {role: user, content: one two three}
"""


@pytest.fixture
def catalog(repo, monkeypatch):
    monkeypatch.setenv("THE_KEY", KEY)

    def write(base_url: str) -> None:
        models = [profile(name, "m-1", base_url, MORE, provider=name) for name in PROVIDERS]
        repo.write({"promptops.toml": "".join(models), "prompts/ask.prompt.yaml": PROMPT})
        repo.commit("one")

    return write


def test_all_providers_answer_side_by_side(repo, catalog):
    models = [argument for name in PROVIDERS for argument in ("--model", name)]
    with fault_server() as server:
        catalog(server.base_url)
        done = ask(repo.root, "run", "ask", *models)

    assert (done.code, done.out) == (
        0,
        "".join(f"--- {name}\none two three\n" for name in PROVIDERS),
    )
    assert {received.path for received in server.requests} == set(PROVIDERS.values())
    assert KEY not in done.out + done.err


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_that_breaks_off_is_an_error_of_the_provider(repo, catalog, provider):
    def plan(received: Received) -> Answer:
        return Answer(ending=Ending.TRUNCATED) if b"one two three" in received.body else OK

    with fault_server(plan) as server:
        catalog(server.base_url)
        done = ask(repo.root, "run", "ask", "--model", provider)

    assert done.code == 5
    assert "the server closed the connection" in done.err
    assert KEY not in done.out + done.err
