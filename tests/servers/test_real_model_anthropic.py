"""A real model answers through the provider `anthropic`: llama.cpp also has the Messages API."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from promptops.evals.providers import Failure, Reply, streamed
from promptops.model.answer import Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from tests.evals.providers.approved import provider_of
from tests.real_model import CONTEXT, MODEL

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real model")]

PATIENCE_S = 120.0


def _request(text: str, length: int = 8) -> Request:
    return Request(
        messages=(
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": text},
        ),
        model={"provider": "anthropic", "id": MODEL},
        params={"max_output_tokens": length},
        provider_options={"anthropic": {"extra_body": {"temperature": 0, "seed": 1}}},
    )


def _streamed(base_url: str, request: Request) -> tuple[list[str], Reply | Failure]:
    profile = ModelProfile(name="local", provider="anthropic", id=MODEL, base_url=base_url)
    pieces: list[str] = []

    async def result() -> Reply | Failure:
        provider = provider_of(profile, {})
        try:
            return await streamed(provider, request, PATIENCE_S, pieces.append)
        except Failure as failure:
            return failure
        finally:
            await provider.close()

    return pieces, asyncio.run(result())


def _asked(base_url: str, request: Request) -> Any:
    profile = ModelProfile(name="local", provider="anthropic", id=MODEL, base_url=base_url)

    async def result() -> Reply:
        provider = provider_of(profile, {})
        try:
            return await provider.ask(request, PATIENCE_S)
        finally:
            await provider.close()

    return asyncio.run(result())


def test_it_answers_and_counts_its_tokens(model):
    answer = _asked(model.base_url, _request("Say hello.")).answer

    assert answer.text.startswith("Hello!")
    assert (answer.finish_reason, answer.model) == ("length", MODEL)
    assert answer.usage == Usage(input=23, output=8)


def test_it_streams_the_same_answer(model):
    request = _request("Say hello.")

    pieces, reply = _streamed(model.base_url, request)

    assert isinstance(reply, Reply)
    assert reply.answer == _asked(model.base_url, request).answer
    assert "".join(pieces) == reply.answer.text
    assert len(pieces) > 2


def test_a_request_that_is_too_long_is_refused_with_its_reason(model):
    pieces, failure = _streamed(model.base_url, _request("word " * (CONTEXT + 1)))

    assert isinstance(failure, Failure)
    assert (pieces, failure.kind, failure.retryable) == ([], "refused", False)
    assert failure.message.startswith("the server answered with status 400: ")
    assert "context size" in failure.message
