"""Embeddings and moderations of a real server: what is sent, what is read, what is refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from promptops.evals.providers import Failure, Reply
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of
from tests.servers.answers import FAULTS
from tests.servers.answers import Answer as Planned
from tests.servers.fault_server import fault_server
from tests.servers.plans import always

PATIENCE_S = 60.0
SHORT_S = 0.5


def _request(api: str, *texts: Any, **options: Any) -> Request:
    return Request(
        messages=tuple({"role": "user", "content": text} for text in texts or ("Hello.",)),
        model={"provider": "local", "id": "m-1"},
        params={"temperature": 0.5},
        provider_options={"openai": {"api": api, **options}},
    )


def _asked(base_url: str, request: Request, deadline_s: float = PATIENCE_S) -> Reply | Failure:
    profile = ModelProfile(name="local", provider="local", id="m-1", base_url=base_url)

    async def asked() -> Reply | Failure:
        provider = provider_of(profile, {})
        try:
            return await provider.ask(request, deadline_s)
        except Failure as failure:
            return failure
        finally:
            await provider.close()

    return asyncio.run(asked())


def _answering(body: Any, request: Request) -> Reply | Failure:
    with fault_server(always(Planned(body=json.dumps(body).encode()))) as server:
        return _asked(server.base_url, request)


def _vector(*numbers: Any) -> dict[str, Any]:
    return {"data": [{"embedding": list(numbers)}], "model": "e-1", "usage": {"prompt_tokens": 3}}


def _moderation(flagged: bool = False, **categories: Any) -> dict[str, Any]:
    return {"model": "mod-1", "results": [{"flagged": flagged, "categories": categories}]}


@pytest.mark.parametrize("api", ["embeddings", "moderations"])
def test_one_text_is_sent_with_what_the_profile_adds_and_no_parameter_of_a_chat(api):
    with fault_server(always(Planned(body=b"{}"))) as server:
        _asked(server.base_url, _request(api, "Hello.", dimensions=64, extra_body={"x": 1}))
        (received,) = server.requests

    assert received.path == f"/v1/{api}"
    assert received.json == {"model": "m-1", "input": "Hello.", "dimensions": 64, "x": 1}


def test_a_server_s_embedding_is_an_answer_of_short_numbers():
    with fault_server() as server:
        reply = _asked(server.base_url, _request("embeddings", "Hello there."))

    assert isinstance(reply, Reply)
    assert json.loads(reply.answer.text) == {
        "vector": pytest.approx(_expected("Hello there."), abs=1e-6)
    }
    assert max(len(number) for number in reply.answer.text.split(",")[1:-1]) <= len("-0.123456")
    assert (reply.answer.model, reply.answer.usage) == ("m-1", Usage(input=2))


def _expected(text: str) -> list[float]:
    from tests.servers.answers import SHAPES

    given = SHAPES["/v1/embeddings"]({"input": text, "model": "m"}, None, 1)
    return given["data"][0]["embedding"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (_vector(1, -0.1234567, 1e-9), '{"vector":[1,-0.123457,1e-9]}'),
        ({"data": [{"embedding": [0]}, {"embedding": [1]}]}, '{"vector":[0]}'),
    ],
)
def test_an_embedding_is_read(body, text):
    reply = _answering(body, _request("embeddings"))

    assert isinstance(reply, Reply)
    assert reply.answer.text == text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the answer is not an embedding"),
        ({"data": []}, "the answer is not an embedding"),
        ({"data": [{"embedding": []}]}, "the answer is not an embedding"),
        ({"data": [{"embedding": "AACAPw=="}]}, "the answer is not an embedding"),
        (_vector(1, None), "the answer is an embedding of something other than numbers"),
        (_vector(True), "the answer is an embedding of something other than numbers"),
        (_vector(10**400), "the answer is an embedding with a number that is not finite"),
        (_vector(float("inf")), "the answer is an embedding with a number that is not finite"),
        (_vector(float("nan")), "the answer is an embedding with a number that is not finite"),
    ],
)
def test_what_is_no_embedding_is_a_failure(body, message):
    failure = _answering(body, _request("embeddings"))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.message) == ("bad_answer", message)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (_moderation(violence=False, hate=None), '{"flagged":[]}'),
        (
            _moderation(True, violence=True, hate=False, **{"hate/threatening": True}),
            '{"flagged":["hate/threatening","violence"]}',
        ),
    ],
)
def test_a_moderation_is_read(body, text):
    reply = _answering(body, _request("moderations"))

    assert reply == Reply(answer=Answer(text=text, model="mod-1"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"results": []}, "the answer is not a moderation result"),
        ({"results": [{"flagged": False}]}, "the answer is not a moderation result"),
        (
            _moderation(violence=0.9),
            "the answer is a moderation result whose categories are neither true nor false",
        ),
        (
            _moderation(True, violence=False),
            "the answer is a moderation result that flags the text without naming a category",
        ),
    ],
)
def test_what_is_no_moderation_is_a_failure(body, message):
    failure = _answering(body, _request("moderations"))

    assert isinstance(failure, Failure)
    assert (failure.kind, failure.message) == ("bad_answer", message)


@pytest.mark.parametrize("texts", [("one", "two"), ([{"type": "text", "text": "one"}],)])
def test_more_than_one_text_is_not_sent(texts):
    with fault_server() as server:
        failure = _asked(server.base_url, _request("embeddings", *texts))

        assert server.requests == []
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.message) == (
        "refused",
        "this API accepts only one message of text",
    )


@pytest.mark.parametrize("api", ["embeddings", "moderations"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_a_failure(api, fault):
    with fault_server(always(FAULTS[fault])) as server:
        found = _asked(server.base_url, _request(api), SHORT_S)

    assert isinstance(found, Failure) or (fault == "drip" and isinstance(found, Reply))


@pytest.mark.parametrize("api", ["embeddings", "moderations"])
def test_echo_has_neither_and_says_so(api):
    provider = provider_of(ModelProfile(name="echo", provider="echo", id="m-1"), {})

    with pytest.raises(Failure) as refused:
        asyncio.run(provider.ask(_request(api), PATIENCE_S))

    assert (refused.value.kind, refused.value.message) == (
        "refused",
        f"the provider `echo` has no {api}",
    )
