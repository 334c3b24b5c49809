"""Questions for services instead of judges: embeddings and moderations.

They are sent and recorded like any request; the reply is the JSON text of an answer.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from sys import float_info
from typing import Any

from promptops.evals.json_values import parsed
from promptops.evals.providers import OWN
from promptops.evals.verdict import BUILT_IN, Embedding, ModerationReply, NoReply, Question, Reply
from promptops.evals.wording import shown
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.records import replace

SETTINGS: Mapping[str, str] = {"embedding": "embeddings", "moderation": "moderations"}
"""From the kind of a question to the key of `[test]` that names the model, and to the API."""


def recorded_as(question: Question) -> str:
    """The judge, or the name that replaces one in a recording."""
    return question.judge or f"{BUILT_IN}{question.kind}"


def endpoint_request(question: Question, profile: ModelProfile) -> Request:
    """The request to a profile, with the profile's own options."""
    options = {**profile.provider_options.get(OWN, {}), "api": SETTINGS[question.kind]}
    return Request(
        messages=({"role": "user", "content": question.inputs["text"]},),
        model={"provider": profile.provider, "id": profile.id},
        provider_options={**profile.provider_options, OWN: options},
    )


def answers_without_tokens(profile: ModelProfile) -> ModelProfile:
    """The profile with no answer tokens, so that its cost can be bounded."""
    price = {"output": 0.0, **profile.price} if profile.price else profile.price
    return replace(profile, max_output_tokens=0, price=price)


def endpoint_reply(question: Question, text: str) -> Reply:
    """The reply in the text of an answer; NoReply if the text is not a reply to this question."""
    value = parsed(text)
    items = value.get(_KEYS[question.kind]) if isinstance(value, Mapping) else None
    if isinstance(items, list):
        if question.kind == "embedding" and items and all(map(_is_number, items)):
            return Embedding(vector=array("d", items))
        if question.kind == "moderation" and all(isinstance(category, str) for category in items):
            return ModerationReply(flagged=tuple(items))
    return NoReply(reason=f"expected {_WANTED[question.kind]}, got {shown(text)}")


_KEYS = {"embedding": "vector", "moderation": "flagged"}
_WANTED = {
    "embedding": "JSON with a `vector` of numbers",
    "moderation": "JSON with the categories that are `flagged`",
}


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) <= float_info.max
