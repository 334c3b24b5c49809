"""Inputs of test cases from the team's own retriever: recorded ones, or new ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Literal

from promptops.catalog.catalog import Catalog
from promptops.catalog.recordings import (
    call_digest,
    is_plain,
    recorded_as,
    recorded_value,
    wanted_inputs,
    with_inputs,
)
from promptops.evals.python_functions import functions_of
from promptops.evals.verdict import Unjudgeable
from promptops.json_pointer import escaped
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt, Request
from promptops.model.test_run import CaseRun
from promptops.records import record, replace
from promptops.repo.repository import Repository
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.request.inputs import Inputs
from promptops.testing.answering import UNRECORDED, Answering, Mode
from promptops.testing.judging import error_run
from promptops.testing.model_calls import ModelCalls
from promptops.testing.plan import PlannedCase, WantedAnswer, needed_cases, plan_cases, with_hint
from promptops.testing.recordings.store import Store

_PromptCase = tuple[str, str]
"""The path of a prompt, and the name of a case."""


class MissingInputs:
    """Retrieves the inputs of cases that no recording has; only if the mode allows calls.

    For commands other than `test`: an input that is recorded is used as it is, also in a live run.
    In a run that records, a new one joins the prompt's own recordings; else it is kept nowhere,
    because the function may return something else after its code was edited.
    """

    def __init__(
        self, catalog: Catalog, mode: Mode, calls: ModelCalls, repository: Repository | None = None
    ) -> None:
        """The repository is needed to record."""
        self._catalog = catalog
        self._answering: Answering | None = None
        if mode != "replay":
            own: Mode | Literal["cache"] = mode if mode == "record" else UNRECORDED
            self._answering = Answering(
                catalog, Store(catalog), own, repository=repository, calls=calls
            )

    def of_plan(
        self,
        chosen: Sequence[PlannedCase],
        whole: Sequence[PlannedCase],
        repeats: int | None = None,
    ) -> list[PlannedCase]:
        """The whole plan, with the inputs of the chosen cases and of those they compare with."""
        needed = [*chosen, *needed_cases(chosen, lambda: whole)]
        if self._answering is None or not any(planned.unrecorded for planned in needed):
            return list(whole)
        missing = [planned for planned in needed if planned.unrecorded]
        found = with_retrieved_inputs(self._catalog, self._answering, missing, repeats)
        new: dict[_PromptCase, list[PlannedCase]] = {}
        for planned in found:
            new.setdefault(_prompt_case(planned), []).append(planned)
        return [each for planned in whole for each in new.get(_prompt_case(planned), [planned])]

    def of_case(self, prompt: Prompt, case: Case) -> Case | RetrievalFailure:
        """The case with its retrieved inputs; some are missing if no function may be called."""
        if self._answering is None or not case.unrecorded:
            return case
        return Retriever(self._catalog, self._answering).with_inputs(prompt, case)

    def end(self) -> Iterator[CaseRun]:
        """Write the new inputs to the recordings; yields why some could not be written."""
        if self._answering is None or not self._answering.needs:
            return
        written = self._answering.end(prune=False)
        for problem in dict.fromkeys((*self._answering.refused, *written.problems)):
            if isinstance(problem.at, Place):
                reason = with_hint(problem.message, problem.hint)
                yield error_run(str(problem.at), reason, problem.at)


def with_retrieved_inputs(
    catalog: Catalog, answering: Answering, plan: Sequence[PlannedCase], repeats: int | None = None
) -> list[PlannedCase]:
    """The plan with the inputs that `evaluation.retrieve` returns.

    Its functions are called if the mode allows it and a call is not recorded. A case whose function
    fails is an error; without a call it stays as it is.
    """
    prompts = {planned.prompt.path: planned.prompt for planned in plan}
    retrieving = [prompt for prompt in prompts.values() if "retrieve" in prompt.evaluation]
    if not retrieving:
        return list(plan)
    planner = _Planner(catalog, answering)
    by_case: dict[_PromptCase, list[PlannedCase]] = {}
    for planned in plan:
        by_case.setdefault(_prompt_case(planned), []).append(planned)
    for prompt in retrieving:
        by_case |= planner.planned(prompt, by_case, repeats)
    return [planned for each in by_case.values() for planned in each]


def _prompt_case(planned: PlannedCase) -> _PromptCase:
    return planned.prompt.path, planned.case.name


def _failed_case(planned: PlannedCase, failure: RetrievalFailure) -> PlannedCase:
    """The case as an error, at the name of the function."""
    if _is_wrong(planned):
        return planned
    return PlannedCase(
        prompt=planned.prompt,
        case=planned.case,
        repeat=planned.repeat,
        error=failure.message,
        place=failure.place,
    )


def _is_wrong(planned: PlannedCase) -> bool:
    """Whether the case has an error, so that nothing is retrieved for it."""
    return bool(planned.error) and not planned.unrecorded


class _Planner:
    """Plans the cases of one catalog again whose inputs were retrieved."""

    def __init__(self, catalog: Catalog, answering: Answering) -> None:
        self._catalog = catalog
        self._retriever = Retriever(catalog, answering)

    def planned(
        self, prompt: Prompt, by_case: Mapping[_PromptCase, list[PlannedCase]], repeats: int | None
    ) -> dict[_PromptCase, list[PlannedCase]]:
        """The cases of a prompt that change, planned again."""
        own = {key: plan for key, plan in by_case.items() if key[0] == prompt.path}
        retrieved = {
            key: self._retriever.with_inputs(prompt, plan[0].case)
            for key, plan in own.items()
            if not _is_wrong(plan[0])
        }
        failed = {
            key: [_failed_case(planned, found) for planned in own[key]]
            for key, found in retrieved.items()
            if isinstance(found, RetrievalFailure)
        }
        new = {
            key[1]: found
            for key, found in retrieved.items()
            if isinstance(found, Case) and found.inputs != own[key][0].case.inputs
        }
        return failed | (self._replanned(prompt, new, own, repeats) if new else {})

    def _replanned(
        self,
        prompt: Prompt,
        new: Mapping[str, Case],
        own: Mapping[_PromptCase, list[PlannedCase]],
        repeats: int | None,
    ) -> dict[_PromptCase, list[PlannedCase]]:
        cases = tuple(new.get(case.name, case) for case in prompt.cases)
        loaded = self._catalog.loaded(prompt.path)
        loaded = replace(loaded, prompt=replace(prompt, cases=cases))
        found: dict[_PromptCase, list[PlannedCase]] = {}
        for planned in plan_cases(self._catalog, [loaded], repeats):
            key = prompt.path, planned.case.name
            if planned.case.name in new and _is_in(planned, own[key]):
                found.setdefault(key, []).append(planned)
        return found


def _is_in(planned: PlannedCase, before: Sequence[PlannedCase]) -> bool:
    """Whether the repeat was planned; a case that was not recorded had only one."""
    return before[0].unrecorded or any(each.repeat == planned.repeat for each in before)


# Calls of the functions that `evaluation.retrieve` names.

MAX_INPUT_CHARS = 1_000_000
"""The longest retrieved input, as JSON: a rendered text has at most as many characters."""

_DAMAGED_RECORDING = "its recording is damaged; `promptops test --refresh` replaces it"


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
                return _failure(prompt, name, _DAMAGED_RECORDING)
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
        base = _place_of_input(prompt, name).path
        given = (deepcopy(case.own_inputs),)
        value = self._functions.call(function_name, path, base, given)
        wrong = next(_value_problems(prompt, case, name, value), None)
        if wrong is not None:
            raise Unjudgeable(f"`{function_name}` of {path} returned a wrong value: {wrong}")
        text = canonical_json(value)
        if len(text) > MAX_INPUT_CHARS or not is_plain(value):
            raise Unjudgeable(f"`{function_name}` of {path} returned too much data to record")
        return Answer(text=text, model=function)


def _failure(prompt: Prompt, name: str, reason: str) -> RetrievalFailure:
    return RetrievalFailure(name=name, reason=reason, place=_place_of_input(prompt, name))


def _place_of_input(prompt: Prompt, name: str) -> Place:
    return prompt.locate(f"/evaluation/retrieve/{escaped(name)}", False)


def _value_problems(prompt: Prompt, case: Case, name: str, value: Any) -> Iterator[str]:
    """Why a value is not an input of a prompt; rendering reports problems of other inputs."""
    at = f"/{escaped(name)}"
    _, found = Inputs(prompt.inputs).accept({**case.own_inputs, name: value})
    for problem in found:
        if problem.pointer == at or problem.pointer.startswith(f"{at}/"):
            yield problem.message
