"""The four APIs of a server: the body of a request, and the answer in a response.

Any value of a response may be missing or have another type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from sys import float_info
from typing import Any

from promptops.evals.providers import OWN, Failure
from promptops.evals.providers.http_api.failures import bad_answer
from promptops.evals.providers.http_api.values import count, items, mapping, text, tool_call
from promptops.evals.providers.openai.failures import failure_in_response
from promptops.model.answer import Answer, Usage
from promptops.model.request import Request
from promptops.records import record
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.request.chat import chat_arguments
from promptops.runtime.request.responses import response_arguments

DIGITS = 6
"""Significant digits of each number of a vector: enough for a cosine, and the line stays short."""

_FINISHED = {"max_output_tokens": "length", "content_filter": "content_filter"}


@record(frozen=True, slots=True, kw_only=True)
class Api:
    """One API.

    Attributes:
        path: Appended to the server's address.
        arguments: From a request to its body; raises Failure if the API can't send it.
        answer: From the body of a response to the answer; raises Failure if it is missing.
    """

    path: str
    arguments: Callable[[Request], dict[str, Any]]
    answer: Callable[[Mapping[str, Any]], Answer]


def _completion(body: Mapping[str, Any]) -> Answer:
    """The first choice of a chat completion."""
    choices = items(body.get("choices"))
    if not choices or not isinstance(choices[0].get("message"), dict):
        raise bad_answer("is not a chat completion")
    message = choices[0]["message"]
    calls = [mapping(call.get("function")) for call in items(message.get("tool_calls"))]
    usage = mapping(body.get("usage"))
    return Answer(
        text=text(message.get("content")) or text(message.get("refusal")),
        tool_calls=tuple(tool_call(call.get("name"), call.get("arguments")) for call in calls),
        finish_reason=text(choices[0].get("finish_reason")) or "stop",
        model=text(body.get("model")),
        fingerprint=text(body.get("system_fingerprint")) or None,
        usage=Usage(
            input=count(usage.get("prompt_tokens")),
            output=count(usage.get("completion_tokens")),
            cached=count(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
        ),
    )


def _response(body: Mapping[str, Any]) -> Answer:
    """Text and tool calls of a response of the Responses API."""
    if body.get("status") == "failed":
        raise failure_in_response(body.get("error"), {}, 0.0)
    if not isinstance(body.get("output"), list):
        raise bad_answer("is not a response")
    output = items(body["output"])
    calls = tuple(
        tool_call(item.get("name"), item.get("arguments"))
        for item in output
        if item.get("type") == "function_call"
    )
    usage = mapping(body.get("usage"))
    return Answer(
        text="".join(_output_texts(output)),
        tool_calls=calls,
        finish_reason=_finish_reason(body, bool(calls)),
        model=text(body.get("model")),
        usage=Usage(
            input=count(usage.get("input_tokens")),
            output=count(usage.get("output_tokens")),
            cached=count(mapping(usage.get("input_tokens_details")).get("cached_tokens")),
        ),
    )


def _output_texts(output: list[Mapping[str, Any]]) -> Iterator[str]:
    for item in output:
        if item.get("type") == "message":
            for part in items(item.get("content")):
                yield text(part.get("text")) or text(part.get("refusal"))


def _finish_reason(body: Mapping[str, Any], has_calls: bool) -> str:
    if body.get("status") == "incomplete":
        reason = text(mapping(body.get("incomplete_details")).get("reason"))
        return _FINISHED.get(reason, reason or "length")
    return "tool_calls" if has_calls else "stop"


def _one_text(request: Request) -> dict[str, Any]:
    """The body of a request about one text; raises Failure if the request has more."""
    texts = [message.get("content") for message in request.messages]
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise Failure(message="this API accepts only one message of text", kind="refused")
    options = request.provider_options.get(OWN, {})
    return {"model": request.model.get("id"), "input": texts[0], **options}


def _vector(body: Mapping[str, Any]) -> Answer:
    """The first embedding, as the text of an answer: `{"vector": [...]}`."""
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


def _flagged(body: Mapping[str, Any]) -> Answer:
    """The flagged categories, sorted, as the text of an answer: `{"flagged": [...]}`."""
    found = items(body.get("results"))
    categories = found[0].get("categories") if found else None
    if not isinstance(categories, dict):
        raise bad_answer("is not a moderation result")
    if not all(flag is None or isinstance(flag, bool) for flag in categories.values()):
        raise bad_answer("is a moderation result whose categories are neither true nor false")
    flagged = sorted(text(name) for name, flag in categories.items() if flag)
    if found[0].get("flagged") is True and not flagged:
        raise bad_answer("is a moderation result that flags the text without naming a category")
    return Answer(text=canonical_json({"flagged": flagged}), model=text(body.get("model")))


APIS: Mapping[str, Api] = {
    "chat": Api(path="/chat/completions", arguments=chat_arguments, answer=_completion),
    "responses": Api(path="/responses", arguments=response_arguments, answer=_response),
    "embeddings": Api(path="/embeddings", arguments=_one_text, answer=_vector),
    "moderations": Api(path="/moderations", arguments=_one_text, answer=_flagged),
}
"""By the names that `api_of` returns."""
