"""No answer brings back the key that was sent, in whatever spelling."""

from __future__ import annotations

import asyncio
import base64
import json
from urllib.parse import quote

import pytest

from promptops.evals.providers import Failure, RateLimits, Reply, Window
from promptops.evals.providers.redaction import guarded, spellings
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request

KEY = 'acme"7f3a/9b2c+5d1e'
REQUEST = Request(messages=(), model={"id": "m-1"})


class Saying:
    """A provider that gives one answer, or fails."""

    def __init__(self, answer: Answer | Failure) -> None:
        self._answer = answer

    async def ask(self, request: Request, deadline_s: float) -> Reply:
        if isinstance(self._answer, Failure):
            raise self._answer from ValueError(KEY)
        return Reply(answer=self._answer)

    async def close(self) -> None:
        pass


def asked(answer: Answer, key: str | None = KEY, **said: object) -> str:
    """What was answered, or why it failed."""
    profile = ModelProfile(name="fast", provider="theirs", id="m-1", **said)
    try:
        reply = asyncio.run(guarded(Saying(answer), profile, key).ask(REQUEST, 1.0))
    except Failure as failure:
        return f"{failure.kind}: {failure.message}"
    return reply.answer.text


KEPT = "bad_answer: the answer is discarded because it contains the API key that was sent"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(text=f"it is {KEY}!"),
        Answer(text=quote(KEY, safe="")),
        Answer(text=json.dumps({"key": KEY})),
        Answer(text=base64.b64encode(KEY.encode()).decode()),
        Answer(text=base64.urlsafe_b64encode(f"me:{KEY}:you".encode()).decode()),
        Answer(text="", model=KEY),
        Answer(text="", fingerprint=KEY),
        Answer(text="", finish_reason=KEY),
        Answer(text="", tool_calls=({"name": "look", "arguments": {"a": [KEY]}},)),
    ],
)
def test_an_answer_with_the_key_is_a_failure(answer):
    assert asked(answer) == KEPT


@pytest.mark.parametrize(
    "said",
    [
        {"headers": {"X-Acme-Token": f"Bearer {KEY}"}},
        {"headers": {"authorization": KEY}},
        {"base_url": f"http://me:{quote(KEY, safe='')}@host/v1"},
    ],
)
def test_a_key_in_a_header_or_an_address_is_one_too(said):
    assert asked(Answer(text=f"it is {KEY}!"), None, **said) == KEPT


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("the team acme-support-desk", KEY, {"headers": {"x-team": "acme-support-desk"}}),
        ("none", "none", {}),
        (KEY[:-1], KEY, {}),
        (KEY, None, {}),
    ],
    ids=["another header", "a short key", "a part", "no key"],
)
def test_all_else_is_answered(text, key, said):
    assert asked(Answer(text=text), key, **said) == text


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("after", range(3))
def test_base64_is_found_wherever_the_secret_stands_in_it(before, after):
    data = b"\xff" * before + KEY.encode() + b"\xfe" * after

    for coded in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        assert any(form in coded.decode() for form in spellings(KEY))


@pytest.mark.parametrize(
    ("said", "key", "shown"),
    [
        (f"401: bad key {KEY}\x1b[2J", KEY, r"401: bad key [hidden]\x1b[2J"),
        ("401: bad key sk-canary-7f3a9b2c", None, "401: bad key [hidden]"),
        ("503: come back", KEY, "503: come back"),
    ],
)
def test_a_failure_is_told_without_the_key_and_is_else_what_it_was(said, key, shown):
    limits = RateLimits(requests=Window(limit=5, remaining=0))
    failure = Failure(message=said, kind="rate", retryable=True, retry_after_s=2.0, limits=limits)
    profile = ModelProfile(name="fast", provider="theirs", id="m-1")

    with pytest.raises(Failure) as raised:
        asyncio.run(guarded(Saying(failure), profile, key).ask(REQUEST, 1.0))

    told = raised.value
    assert (told.message, told.kind, told.retryable) == (shown, "rate", True)
    assert (told.retry_after_s, told.limits) == (2.0, limits)
    assert (told.__cause__, told.__context__) == (None, None)
