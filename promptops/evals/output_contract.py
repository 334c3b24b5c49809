"""The output contract: an answer must be accepted by the application's `parse`."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Literal

from promptops.evals.result import Judgement, Status
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Output, Prompt
from promptops.runtime.request.answers import AnswerError, Answers

Format = Literal["text", "json", "markdown"]

OUTPUT = "output"
"""The type of the verdict: no assertion has this name."""


def judge_output(answer: Answer, prompt: Prompt) -> tuple[Judgement, ...]:
    """The verdict of the output contract, at the output schema; empty if there is no contract.

    There is none if the output is text, if `evaluation.output` is false, and for an answer that
    only calls tools: the output comes after their results.
    """
    if not _applies(answer, prompt):
        return ()
    key = "schema" if prompt.output.schema is not None else "format"
    place = prompt.locate(f"/output/{key}", False)
    try:
        _reader(prompt.output.format, json.dumps(prompt.output.schema)).read(
            answer.text, answer.finish_reason
        )
    except AnswerError as error:
        reason = f"{error.message}: {error.hint}" if error.hint else error.message
        return (_verdict("failed", reason, place),)
    except ValueError as error:
        return (_verdict("error", f"the schema can't be used: {error}", place),)
    return (_verdict("passed", f"the answer matches the output {key}", place),)


def _applies(answer: Answer, prompt: Prompt) -> bool:
    if prompt.evaluation.get("output") is False:
        return False
    if prompt.output.schema is None and prompt.output.format != "json":
        return False
    return bool(answer.text.strip()) or not answer.tool_calls


def _verdict(status: Status, reason: str, place: Place) -> Judgement:
    degree = 1.0 if status == "passed" else 0.0
    return Judgement(
        type=OUTPUT, status=status, must=True, reason=reason, place=place, degree=degree
    )


@lru_cache(maxsize=64)
def _reader(form: Format, schema: str) -> Answers:
    """Cached, because a prompt has many answers and one schema."""
    return Answers("", Output(format=form, schema=json.loads(schema)))
