"""The answers of one night: requested, judged, and measured for each prompt."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import assertions_of
from promptops.evals.judge_answer import primary, scores
from promptops.evals.judge_prompts import SETTINGS
from promptops.evals.result import unjudged, violations
from promptops.evals.verdict import BUILT_IN
from promptops.model.answer import Answer
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.test_run import CaseRun
from promptops.records import record, replace
from promptops.testing.answering import Answering
from promptops.testing.judging import (
    FIRST_CONFIRMING_REPEAT,
    AnswerJudge,
    JudgedAnswer,
    error_run,
    judged_answers,
    recording_errors,
    unreadable_prompts,
)
from promptops.testing.model_calls import ModelCalls
from promptops.testing.options import RunOptions, model_calls
from promptops.testing.plan import PlannedCase, named_cases, needed_cases, plan_cases
from promptops.testing.recordings.store import Store
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace

DEFAULT_REPEATS = 3


@record(frozen=True, slots=True, kw_only=True)
class DriftOptions:
    """Which release is checked, and where its nights are.

    Attributes:
        release: A tag or a channel; "" for what the channel `production` serves, or the latest
            release.
        history: A file for the nights; None for git notes.
        push: Fetch the notes first, and push them at the end.
        again: Replace the nights of the same UTC date.
        accept: Ids of prompts whose new level is accepted; then no model is called.
        reason: Why it is accepted, or "".
        now: When the night begins.
        run: Its mode is `live`; its `repeats` is None for three answers to each case.
    """

    release: str = ""
    history: Path | None = None
    push: bool = False
    again: bool = False
    accept: tuple[str, ...] = ()
    reason: str = ""
    now: datetime
    run: RunOptions


# The answers of a night.

_BUILT_IN_JUDGES = {f"{BUILT_IN}{kind}" for kind in SETTINGS}
_MOST_RECORDED = 100
"""Repeats of a case that are looked up in the recordings."""


@record(frozen=True, slots=True, kw_only=True)
class PromptAnswers:
    """The cases of one prompt, and their judged answers of a night.

    Attributes:
        cases: Each case once; without those that can't be judged.
        repeats: The number of answers that each case should have.
        answers: Those that arrived.
        complete: Every case has all its answers, and judges replied to all of them.
    """

    prompt: Prompt
    cases: tuple[PlannedCase, ...]
    repeats: int
    answers: tuple[JudgedAnswer, ...]

    @property
    def complete(self) -> bool:
        missing = any(
            judgement.lack == "connection"
            for judged in self.answers
            for judgement in unjudged(judged.judgements)
        )
        return not missing and len(self.answers) == len(self.cases) * self.repeats

    @property
    def score(self) -> str | None:
        """The primary score; None without measures."""
        names = {name for judged in self.answers for name in scores(judged.judgements)}
        found = primary(self.prompt.evaluation, names)
        return found if found in names else None


class NightAnswers:
    """Requests and judges the answers of one night; nothing is recorded."""

    def __init__(self, release: Workspace, selected: Selected, options: DriftOptions) -> None:
        self.catalog = catalog = release.catalog
        self._loaded = list(catalog.prompts(selected.why))
        self._repeats = options.run.repeats or DEFAULT_REPEATS
        self._whole = list(plan_cases(catalog, self._loaded, 1))
        self._named = named_cases(self._whole, options.run.cases)
        self._plan = [each for each in self._named if each.needs_answer and not each.error]
        self.store = Store(catalog)
        self.calls: ModelCalls = model_calls(release.repository, options.run)
        self._answering = Answering(catalog, self.store, "live", calls=self.calls)
        self._judging = AnswerJudge(catalog, self._answering, self.recorded)
        self._known_replays: dict[str, list[JudgedAnswer]] = {}
        self._replayed = AnswerJudge(catalog, Answering(catalog, self.store), self.recorded)

    @property
    def planned(self) -> bool:
        """Whether any case has an assertion on the answer."""
        return bool(self._plan)

    @property
    def has_cases(self) -> bool:
        """Whether any case was selected."""
        return bool(self._named)

    @property
    def unchecked(self) -> list[str]:
        """Prompts without an assertion on an answer, by id; not drafts, which no release has.

        Cases with an error count: the error is one of `problems`.
        """
        checked = {
            each.prompt.id for each in self._named if any(assertions_of(each.case, each.prompt))
        }
        prompts = (loaded.prompt for loaded in self._loaded)
        return [
            prompt.id
            for prompt in prompts
            if prompt is not None and prompt.id not in checked and prompt.status != "draft"
        ]

    def leave_out(self, prompts: Collection[str]) -> None:
        """Request no answers to the cases of these prompts."""
        self._plan = [each for each in self._plan if each.prompt.id not in prompts]

    def digests(self) -> Mapping[str, str]:
        """The digest of each prompt with its cases; makes no calls."""
        prompts = self._of_prompts(self._plan, (), self._repeats)
        return {p.prompt.id: digest_of(self.catalog, p.prompt, p.cases) for p in prompts}

    @cached_property
    def by_prompt(self) -> tuple[PromptAnswers, ...]:
        """The answers of tonight, in the order of prompts."""
        judged = self._judged(self._plan, range(self._repeats))
        return tuple(self._of_prompts(self._plan, judged, self._repeats))

    def fresh(self, prompts: Sequence[PromptAnswers], factor: int) -> tuple[PromptAnswers, ...]:
        """So many times as many further answers to the cases of some prompts."""
        plan = [each for prompt in prompts for each in prompt.cases]
        count = factor * self._repeats
        judged = self._judged(plan, range(FIRST_CONFIRMING_REPEAT, FIRST_CONFIRMING_REPEAT + count))
        return tuple(self._of_prompts(plan, judged, count))

    def recorded(self, planned: PlannedCase) -> Answer | None:
        """The recorded answer to the same case and repeat, else the first one, or None."""
        return self.store.answer_to(planned) or self.store.answer_to(planned, 0)

    def recorded_answers(self, prompt: PromptAnswers) -> list[tuple[PlannedCase, Answer]]:
        """All recorded answers to the cases of a prompt."""
        return recorded_answers(self.store, prompt.cases)

    def replayed(self, prompt: PromptAnswers) -> list[JudgedAnswer]:
        """The recorded answers to the cases of a prompt, with the recorded replies of judges."""
        known = self._known_replays
        if prompt.prompt.id not in known:
            known[prompt.prompt.id] = self._replayed.judged(self.recorded_answers(prompt))
        return known[prompt.prompt.id]

    def judged_again(
        self, prompt: PromptAnswers, recorded: Sequence[JudgedAnswer]
    ) -> list[JudgedAnswer]:
        """Recorded answers to cases of a prompt, with replies that judges give tonight."""
        planned = {each.case.name: each for each in prompt.cases}
        return AnswerJudge(self.catalog, self._answering, self.recorded).judged(
            [
                (replace(planned[name], repeat=judged.planned.repeat), judged.answer)
                for judged in recorded
                if (name := judged.planned.case.name) in planned
            ]
        )

    def judges(self, prompt: PromptAnswers) -> tuple[str, ...]:
        """The judges that were called for the answers to a prompt, by name."""
        known, path = self._answering.known, prompt.prompt.path
        named = {judge for key, _, _, judge in known if judge and key == path}
        return tuple(sorted(named - _BUILT_IN_JUDGES))

    def problems(self) -> Iterator[CaseRun]:
        """Prompts, cases and recordings that can't be read, and answers that are missing."""
        yield from unreadable_prompts(self._loaded)
        for planned in self._named:
            if planned.error:
                run = error_run(planned.prompt.id, planned.error, planned.place)
                yield replace(run, name=planned.case.name, internal=planned.internal)
        yield from recording_errors(self.catalog, self._plan, self.store)
        for prompt in self.by_prompt:
            yield from self._missing(prompt)
            yield from _unjudged_errors(prompt)

    def _missing(self, prompt: PromptAnswers) -> Iterator[CaseRun]:
        """The first missing answer of each case."""
        for planned in prompt.cases:
            wanted = (replace(planned, repeat=repeat) for repeat in range(prompt.repeats))
            results = (self._answering.result(each.key) for each in wanted)
            lost = next((found for found in results if found and found.answer is None), None)
            if lost is not None:
                run = error_run(prompt.prompt.id, lost.reason, planned.place)
                yield replace(run, name=planned.case.name, infrastructure=lost.infrastructure)

    def _judged(self, plan: Sequence[PlannedCase], repeats: Iterable[int]) -> list[JudgedAnswer]:
        wanted = [replace(planned, repeat=repeat) for repeat in repeats for planned in plan]
        partners = needed_cases(wanted, lambda: self._with_repeats(wanted))
        judged, _ = judged_answers(self._judging, [*wanted, *partners])
        keys = {planned.case_key for planned in wanted}
        return [each for each in judged if each.planned.case_key in keys]

    def _with_repeats(self, wanted: Sequence[PlannedCase]) -> Iterator[PlannedCase]:
        repeats = dict.fromkeys(planned.repeat for planned in wanted)
        return (replace(each, repeat=repeat) for repeat in repeats for each in self._whole)

    def _of_prompts(
        self, plan: Sequence[PlannedCase], judged: Sequence[JudgedAnswer], repeats: int
    ) -> Iterator[PromptAnswers]:
        answers: dict[str, list[JudgedAnswer]] = {}
        for each in judged:
            answers.setdefault(each.planned.prompt.id, []).append(each)
        cases: dict[str, list[PlannedCase]] = {}
        for planned in plan:
            cases.setdefault(planned.prompt.id, []).append(planned)
        for prompt, own in cases.items():
            yield PromptAnswers(
                prompt=own[0].prompt,
                cases=tuple(own),
                repeats=repeats,
                answers=tuple(answers.get(prompt, ())),
            )


def _unjudged_errors(prompt: PromptAnswers) -> Iterator[CaseRun]:
    """Assertions that could not be checked, each once."""
    seen = set()
    for judged in prompt.answers:
        for each in unjudged(judged.judgements):
            if (each.place, each.reason) not in seen:
                seen.add((each.place, each.reason))
                run = error_run(prompt.prompt.id, each.reason, each.place)
                outage = each.lack == "connection"
                name = judged.planned.case.name
                yield replace(run, name=name, infrastructure=outage, internal=each.internal)


def recorded_answers(store: Store, plan: Iterable[PlannedCase]) -> list[tuple[PlannedCase, Answer]]:
    """All recorded answers to cases, by case and repeat."""
    return [
        (replace(planned, repeat=repeat), found)
        for planned in plan
        for repeat in range(_MOST_RECORDED)
        if (found := store.answer_to(planned, repeat))
    ]


def values_by_case(answers: Iterable[JudgedAnswer], score: str | None) -> Mapping[str, list[float]]:
    """The score of each answer by case; without a score, 1 if it keeps all contracts, else 0."""
    found: dict[str, list[float]] = {}
    for judged in answers:
        value = _value_of(judged, score)
        if value is not None:
            found.setdefault(judged.planned.case.name, []).append(value)
    return found


def _value_of(judged: JudgedAnswer, score: str | None) -> float | None:
    if score is not None:
        return scores(judged.judgements).get(score)
    kept, checked = answers_keeping_contracts([judged])
    return float(kept) if checked else None


def answers_keeping_contracts(answers: Iterable[JudgedAnswer]) -> tuple[int, int]:
    """The number of answers that keep all their contracts, and of those that have any.

    One bad answer can break many contracts at once, so that contracts are not independent.
    Contracts that could not be checked don't count.
    """
    kept = checked = 0
    for judged in answers:
        out = {id(each) for each in unjudged(judged.judgements)}
        musts = [e for e in judged.judgements if e.must and e.status != "skipped"]
        if any(id(each) not in out for each in musts):
            checked += 1
            kept += not violations(judged.judgements)
    return kept, checked


# The digest that decides which nights can be compared.


def digest_of(catalog: Catalog, prompt: Prompt, cases: Iterable[PlannedCase]) -> str:
    """SHA-256 of the requests and the assertions of cases, with the code of `python` assertions.

    Judges are not part of it: nights with another judge are compared, so that it is found.
    """
    rows = []
    for planned in cases:
        found = list(assertions_of(planned.case, prompt))
        written = [each.written for each in found]
        code = [
            _code_digest(catalog, name, each.path)
            for each in found
            for name in _python_functions(each.written)
        ]
        rows.append([planned.case.name, planned.digest, written, code])
    whole = {"score": prompt.evaluation.get("score"), "cases": rows}
    text = json.dumps(whole, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(text.encode()).hexdigest()


def _python_functions(written: Any) -> Iterator[str]:
    """The functions that an assertion calls, also inside of a set: `FILE:FUNCTION`."""
    if isinstance(written, Mapping):
        value = written.get("value")
        if str(written.get("type")).removeprefix("not-") == "python" and isinstance(value, str):
            yield value
        yield from _python_functions(value)
    if isinstance(written, list):
        for each in written:
            yield from _python_functions(each)


def _code_digest(catalog: Catalog, function: str, base: str) -> str:
    """SHA-256 of the file of a function; "" if it can't be read."""
    path = function.rpartition(":")[0]
    found = catalog.resolver.follow("template", path, Place(base), base)
    content = None if isinstance(found, Problem) else catalog.files.data(found.target)
    return sha256(content).hexdigest() if content is not None else ""
