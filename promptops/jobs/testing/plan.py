"""The plan of a run: each case and repeat with its request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain

from promptops.catalog.catalog import Catalog
from promptops.catalog.unknown_names import wrong_profile
from promptops.evals.agreement import ANCHOR
from promptops.evals.case_assertions import asserted, counterparts, problems_of_answers
from promptops.evals.judge_prompts import is_anchor
from promptops.evals.judge_request import judge
from promptops.evals.parse import problems
from promptops.evals.result import Judgement
from promptops.model.internal_error import internal_error
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.model.request import Request
from promptops.records import record, replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, RenderError
from promptops.runtime.template.limits import PromptBudget

MAX_ANSWERS = 50_000
"""The limit for one prompt: all cases are planned before the first request."""

Asked = tuple[str, str, int]
"""A prompt's id, the name of a case, a repeat."""

Key = tuple[str, str, int, str]
"""The key of an answer: its prompt file, the digest of the request, repeat, judge or ""."""


@record(frozen=True, slots=True, kw_only=True)
class Planned:
    """One case and repeat.

    Attributes:
        repeat: 0-based.
        request: None if it can't be rendered.
        digest: The digest of the request; "" without one.
        rendered: The verdicts of its assertions on the request.
        error: Why it can't be judged, or "".
        place: The place of the case, or of the error.
        asks: It has assertions on the answer.
        internal: The error is a bug in promptops.
    """

    prompt: Prompt
    case: Case
    place: Place
    repeat: int = 0
    request: Request | None = None
    digest: str = ""
    rendered: tuple[Judgement, ...] = ()
    error: str = ""
    asks: bool = False
    internal: bool = False

    @property
    def asked(self) -> Asked:
        return self.prompt.id, self.case.name, self.repeat

    @property
    def key(self) -> Key:
        """The key of the answer that it needs."""
        return self.prompt.path, self.digest, self.repeat, ""


def planned(
    catalog: Catalog, loaded: Iterable[LoadedPrompt], repeats: int | None = None
) -> Iterator[Planned]:
    """The cases of prompts that can be read, in order; `repeats` wins over the prompts' own."""
    ids: set[str] = set()
    for prompt in (each.prompt for each in loaded if each.prompt is not None):
        yield from _of_prompt(_prepared(catalog, prompt, ids), prompt, repeats)
        ids.add(prompt.id)


def partners(plan: Sequence[Planned], whole: Callable[[], Iterable[Planned]]) -> list[Planned]:
    """Cases outside a plan whose answers are needed to judge those in it.

    `whole` plans all cases, and is called only if any is missing.
    """
    present = {each.asked for each in plan}
    needed = {
        (each.prompt.id, name, each.repeat)
        for each in plan
        for name in counterparts(each.case, each.prompt)
    } - present
    return [each for each in whole() if each.asked in needed] if needed else []


@record(frozen=True, slots=True)
class _Wrong:
    """Why a case can't be judged."""

    error: str
    place: Place
    internal: bool = False


def _internal(error: BaseException, place: Place) -> _Wrong:
    problem = internal_error(error).problem(place)
    return _Wrong(with_hint(problem.message, problem.hint), place, internal=True)


_Prepared = Renderer | RenderError | _Wrong
"""The renderer of a prompt's cases, or why none of them can be judged."""


def _prepared(catalog: Catalog, prompt: Prompt, ids: Collection[str]) -> _Prepared:
    try:
        return _twin(prompt, ids) or _wrong(catalog, prompt) or _renderer(catalog, prompt)
    except BaseException as error:  # noqa: BLE001  # re-raised unless it is a bug
        return _internal(error, Place(prompt.path))


def _of_prompt(prepared: _Prepared, prompt: Prompt, repeats: int | None) -> Iterator[Planned]:
    count = repeats or prompt.evaluation.get("repeats") or 1
    if count * len(prompt.cases) > MAX_ANSWERS:
        message = f"over {MAX_ANSWERS:,} answers: {len(prompt.cases)} cases, each {count} times"
        prepared = _Wrong(message, prompt.locate("/evaluation/repeats", True))
    names: set[str] = set()
    for case in prompt.cases:
        try:
            once = _once(prepared, prompt, case, names)
        except BaseException as error:  # noqa: BLE001  # re-raised unless it is a bug
            once = _not_judged(prompt, case, _internal(error, Place(prompt.path)))
        names.add(case.name)
        yield from (replace(once, repeat=repeat) for repeat in range(count if once.asks else 1))


def _not_judged(prompt: Prompt, case: Case, wrong: _Wrong) -> Planned:
    return Planned(
        prompt=prompt, case=case, error=wrong.error, place=wrong.place, internal=wrong.internal
    )


def _twin(prompt: Prompt, ids: Collection[str]) -> _Wrong | None:
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


def _wrong(catalog: Catalog, prompt: Prompt) -> _Wrong | None:
    """The error in assertions on the answers, if any."""
    profiles = catalog.config.models
    missing = wrong_profile({"profile": prompt.model.profile}, profiles, prompt.locate)
    found = problems_of_answers(prompt, judges=catalog.paths, profiles=profiles)
    problem = next(chain(missing, found), None)
    if problem is None or not isinstance(problem.at, Place):
        return None
    return _Wrong(with_hint(problem.message, problem.hint), problem.at)


def _twice(case: Case, names: Collection[str]) -> _Wrong | None:
    """The error for a second case with the same name."""
    if case.name not in names:
        return None
    place = case.locate(f"{case.at}/name", False)
    return _Wrong(f"another case has the name `{case.name}`", place)


def _once(prepared: _Prepared, prompt: Prompt, case: Case, names: Collection[str]) -> Planned:
    place = case.locate(case.at, False)
    misstated = _misstated(case)
    if isinstance(prepared, _Wrong):
        return _not_judged(prompt, case, misstated or prepared)
    wrong = misstated or _twice(case, names) or _says_nothing(case, prompt)
    if wrong is not None:
        return _not_judged(prompt, case, wrong)
    asks = any(True for _ in asserted(case, prompt))
    try:
        if isinstance(prepared, RenderError):
            raise prepared
        request = prepared.request(case.inputs)
    except RenderError as error:
        at = error.place or case.locate(f"{case.at}/inputs", False)
        return _not_judged(prompt, case, _Wrong(f"it can't be rendered: {error.message}", at))
    return Planned(
        prompt=prompt,
        case=case,
        place=place,
        request=request,
        digest=request_digest(request),
        rendered=judge(request, case),
        asks=asks,
    )


def _misstated(case: Case) -> _Wrong | None:
    problem = next(iter(problems(case)), None)
    if problem is None or not isinstance(problem.at, Place):
        return None
    return _Wrong(with_hint(problem.message, problem.hint), problem.at)


def _says_nothing(case: Case, prompt: Prompt) -> _Wrong | None:
    place = case.locate(case.at, False)
    if ANCHOR in case.tags and not is_anchor(case):
        why = "an anchor needs the verdict of people: `expected: {verdict: pass}`"
        return _Wrong(why, place)
    asserts = case.rendered or any(True for _ in asserted(case, prompt))
    return None if asserts else _Wrong("it has no assertions", place)


def with_hint(message: str, hint: str | None) -> str:
    return f"{message}: {hint}" if hint else message
