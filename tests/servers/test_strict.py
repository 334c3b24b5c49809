"""The golden requests, sent by the SDKs to servers that are as strict as the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from tests.runtime.request_shapes.requests import all_requests
from tests.servers.fault_server import FaultServer, fault_server

pytestmark = pytest.mark.xdist_group("request_shapes")

Send = Callable[[dict[str, Any]], Any]


@contextmanager
def _anthropic(server: FaultServer) -> Iterator[Send]:
    address = server.base_url.removesuffix("/v1")
    with anthropic.Anthropic(api_key="no-key", base_url=address, max_retries=0) as client:
        yield lambda arguments: client.messages.create(**arguments)


@contextmanager
def _gemini(server: FaultServer) -> Iterator[Send]:
    address = server.base_url.removesuffix("/v1")
    with genai.Client(api_key="no-key", http_options={"base_url": address}) as client:
        yield lambda arguments: client.models.generate_content(**arguments)


@contextmanager
def _openai(server: FaultServer) -> Iterator[Send]:
    with openai.OpenAI(api_key="no-key", base_url=server.base_url, max_retries=0) as client:
        yield lambda arguments: client.chat.completions.create(**arguments)


@contextmanager
def _responses(server: FaultServer) -> Iterator[Send]:
    with openai.OpenAI(api_key="no-key", base_url=server.base_url, max_retries=0) as client:
        yield lambda arguments: client.responses.create(**arguments)


CLIENTS = {
    "openai": _openai,
    "responses": _responses,
    "anthropic": _anthropic,
    "gemini": _gemini,
}


@pytest.mark.parametrize("name", ["anthropic", "gemini"])
def test_the_sdk_sends_each_golden_request_and_the_provider_accepts_it(name: str) -> None:
    arguments = _arguments(name)
    refused = {}

    with fault_server() as server, CLIENTS[name](server) as send:
        for id_, each in arguments.items():
            try:
                send(each)
            except (anthropic.APIError, genai.errors.APIError, TypeError, ValueError) as error:
                refused[id_] = str(error)

    assert refused == {}
    assert server.statuses == {200: len(arguments)}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("anthropic", {"extra_body": {"temperature": 1.0}}),
        ("anthropic", {"extra_body": {"seed": 7}}),
        ("anthropic", {"messages": []}),
        ("anthropic", {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}),
        ("anthropic", {"messages": [{"role": "tool", "content": "sent"}]}),
        ("gemini", {"contents": [{"role": "system", "parts": [{"text": "a"}]}]}),
        ("gemini", {"config": {"http_options": {"extra_body": {"seed": 7}}}}),
    ],
)
def test_the_server_refuses_what_the_provider_refuses(name: str, change: dict[str, Any]) -> None:
    arguments = {**_arguments(name)["shapes/system"], **change}

    with (
        fault_server() as server,
        CLIENTS[name](server) as send,
        pytest.raises((anthropic.BadRequestError, genai.errors.ClientError)),
    ):
        send(arguments)

    assert server.statuses == {400: 1}


@pytest.mark.parametrize("name", CLIENTS)
def test_parse_reads_the_answer_of_every_sdk(name: str) -> None:
    """As its object, and as a mapping."""
    from promptops.model.prompt import Output
    from promptops.runtime.request.answers import Answers

    schema = {"type": "object", "required": ["colour"]}
    answers = Answers("colour", Output(format="json", schema=schema))
    from tests.servers.answers import Answer
    from tests.servers.plans import always

    with (
        fault_server(always(Answer(says='{"colour": "red"}'))) as server,
        CLIENTS[name](server) as send,
    ):
        answer = send(_arguments(name)["shapes/system"])

    assert answers.parse(answer) == {"colour": "red"}
    assert answers.parse(answer.model_dump()) == {"colour": "red"}
    assert answers.parse(answer.model_dump(mode="json", by_alias=True)) == {"colour": "red"}


def _arguments(name: str) -> dict[str, dict[str, Any]]:
    found = {id_: each.arguments[name] for id_, each in all_requests().items()}
    return {id_: each for id_, each in found.items() if isinstance(each, dict) and "model" in each}
