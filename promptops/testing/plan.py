"""The cases of the selected prompts, and the answers that each needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from typing import Literal

from promptops.catalog.catalog import Catalog
from promptops.catalog.recordings import unrecorded_reason
from promptops.catalog.schema_places import wrong_profile
from promptops.errors import UsageError
from promptops.evals.case_assertions import (
    assertions_of,
    counterparts,
    problems_of_answers,
    problems_of_case,
)
from promptops.evals.conversations import case_digest
from promptops.evals.judge_prompts import ANCHOR, is_anchor
from promptops.evals.result import Judgement, judge_request
from promptops.evals.unknown_names import retrieved_problems
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.internal_error import CaughtBug, InternalError
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Case, CaseTurn, Model, Prompt, Request
from promptops.plurals import some
from promptops.records import record, replace
from promptops.runtime.request.render import BudgetSpent, Renderer, RenderError
from promptops.runtime.template.limits import PromptBudget
from promptops.suggestions import did_you_mean

MAX_ANSWERS = 50_000
"""The limit for one prompt: all cases are planned before the first request."""

CaseKey = tuple[str, str, int]
"""A prompt's id, the name of a case, a repeat."""

AnswerKey = tuple[str, str, int, str]
"""The key of an answer: its prompt file, the digest of the request, repeat, judge or ""."""


@record(frozen=True, slots=True, kw_only=True)
class PlannedCase:
    """One case and repeat.

    Attributes:
        repeat: 0-based.
        request: None if it can't be rendered.
        digest: The digest of the request, with turns that of the conversation; "" without one.
        rendered: The verdicts of its assertions on the request.
        error: Why it can't be judged, or "".
        place: The place of the case, or of the error.
        needs_answer: It has assertions on the answer.
        judge_model: The model of built-in judges, unless the prompt names one; None for the model
            that answers.
        unrecorded: The error is that retrieved inputs are not recorded.
        internal: The error is a bug in promptops.
        of_prompt: The error is one of the prompt or its configuration: no case can be judged.
    """

    prompt: Prompt
    case: Case
    place: Place
    repeat: int = 0
    request: Request | None = None
    digest: str = ""
    rendered: tuple[Judgement, ...] = ()
    error: str = ""
    needs_answer: bool = False
    unrecorded: bool = False
    internal: bool = False
    of_prompt: bool = False
    judge_model: Model | None = None

    @property
    def case_key(self) -> CaseKey:
        return self.prompt.id, self.case.name, self.repeat

    @property
    def key(self) -> AnswerKey:
        """The key of the answer that it needs."""
        return self.prompt.path, self.digest, self.repeat, ""


def plan_cases(
    catalog: Catalog, loaded: Iterable[LoadedPrompt], repeats: int | None = None
) -> Iterator[PlannedCase]:
    """The cases of prompts that can be read, in order; `repeats` wins over the prompts' own."""
    ids: set[str] = set()
    for prompt in (prompt_file.prompt for prompt_file in loaded if prompt_file.prompt is not None):
        yield from _plan_prompt(_prepare(catalog, prompt, ids), prompt, repeats)
        ids.add(prompt.id)


def needed_cases(
    plan: Sequence[PlannedCase], whole: Callable[[], Iterable[PlannedCase]]
) -> list[PlannedCase]:
    """Cases outside a plan whose answers are needed to judge those in it.

    `whole` plans all cases, and is called only if any is missing.
    """
    present = {planned.case_key for planned in plan}
    needed = {
        (planned.prompt.id, name, planned.repeat)
        for planned in plan
        for name in counterparts(planned.case, planned.prompt)
    } - present
    return [planned for planned in whole() if planned.case_key in needed] if needed else []


@record(frozen=True, slots=True)
class _Wrong:
    """Why a case can't be judged."""

    error: str
    place: Place
    unrecorded: bool = False
    internal: bool = False


def _internal_error(error: InternalError, place: Place) -> _Wrong:
    problem = error.problem(place)
    return _Wrong(with_hint(problem.message, problem.hint), place, internal=True)


_Prepared = Renderer | RenderError | _Wrong
"""The renderer of a prompt's cases, or why none of them can be judged."""


def _prepare(catalog: Catalog, prompt: Prompt, ids: Collection[str]) -> _Prepared:
    with CaughtBug() as bug:
        prepared = (
            _duplicate_id(prompt, ids)
            or _assertion_error(catalog, prompt)
            or _renderer(catalog, prompt)
        )
    return prepared if bug.error is None else _internal_error(bug.error, Place(prompt.path))


def _plan_prompt(prepared: _Prepared, prompt: Prompt, repeats: int | None) -> Iterator[PlannedCase]:
    count = repeats or prompt.evaluation.get("repeats") or 1
    if count * len(prompt.cases) > MAX_ANSWERS:
        message = f"over {MAX_ANSWERS:,} answers: {len(prompt.cases)} cases, each {count} times"
        prepared = _Wrong(message, prompt.locate("/evaluation/repeats", True))
    names: set[str] = set()
    for case in prompt.cases:
        with CaughtBug() as bug:
            once = _plan_case(prepared, prompt, case, names)
        if bug.error is not None:
            once = _not_judged(prompt, case, _internal_error(bug.error, Place(prompt.path)))
        names.add(case.name)
        yield from (
            replace(once, repeat=repeat) for repeat in range(count if once.needs_answer else 1)
        )


def _not_judged(prompt: Prompt, case: Case, wrong: _Wrong) -> PlannedCase:
    return PlannedCase(
        prompt=prompt,
        case=case,
        error=wrong.error,
        place=wrong.place,
        unrecorded=wrong.unrecorded,
        internal=wrong.internal,
    )


def _duplicate_id(prompt: Prompt, ids: Collection[str]) -> _Wrong | None:
    """The error for a second prompt file with the same id."""
    if prompt.id not in ids:
        return None
    return _Wrong(f"another prompt file has the id `{prompt.id}`", Place(prompt.path))


def _renderer(catalog: Catalog, prompt: Prompt) -> Renderer | RenderError:
    try:
        budget = PromptBudget(len(prompt.cases))
        return Renderer(prompt, catalog.load, catalog.files.data, budget)
    except RenderError as error:
        return error


def _assertion_error(catalog: Catalog, prompt: Prompt) -> _Wrong | None:
    """The error in assertions on the answers, if any."""
    profiles = catalog.config.models
    missing = wrong_profile({"profile": prompt.model.profile}, profiles, prompt.locate)
    found = problems_of_answers(prompt, judges=catalog.paths, profiles=profiles)
    problem = next(chain(missing, retrieved_problems(prompt), found), None)
    if problem is None or not isinstance(problem.at, Place):
        return None
    return _Wrong(with_hint(problem.message, problem.hint), problem.at)


def _plan_case(
    prepared: _Prepared, prompt: Prompt, case: Case, names: Collection[str]
) -> PlannedCase:
    place = case.locate(case.at, False)
    misstated = _case_error(case, prompt)
    if isinstance(prepared, _Wrong):
        planned = _not_judged(prompt, case, misstated or prepared)
        return replace(planned, of_prompt=misstated is None)
    wrong = misstated or _no_assertions(case, prompt)
    if misstated is None and case.name in names:
        named = case.locate(f"{case.at}/name", False)
        wrong = _Wrong(f"another case has the name `{case.name}`", named)
    if wrong is not None:
        return _not_judged(prompt, case, wrong)
    if case.unrecorded:
        reason = f"{unrecorded_reason(case)}; run promptops test --record"
        return _not_judged(prompt, case, _Wrong(reason, place, unrecorded=True))
    needs_answer = any(True for _ in assertions_of(case, prompt))
    try:
        if isinstance(prepared, RenderError):
            raise prepared
        request = prepared.request(case.inputs)
    except BudgetSpent as error:  # at one place, so that all these cases are one error
        return _not_judged(prompt, case, _Wrong(error.message, prompt.locate("/tests", True)))
    except RenderError as error:
        at = error.place or case.locate(f"{case.at}/inputs", False)
        wrong = _Wrong(f"it can't be rendered: {error.message}", at)
        return replace(_not_judged(prompt, case, wrong), of_prompt=error is prepared)
    return PlannedCase(
        prompt=prompt,
        case=case,
        place=place,
        request=request,
        digest=case_digest(request, case),
        rendered=judge_request(request, case),
        needs_answer=needs_answer,
    )


def _case_error(case: Case, prompt: Prompt) -> _Wrong | None:
    problem = next(problems_of_case(case, prompt), None)
    if problem is None or not isinstance(problem.at, Place):
        return None
    return _Wrong(with_hint(problem.message, problem.hint), problem.at)


def _no_assertions(case: Case, prompt: Prompt) -> _Wrong | None:
    if ANCHOR in case.tags and not is_anchor(case):
        why = "an anchor needs the verdict of people: `expected: {verdict: pass}`"
        return _Wrong(why, case.locate(case.at, False))
    if case.rendered or any(True for _ in assertions_of(case, prompt)):
        return None
    return _Wrong("it has no assertions", case.locate(case.at, False))


def with_hint(message: str, hint: str | None) -> str:
    """A message with its hint after a colon, if there is a hint."""
    return f"{message}: {hint}" if hint else message


def named_cases(plan: list[PlannedCase], patterns: Sequence[str]) -> list[PlannedCase]:
    """The cases whose names match a pattern; all without patterns.

    Raises UsageError for a pattern without a match.
    """
    for pattern in patterns:
        names = list(dict.fromkeys(planned.case.name for planned in plan))
        if not any(matches_name(name, pattern) for name in names):
            raise no_such_case(pattern, names)
    return [planned for planned in plan if is_named(planned.case.name, patterns)]


def no_such_case(name: str, names: Sequence[str]) -> UsageError:
    """The error for a name or a pattern that none of the cases has."""
    known = some(names, _MAX_NAMES_SHOWN, name=repr)
    hint = f"one of: {known}" if known else "the selected prompts have no cases"
    return UsageError(f"no case has the name {name!r}", hint=did_you_mean(name, names) or hint)


_MAX_NAMES_SHOWN = 10


def is_named(name: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern matches the name of a case; any name without patterns."""
    return not patterns or any(matches_name(name, pattern) for pattern in patterns)


def matches_name(name: str, pattern: str) -> bool:
    """Whether a pattern is the name of a case, or a glob that matches it."""
    return name == pattern or fnmatchcase(name, pattern)


# Answers that a run needs, and what became of them.


@record(frozen=True, slots=True, kw_only=True)
class WantedAnswer:
    """An answer that a run needs.

    Attributes:
        prompt: The prompt file whose recordings and budget are used.
        judge: The judge that sends the request, or "".
        profile: The model to call; None if the prompt has no model.
        turns: Of a conversation, whose answer is that of its last turn; the request is then that
            of the prompt, and `digest` that of the conversation.
    """

    prompt: Prompt
    case: str
    repeat: int
    digest: str
    request: Request
    profile: ModelProfile | None
    judge: str = ""
    turns: tuple[CaseTurn, ...] = ()

    @property
    def path(self) -> str:
        """The path of the prompt file."""
        return self.prompt.path

    @property
    def key(self) -> AnswerKey:
        """What identifies the answer in a run: path, digest of the request, repeat, judge."""
        return self.path, self.digest, self.repeat, self.judge


@record(frozen=True, slots=True, kw_only=True)
class AnswerResult:
    """The answer to a need, or the reason why it is missing.

    Attributes:
        reason: Why there is no answer, or "".
        infrastructure: The request was sent, and the provider or the network failed.
        failed: A function of the repository was called, and failed.
        unsendable: No request can be sent: recording again would not help.
        begun: Of a conversation without an answer: the turns that are answered.
    """

    answer: Answer | None = None
    begun: Answer | None = None
    source: Literal["recorded", "cached", "live", "none"] = "none"
    reason: str = ""
    infrastructure: bool = False
    failed: bool = False
    unsendable: bool = False
