"""Moderation of one text, as the text of an answer: `{"flagged": [...]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.evals.providers.openai.failures import bad_answer
from promptops.evals.providers.openai.one_text import arguments
from promptops.evals.providers.openai.reading import items, text
from promptops.model.answer import Answer
from promptops.runtime.request.canonical import canonical_json

__all__ = ["PATH", "answer", "arguments"]

PATH = "/moderations"


def answer(body: Mapping[str, Any]) -> Answer:
    """The flagged categories, sorted; raises Failure if the response has none."""
    found = items(body.get("results"))
    categories = found[0].get("categories") if found else None
    if not isinstance(categories, dict):
        raise bad_answer("is not a moderation result")
    if not all(each is None or isinstance(each, bool) for each in categories.values()):
        raise bad_answer("is a moderation result whose categories are neither true nor false")
    flagged = sorted(text(name) for name, is_so in categories.items() if is_so)
    if found[0].get("flagged") is True and not flagged:
        raise bad_answer("is a moderation result that flags the text without naming a category")
    return Answer(text=canonical_json({"flagged": flagged}), model=text(body.get("model")))
