"""All assertions over a prompt's answers: those of its cases, and those of `evaluation`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from promptops.evals.parse import (
    DEFAULT_SCORE,
    Assertion,
    answer_assertions,
    is_of_plugin,
    parse,
    problems,
)
from promptops.evals.result import At
from promptops.evals.subject import On
from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.place import Offsets, Place
from promptops.model.prompt import Case, Message, Prompt
from promptops.records import record, replace
from promptops.source.explain import type_name
from promptops.suggestions import LimitedLookups, did_you_mean


@record(frozen=True, slots=True)
class WrittenAssertion:
    """An assertion over answers as written, with the places of its parts.

    Attributes:
        on: What it checks.
    """

    written: Mapping[str, Any]
    at: At
    on: On = "answer"

    @classmethod
    def of(
        cls, written: Mapping[str, Any], locate: At, base: str, on: On = "answer"
    ) -> WrittenAssertion:
        """`base` is the JSON pointer of the assertion in the file that `locate` searches."""

        def at(pointer: str, key: bool, within: Offsets | None = None) -> Place:
            return locate(base + pointer, key, within)

        return cls(written, at, on)

    @property
    def parsed(self) -> Assertion | None:
        """The assertion; None if it has a problem."""
        return parse(self.written, self.on)[0]

    @property
    def path(self) -> str:
        """The path of its file."""
        return self.at("", False).path


def assertions_of(case: Case, prompt: Prompt) -> Iterator[WrittenAssertion]:
    """The assertions over the answers to a case: its own first, then those of every case.

    The ones on the conversation are the last of its own.
    """
    yield from own_assertions(case)
    yield from assertions_of_every_case(prompt)


def own_assertions(case: Case) -> list[WrittenAssertion]:
    """The assertions over answers that a case itself has."""
    return [
        WrittenAssertion.of(written, case.locate, f"{case.at}{at}/{index}", on)
        for on, at, assertions in answer_assertions(case)
        for index, written in enumerate(assertions)
    ]


def problems_of_case(case: Case, prompt: Prompt) -> Iterator[Problem]:
    """The problems of one case of a prompt, each at its place: those of `parse.problems`, and more.

    A first turn can only give results of tools that the last message of the prompt calls.
    """
    yield from problems(case)
    if not case.turns:
        return
    if not case.simulated and not any(True for _ in assertions_of(case, prompt)):
        hint = "write `output` of a turn, or `conversation`"
        place = case.locate(f"{case.at}/turns", True)
        yield Problem("nothing checks the answers of the turns", at=place, hint=hint)
    yield from _unknown_tools(case, prompt)
    last = next(reversed(prompt.messages), None)
    called = {call.get("name") for call in (last.tool_calls if isinstance(last, Message) else ())}
    for result in case.turns[0].results:
        if result.name not in called:
            message = f"turn 1 answers `{result.name}`, which the prompt does not call"
            place = case.locate(f"{case.turns[0].at}/tool", True)
            yield Problem(message, at=place, hint="begin with `user: …`")


def _unknown_tools(case: Case, prompt: Prompt) -> Iterator[Problem]:
    """Results of tools that the prompt does not have: no answer can call them."""
    names = [tool.name for tool in prompt.tools]
    for turn in case.turns if names else ():
        for result in turn.results:
            if result.name not in names:
                message = f"the prompt has no tool `{result.name}`"
                place = case.locate(f"{turn.at}/tool", True)
                yield Problem(message, at=place, hint=did_you_mean(result.name, names))


def each_written(prompt: Prompt) -> Iterator[tuple[WrittenAssertion, On]]:
    """All assertions of a prompt; those that apply to every case are the last ones."""
    for case in prompt.cases:
        for index, written in enumerate(case.rendered):
            at = f"{case.at}/rendered/{index}"
            yield WrittenAssertion.of(written, case.locate, at), "request"
        yield from ((written, written.on) for written in own_assertions(case))
    yield from ((written, "answer") for written in assertions_of_every_case(prompt))


def every_assertion(_: WrittenAssertion) -> bool:
    """All assertions are considered."""
    return True


def problems_of_answers(
    prompt: Prompt,
    *,
    judges: Collection[str],
    profiles: Collection[str],
    considered: Callable[[WrittenAssertion], bool] = every_assertion,
) -> Iterator[Problem]:
    """Problems, with their places, that `parse.problems` can't find in a single case.

    They are in `evaluation`, and in assertions that name another case.

    Args:
        judges: The existing ids of prompts.
        profiles: The existing names of models.
        considered: Other assertions are ignored. If there is one, the primary score is not checked
            either: the assertion may count in a score that only its plug-in knows.
    """
    for assertion in filter(considered, assertions_of_every_case(prompt)):
        yield from _problems(assertion)
    yield from _wrong_judge(prompt, judges, profiles)
    if considered is every_assertion or all(map(considered, _of_answers(prompt))):
        yield from _wrong_score(prompt)
    yield from _wrong_cases(prompt, considered)
    yield from _unfailing(prompt, considered)


def needs_no_plugin(assertion: WrittenAssertion) -> bool:
    """Whether it can be read without loading a plug-in."""
    return not is_of_plugin(assertion.written)


def _problems(assertion: WrittenAssertion) -> Iterator[Problem]:
    for problem in parse(assertion.written, "answer")[1]:
        place = assertion.at(str(problem.at), problem.key, problem.within)
        yield replace(problem, at=place, within=None)


def counterparts(case: Case, prompt: Prompt) -> tuple[str, ...]:
    """The names of the other cases whose answers the assertions of this case need."""
    every = (*case.on_answers, *(prompt.evaluation.get("assertions") or ()))
    if not any(map(_may_name, every)):
        return ()
    named = (_named_cases(each.parsed) for each in assertions_of(case, prompt))
    return tuple(dict.fromkeys(name for found in named for name, _ in found))


def _may_name(written: Mapping[str, Any]) -> bool:
    """A cheap test: sets contain other assertions, and one assertion names a case itself."""
    return isinstance(written.get("value"), list) or "counterfactual" in str(written.get("type"))


def assertions_of_every_case(prompt: Prompt) -> Iterator[WrittenAssertion]:
    """The assertions of `evaluation`, which apply to the answer of every case."""
    for index, written in enumerate(prompt.evaluation.get("assertions") or ()):
        yield WrittenAssertion.of(written, prompt.locate, f"/evaluation/assertions/{index}")


def _of_answers(prompt: Prompt) -> Iterator[WrittenAssertion]:
    return (written for written, on in each_written(prompt) if on != "request")


def _wrong_judge(
    prompt: Prompt, judges: Collection[str], profiles: Collection[str]
) -> Iterator[Problem]:
    judge, at = prompt.evaluation.get("judge"), "/evaluation/judge"
    if isinstance(judge, str) and judge not in judges:
        hint = did_you_mean(judge, judges) or "name the id of a prompt of this catalog"
        place = prompt.locate(at, False)
        yield Problem(f"there is no prompt `{judge}` to use as the judge", at=place, hint=hint)
    if isinstance(judge, Mapping):
        yield from _wrong_model(judge, prompt, profiles)


def _wrong_model(
    model: Mapping[str, Any], prompt: Prompt, profiles: Collection[str]
) -> Iterator[Problem]:
    for key, value in model.items():
        at = f"/evaluation/judge/{escaped(key)}"
        if key not in _MODEL_KEYS:
            hint = did_you_mean(key, _MODEL_KEYS) or f"known here: {', '.join(_MODEL_KEYS)}"
            place = prompt.locate(at, True)
            yield Problem(f"`{key}` is not a key of a model", at=place, key=True, hint=hint)
        elif not isinstance(value, str) or not value:
            place = prompt.locate(at, False)
            yield Problem(f"expected a string, got {type_name(value)}", at=place)
    named = model.get("profile")
    if isinstance(named, str) and named not in profiles:
        place = prompt.locate("/evaluation/judge/profile", False)
        yield Problem(f"there is no model `{named}`", at=place, hint=did_you_mean(named, profiles))
    if ("profile" in model) == ("id" in model) or ("id" in model) != ("provider" in model):
        hint = "write `profile`, or `provider` and `id`"
        place = prompt.locate("/evaluation/judge", False)
        yield Problem("the judge model is incomplete", at=place, hint=hint)


_MODEL_KEYS = ("profile", "provider", "id")


def _wrong_score(prompt: Prompt) -> Iterator[Problem]:
    """A primary score without assertions would decide nothing."""
    primary = prompt.evaluation.get("score")
    if not prompt.cases:
        return
    found = (written.parsed for written in _of_answers(prompt))
    names = {assertion.score for assertion in found if assertion and assertion.score}
    if primary is None and DEFAULT_SCORE not in names and len(names) > 1:
        hint = f"choose one: score: {sorted(names)[0]}"
        place = prompt.locate("/evaluation", True)
        yield Problem(
            "several scores are measured, and no primary score is set", at=place, hint=hint
        )
    if isinstance(primary, str) and primary not in names:
        hint = did_you_mean(primary, names) or "name it in an assertion: `score`"
        place = prompt.locate("/evaluation/score", False)
        yield Problem(f"no assertion counts in the score `{primary}`", at=place, hint=hint)


def _unfailing(prompt: Prompt, considered: Callable[[WrittenAssertion], bool]) -> Iterator[Problem]:
    """Assertions that pass for every request or answer; the first `_MOST_PROBED` are checked."""
    checked: dict[str, tuple[Problem, ...]] = {}
    of_text = prompt.output.schema is None and prompt.output.format != "json"
    for written, on in each_written(prompt):
        if on == "conversation" or not (considered(written) and _has_expression(written.written)):
            continue
        assertion, key = parse(written.written, on)[0], f"{on}{written.written!r}"
        if assertion is None or (key not in checked and len(checked) >= _MOST_PROBED):
            continue
        if key not in checked:
            checked[key] = tuple(_passing(assertion, on, of_text=of_text))
        for problem in checked[key]:
            yield replace(problem, at=written.at(str(problem.at), False))


def _passing(assertion: Assertion, on: On, *, of_text: bool) -> Iterator[Problem]:
    """The parts that pass everything, with pointers into the assertion."""
    from promptops.evals.probe_answers import passes_every_text, passes_everything, unfailing_parts

    unfailing = tuple(unfailing_parts(assertion, lambda part: passes_everything(part, on)))
    for part in unfailing:
        message, hint = f"the assertion passes for every {on}", _CAN_FAIL.format(_AN[on])
        yield Problem(message, at=f"{part}/value", hint=hint)
    for part in unfailing_parts(assertion, passes_every_text) if on == "answer" and of_text else ():
        if part not in unfailing:
            message = "the assertion passes for every answer that is not JSON"
            hint = "to refuse JSON, write `not-is-json`; to require a text, `word-count: {min: 1}`"
            yield Problem(message, at=f"{part}/value", hint=hint)


_CAN_FAIL = "write an assertion that {} can fail"
_AN: Mapping[str, str] = {"request": "a request", "answer": "an answer"}


_MOST_PROBED = 100


def _has_expression(written: Any) -> bool:
    """Whether an assertion, or one in its set, has an expression."""
    if not isinstance(written, Mapping):
        return False
    if "transform" in written or written.get("type") in ("expr", "not-expr"):
        return True
    parts = written.get("value")
    return isinstance(parts, list) and any(map(_has_expression, parts))


def _wrong_cases(
    prompt: Prompt, considered: Callable[[WrittenAssertion], bool]
) -> Iterator[Problem]:
    """The problems with other cases that assertions name."""
    cases, lookups = {case.name: case for case in prompt.cases}, LimitedLookups()
    for case in prompt.cases:
        for assertion in filter(considered, assertions_of(case, prompt)):
            yield from _wrong_case(assertion, case, cases, lookups)


def _wrong_case(
    assertion: WrittenAssertion, case: Case, cases: Mapping[str, Case], lookups: LimitedLookups
) -> Iterator[Problem]:
    for named, at in _named_cases(assertion.parsed):
        place = assertion.at(at, False)
        other = cases.get(named)
        if other is None:
            hint = lookups.did_you_mean(named, cases)
            yield Problem(f"there is no case `{named}`", at=place, hint=hint)
        elif named == case.name:
            yield Problem("a case can't be its own counterpart", at=place)
        elif other.inputs == case.inputs and _said(other) == _said(case):
            yield Problem(f"the case `{named}` has the same inputs: nothing differs", at=place)


def _said(case: Case) -> list[object]:
    return [turn.said for turn in case.turns]


def _named_cases(assertion: Assertion | None, at: str = "") -> Iterator[tuple[str, str]]:
    """The names of the cases whose answers an assertion needs, each with its JSON pointer."""
    named = getattr(assertion.check, "case", None) if assertion else None
    if isinstance(named, str):
        yield named, f"{at}/value"
    for index, part in enumerate(getattr(assertion.check, "parts", ()) if assertion else ()):
        yield from _named_cases(part, f"{at}/value/{index}")
