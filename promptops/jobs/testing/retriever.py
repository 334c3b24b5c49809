"""Calls of the functions that `evaluation.retrieve` names."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.catalog.retrieved_inputs import (
    call_digest,
    recorded_as,
    recorded_value,
    wanted_inputs,
    with_inputs,
)
from promptops.evals.python_functions import functions_of
from promptops.evals.verdict import Unjudgeable
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.wanted_answers import WantedAnswer
from promptops.json_pointer import escaped
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.model.request import Request
from promptops.records import record
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.request.inputs import Inputs
from promptops.source.quick_checks import is_plain

MAX_CHARS = 1_000_000
"""The longest retrieved input, as JSON: a rendered text has at most as many characters."""

_DAMAGED = "its recording is damaged; `promptops test --refresh` replaces it"


@record(frozen=True, slots=True, kw_only=True)
class RetrievalFailure:
    """An input that could not be retrieved.

    Attributes:
        place: The name of the input in `evaluation.retrieve`.
    """

    name: str
    reason: str
    place: Place

    @property
    def message(self) -> str:
        return f"`{self.name}` can't be retrieved: {self.reason}"


class Retriever:
    """Calls the functions of one catalog; `answering` decides whether one may be called."""

    def __init__(self, catalog: Catalog, answering: Answering) -> None:
        self._answering = answering
        self._functions = functions_of(
            catalog, allowed=True, refused=answering.refused_code, caller="retrievers"
        )

    def with_inputs(self, prompt: Prompt, case: Case) -> Case | RetrievalFailure:
        """The case with its recorded inputs, and new ones; some may still be missing."""
        values: dict[str, Any] = {}
        for name, function in wanted_inputs(prompt, case):
            result = self._answering.call(*self._call(prompt, case, name, function))
            if result.failed:
                return _failure(prompt, name, result.reason)
            if result.answer is None:
                continue
            try:
                values[name] = recorded_value(result.answer.text)
            except (ValueError, RecursionError):
                return _failure(prompt, name, _DAMAGED)
        return with_inputs(case, values)

    def _call(
        self, prompt: Prompt, case: Case, name: str, function: str
    ) -> tuple[WantedAnswer, Any]:
        """The call of a function as the need of an answer, and how to get it."""
        want = WantedAnswer(
            prompt=prompt,
            case=case.name,
            repeat=0,
            digest=call_digest(function, case.own_inputs),
            request=Request(messages=()),
            profile=None,
            judge=recorded_as(name),
        )
        return want, lambda: self._answer(prompt, case, name, function)

    def _answer(self, prompt: Prompt, case: Case, name: str, function: str) -> Answer:
        """The result of a function; raises Unjudgeable."""
        path, _, function_name = function.rpartition(":")
        base = _place(prompt, name).path
        given = (deepcopy(case.own_inputs),)
        value = self._functions.call(function_name, path, base, given)
        wrong = next(_problems(prompt, case, name, value), None)
        if wrong is not None:
            raise Unjudgeable(f"`{function_name}` of {path} returned a wrong value: {wrong}")
        text = canonical_json(value)
        if len(text) > MAX_CHARS or not is_plain(value):
            raise Unjudgeable(f"`{function_name}` of {path} returned too much data to record")
        return Answer(text=text, model=function)


def _failure(prompt: Prompt, name: str, reason: str) -> RetrievalFailure:
    return RetrievalFailure(name=name, reason=reason, place=_place(prompt, name))


def _place(prompt: Prompt, name: str) -> Place:
    return prompt.locate(f"/evaluation/retrieve/{escaped(name)}", False)


def _problems(prompt: Prompt, case: Case, name: str, value: Any) -> Iterator[str]:
    """Why a value is not an input of a prompt; rendering reports problems of other inputs."""
    at = f"/{escaped(name)}"
    _, found = Inputs(prompt.inputs).accept({**case.own_inputs, name: value})
    for problem in found:
        if problem.pointer == at or problem.pointer.startswith(f"{at}/"):
            yield problem.message
