"""Embeddings and moderations as requests, and what is made of an answer."""

import json
from array import array
from typing import Any

import pytest

from promptops.evals.judge_prompts import answers_without_tokens, endpoint_reply, endpoint_request
from promptops.evals.verdict import Embedding, ModerationReply, NoReply, Question, Reply
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request

EMBEDDING = Question(kind="embedding", inputs={"text": "Hello."})
MODERATION = Question(kind="moderation", inputs={"text": "Hello."})


def profile(**said: Any) -> ModelProfile:
    return ModelProfile(name="embedder", provider="local", id="e-1", **said)


def test_a_question_is_a_request_of_one_text_with_the_profile_s_own_options() -> None:
    options = {"openai": {"dimensions": 64, "api": "chat"}, "other": {"x": 1}}

    request = endpoint_request(EMBEDDING, profile(provider_options=options, params={"seed": 1}))

    assert request == Request(
        messages=({"role": "user", "content": "Hello."},),
        model={"provider": "local", "id": "e-1"},
        provider_options={"openai": {"dimensions": 64, "api": "embeddings"}, "other": {"x": 1}},
    )


@pytest.mark.parametrize(
    ("price", "bounded"),
    [({}, {}), ({"input": 0.1}, {"input": 0.1, "output": 0.0}), ({"output": 2.0}, {"output": 2.0})],
)
def test_a_service_writes_no_tokens_so_that_its_cost_has_a_bound(
    price: dict[str, float], bounded: dict[str, float]
) -> None:
    found = answers_without_tokens(profile(price=price))

    assert (found.max_output_tokens, found.price) == (0, bounded)


@pytest.mark.parametrize(
    ("question", "text", "reply"),
    [
        (EMBEDDING, '{"vector":[1,-0.5]}', Embedding(vector=array("d", (1.0, -0.5)))),
        (MODERATION, '{"flagged":["hate"]}', ModerationReply(flagged=("hate",))),
        (MODERATION, '{"flagged":[]}', ModerationReply(flagged=())),
    ],
)
def test_an_answer_is_read_as_what_was_asked_for(
    question: Question, text: str, reply: Reply
) -> None:
    assert endpoint_reply(question, text) == reply


@pytest.mark.parametrize(
    "value",
    [
        "Hello.",
        [1, 2],
        {"vector": []},
        {"vector": "1"},
        {"vector": [1, "2"]},
        {"vector": [1, None]},
        {"vector": [True]},
        {"vector": [10**400]},
        {"flagged": []},
    ],
)
def test_what_is_no_embedding_is_no_reply(value: Any) -> None:
    found = endpoint_reply(EMBEDDING, json.dumps(value))

    assert isinstance(found, NoReply)
    assert found.reason.startswith("expected JSON with a `vector` of numbers, got ")


@pytest.mark.parametrize("text", ['{"vector": [1e999]}', '{"vector": [NaN]}', "[" * 99_999, ""])
def test_what_is_not_even_json_data_is_no_reply(text: str) -> None:
    assert isinstance(endpoint_reply(EMBEDDING, text), NoReply)


@pytest.mark.parametrize("value", [{"flagged": True}, {"flagged": [1]}, {"vector": [1]}, []])
def test_what_is_no_moderation_is_no_reply(value: Any) -> None:
    found = endpoint_reply(MODERATION, json.dumps(value))

    assert isinstance(found, NoReply)
    assert found.reason.startswith("expected JSON with the categories that are `flagged`, got ")
