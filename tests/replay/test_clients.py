"""The official clients get from a recording what they get from the provider that was recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from promptops.replay.requests import APIS, Api
from tests.replay.conftest import KEY, config
from tests.replay.test_requests import sender
from tests.servers.answers import Answer
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

SAYS = "The blue\n one,  I think."
PROVIDERS = {"chat": "openai", "responses": "openai", "messages": "anthropic", "gemini": "gemini"}
TURN = [{"role": "user", "content": "Name a colour."}]
ARGUMENTS: Mapping[Api, dict[str, Any]] = {
    "chat": {"model": "small-1", "messages": TURN, "temperature": 0.5, "max_tokens": 9},
    "responses": {"model": "small-1", "input": "Name a colour.", "max_output_tokens": 9},
    "messages": {"model": "small-1", "messages": TURN, "max_tokens": 9},
    "gemini": {
        "model": "small-1",
        "contents": "Name a colour.",
        "config": {"max_output_tokens": 9, "temperature": 0.5},
    },
}


def _dump(answer: Any) -> dict[str, Any]:
    found = answer.model_dump(mode="json")
    found.pop("sdk_http_response", None)  # the headers, with the time
    return dict(found)


@pytest.fixture
def recorded(repo: Any, served: Callable[..., Any]) -> Callable[[Api], dict[str, Any]]:
    """Record an answer; returns what the client got from the provider itself."""

    def record(api: Api) -> dict[str, Any]:
        plan = always(Answer(says=SAYS))
        with fault_server(plan) as provider:
            direct_address = provider.base_url.removesuffix("/v1")
            with sender(api, direct_address) as send:
                direct = _dump(send(ARGUMENTS[api]))
        with fault_server(plan) as provider:
            base_url = provider.base_url.removesuffix("" if api in ("chat", "responses") else "/v1")
            repo.write({"promptops.toml": config(base_url, PROVIDERS[api])})
            with sender(api, served(repo.root, record=True).address) as send:
                assert _dump(send(ARGUMENTS[api])) == direct
                assert _dump(send(ARGUMENTS[api])) == direct
            (received,) = provider.requests
        assert KEY in json.dumps(dict(received.headers))
        return direct

    return record


@pytest.mark.parametrize("api", APIS)
def test_an_answer_is_the_same_object(api: Api, repo: Any, recorded: Any, served: Any) -> None:
    direct = recorded(api)

    with sender(api, served(repo.root).address) as send:
        replayed = _dump(send(ARGUMENTS[api]))

    assert replayed == direct
    assert SAYS in json.dumps(replayed).replace("\\n", "\n")
    (line,) = (repo.root / "tests/promptops.recordings.jsonl").read_text().splitlines()
    assert KEY not in line
    assert json.loads(line)["model"] == "small-1"


def test_an_asynchronous_client_gets_the_same_object(repo: Any, recorded: Any, served: Any) -> None:
    direct = recorded("chat")
    address = served(repo.root).address

    async def both() -> list[Any]:
        async with openai.AsyncOpenAI(api_key="no", base_url=f"{address}/v1") as client:
            calls = (client.chat.completions.create(**ARGUMENTS["chat"]) for _ in range(8))
            return list(await asyncio.gather(*calls))

    assert [_dump(each) for each in asyncio.run(both())] == [direct] * 8


def test_chunks_of_a_chat_completion_add_up(repo: Any, recorded: Any, served: Any) -> None:
    direct = recorded("chat")

    with openai.OpenAI(api_key="no", base_url=f"{served(repo.root).address}/v1") as client:
        arguments = {**ARGUMENTS["chat"], "stream_options": {"include_usage": True}}
        with client.chat.completions.stream(**arguments) as stream:
            deltas = [each.delta for each in stream if each.type == "content.delta"]
            whole = stream.get_final_completion()

    assert ("".join(deltas), len(deltas)) == (SAYS, 6)  # the first one is empty
    found = _dump(whole)
    assert (found["id"], found["usage"], found["model"]) == (
        direct["id"],
        direct["usage"],
        direct["model"],
    )
    assert found["choices"][0]["message"]["content"] == SAYS
    assert found["choices"][0]["finish_reason"] == "stop"


def test_events_of_a_response_add_up(repo: Any, recorded: Any, served: Any) -> None:
    direct = recorded("responses")

    client = openai.OpenAI(api_key="no", base_url=f"{served(repo.root).address}/v1")
    with client, client.responses.stream(**ARGUMENTS["responses"]) as stream:
        pieces = [each.delta for each in stream if each.type == "response.output_text.delta"]
        whole = stream.get_final_response()

    assert ("".join(pieces), len(pieces)) == (SAYS, 5)
    assert whole.output_text == SAYS
    assert (whole.id, whole.usage.model_dump()) == (direct["id"], direct["usage"])


def test_events_of_a_message_add_up(repo: Any, recorded: Any, served: Any) -> None:
    direct = recorded("messages")

    client = anthropic.Anthropic(api_key="no", base_url=served(repo.root).address)
    with client, client.messages.stream(**ARGUMENTS["messages"]) as stream:
        pieces = list(stream.text_stream)
        whole = stream.get_final_message()

    assert ("".join(pieces), len(pieces)) == (SAYS, 5)
    assert [part.text for part in whole.content] == [SAYS]
    assert {**_dump(whole), "content": None} == {**direct, "content": None}


def test_parts_of_a_content_add_up(repo: Any, recorded: Any, served: Any) -> None:
    direct = recorded("gemini")

    options = {"base_url": served(repo.root).address}
    with genai.Client(api_key="no", http_options=options) as client:
        parts = list(client.models.generate_content_stream(**ARGUMENTS["gemini"]))

    assert ("".join(each.text for each in parts), len(parts)) == (SAYS, 5)
    assert _dump(parts[-1])["usage_metadata"] == direct["usage_metadata"]
    assert _dump(parts[-1])["candidates"][0]["finish_reason"] == "STOP"
