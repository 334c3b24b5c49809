"""Embeddings of one text, as the text of an answer: `{"vector": [...]}`."""

from __future__ import annotations

from collections.abc import Mapping
from sys import float_info
from typing import Any

from promptops.evals.providers.openai.failures import bad_answer
from promptops.evals.providers.openai.one_text import arguments
from promptops.evals.providers.openai.reading import count, items, mapping, text
from promptops.model.answer import Answer, Usage
from promptops.runtime.request.canonical import canonical_json

__all__ = ["PATH", "answer", "arguments"]

PATH = "/embeddings"
DIGITS = 6
"""Significant ones, of each number: as many as a cosine shows, in a line that is committed."""


def answer(body: Mapping[str, Any]) -> Answer:
    """The first vector; raises Failure if there is none."""
    found = items(body.get("data"))
    vector = found[0].get("embedding") if found else None
    if not isinstance(vector, list) or not vector:
        raise bad_answer("is not an embedding")
    return Answer(
        text=canonical_json({"vector": [_rounded(number) for number in vector]}),
        model=text(body.get("model")),
        usage=Usage(input=count(mapping(body.get("usage")).get("prompt_tokens"))),
    )


def _rounded(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise bad_answer("is an embedding of something other than numbers")
    if not abs(number) <= float_info.max:  # false of NaN, too
        raise bad_answer("is an embedding with a number that is not finite")
    return float(f"{number:.{DIGITS}g}")
