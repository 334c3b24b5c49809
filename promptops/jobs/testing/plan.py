"""What a run of test cases consists of: each case and repeat with its request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from promptops.catalog.catalog import Catalog
from promptops.evals.agreement import ANCHOR
from promptops.evals.asserted import asserted, counterparts, problems_of_answers
from promptops.evals.judged import Judged
from promptops.evals.judging import is_anchor
from promptops.evals.parse import problems
from promptops.evals.rendered import judge
from promptops.model.loaded import Loaded
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.model.request import Request
from promptops.runtime.canonical import request_digest
from promptops.runtime.limits import PromptBudget
from promptops.runtime.render import Renderer, RenderError
from promptops.source.explain import nearest

Asked = tuple[str, str, int]
"""A prompt's id, the name of a case, a repeat."""

Key = tuple[str, str, int, str]
"""Of an answer: the prompt file it belongs to, the digest of the request, repeat, judge or ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One case, to be answered once.

    Attributes:
        repeat: 0-based.
        request: None where it can't be rendered.
        digest: Of the request; "" without one.
        rendered: What its assertions over the request say.
        error: Why nothing can be said of it, or "".
        place: Of the case, or of what is in error.
        asks: It asserts something of the answer.
    """

    prompt: Prompt
    case: Case
    place: Place
    repeat: int = 0
    request: Request | None = None
    digest: str = ""
    rendered: tuple[Judged, ...] = ()
    error: str = ""
    asks: bool = False

    @property
    def asked(self) -> Asked:
        return self.prompt.id, self.case.name, self.repeat

    @property
    def key(self) -> Key:
        """Of the answer that it asks for."""
        return self.prompt.path, self.digest, self.repeat, ""


def planned(
    catalog: Catalog, loaded: Iterable[Loaded], repeats: int | None = None
) -> Iterator[Planned]:
    """The cases of prompts that can be read, in order; `repeats` wins over the prompts' own."""
    ids: set[str] = set()
    for prompt in (each.prompt for each in loaded if each.prompt is not None):
        wrong = _twin(prompt, ids) or _wrong(catalog, prompt)
        yield from _of_prompt(catalog, prompt, repeats, wrong)
        ids.add(prompt.id)


def partners(plan: Sequence[Planned], whole: Callable[[], Iterable[Planned]]) -> list[Planned]:
    """What is not in a plan, and has to be answered to judge what is.

    `whole` plans all cases, and is asked only where any is missing.
    """
    present = {each.asked for each in plan}
    needed = {
        (each.prompt.id, name, each.repeat)
        for each in plan
        for name in counterparts(each.case, each.prompt)
    } - present
    return [each for each in whole() if each.asked in needed] if needed else []


def _of_prompt(
    catalog: Catalog, prompt: Prompt, repeats: int | None, wrong: tuple[str, Place] | None
) -> Iterator[Planned]:
    renderer = _renderer(catalog, prompt)
    names: set[str] = set()
    for case in prompt.cases:
        once = _once(renderer, prompt, case, wrong or _twice(case, names))
        names.add(case.name)
        count = (repeats or prompt.evaluation.get("repeats") or 1) if once.asks else 1
        yield from (replace(once, repeat=repeat) for repeat in range(count))


def _twin(prompt: Prompt, ids: Collection[str]) -> tuple[str, Place] | None:
    """What is told of a prompt is told by its id."""
    if prompt.id not in ids:
        return None
    return f"another prompt file has the id `{prompt.id}`", Place(prompt.path)


def _renderer(catalog: Catalog, prompt: Prompt) -> Renderer | RenderError:
    try:
        budget = PromptBudget(len(prompt.cases))
        return Renderer(prompt, catalog.load, catalog.files.data, budget)
    except RenderError as error:
        return error


def _wrong(catalog: Catalog, prompt: Prompt) -> tuple[str, Place] | None:
    """What makes no sense of all that is asserted of the answers, if anything."""
    profiles = catalog.config.models
    named = prompt.model.profile
    if named is not None and named not in profiles and _asks(prompt):
        hint = nearest(named, profiles) or "name it in the configuration: [models.NAME]"
        place = prompt.locate("/model/profile", False)
        return with_hint(f"there is no model `{named}`", hint), place
    found = problems_of_answers(prompt, judges=catalog.paths, profiles=profiles)
    problem = next(iter(found), None)
    if problem is None or not isinstance(problem.at, Place):
        return None
    return with_hint(problem.message, problem.hint), problem.at


def _asks(prompt: Prompt) -> bool:
    return any(True for case in prompt.cases for _ in asserted(case, prompt))


def _twice(case: Case, names: Collection[str]) -> tuple[str, Place] | None:
    """Answers are kept and verdicts are told by the name of a case."""
    if case.name not in names:
        return None
    return f"another case has the name `{case.name}`", case.locate(f"{case.at}/name", False)


def _once(
    renderer: Renderer | RenderError, prompt: Prompt, case: Case, wrong: tuple[str, Place] | None
) -> Planned:
    place = case.locate(case.at, False)
    problem = next(iter(problems(case)), None)
    if problem is not None and isinstance(problem.at, Place):
        wrong = with_hint(problem.message, problem.hint), problem.at
    if wrong is not None:
        return Planned(prompt=prompt, case=case, error=wrong[0], place=wrong[1])
    if ANCHOR in case.tags and not is_anchor(case):
        why = "an anchor says what people judged: `expected: {verdict: pass}`"
        return Planned(prompt=prompt, case=case, error=why, place=place)
    asks = any(True for _ in asserted(case, prompt))
    if not asks and not case.rendered:
        return Planned(prompt=prompt, case=case, error="it asserts nothing", place=place)
    try:
        if isinstance(renderer, RenderError):
            raise renderer
        request = renderer.request(case.inputs)
    except RenderError as error:
        at = error.place or case.locate(f"{case.at}/inputs", False)
        why = f"it can't be rendered: {error.message}"
        return Planned(prompt=prompt, case=case, error=why, place=at)
    return Planned(
        prompt=prompt,
        case=case,
        place=place,
        request=request,
        digest=request_digest(request),
        rendered=judge(request, case),
        asks=asks,
    )


def with_hint(message: str, hint: str | None) -> str:
    return f"{message}: {hint}" if hint else message
