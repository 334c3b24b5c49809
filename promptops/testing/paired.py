"""Compare the answers of two arms to the same cases, and decide whether one is worse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from statistics import fmean
from types import MappingProxyType
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import assertions_of
from promptops.evals.conversations import case_digest
from promptops.evals.deciding.decision import (
    REPEATS,
    CaseScore,
    Decision,
    Look,
    Needs,
    decide,
    next_look,
    plain_sentence,
    reachable_look,
    sentence,
    what_it_takes,
)
from promptops.evals.judge_answer import status_of
from promptops.model.answer import Answer
from promptops.model.prompt import Prompt, Request
from promptops.model.test_run import Decided, Verdict, Worse
from promptops.records import field, record, replace
from promptops.runtime.request.render import Renderer, RenderError
from promptops.testing.answering import Answering, planned_profile, wanted_answer, wanted_answers
from promptops.testing.judging import (
    AnswerJudge,
    JudgedAnswer,
    cost_usd,
    judged_answers,
    judges_behind,
)
from promptops.testing.plan import AnswerKey, AnswerResult, CaseKey, PlannedCase, WantedAnswer
from promptops.testing.recordings.store import Store
from promptops.untrusted import is_untrusted

SOURCE_TAG = "source:"
"""The prefix of tags for dependent cases, such as those of one document or conversation."""


def source_of(planned: PlannedCase) -> str | None:
    """The tag that dependent cases share, or None."""
    return next((tag for tag in planned.case.tags if tag.startswith(SOURCE_TAG)), None)


@record(frozen=True, slots=True, kw_only=True)
class Measure:
    """A score of a prompt, and how it is decided.

    Attributes:
        margin: The acceptable loss, as a share.
        noun: What is answered.
        again: The command that calls the models of both sides again.
        next_step: The text after an inconclusive decision, or ""; None for what would settle it.
    """

    name: str
    value: Scoring
    margin: float
    noun: str = "case"
    again: str = "promptops test --live"
    next_step: Callable[[Decision], str] | None = None

    def after(self, decision: Decision) -> str:
        """The text after an inconclusive decision, or ""."""
        if self.next_step is not None:
            return self.next_step(decision)
        return what_it_takes(decision.needs, self.noun) if decision.needs is not None else ""


class PairedAnswers:
    """The answers to the cases of one prompt, in both arms.

    Attributes:
        baseline: Its known answers.
    """

    def __init__(self, own: Sequence[JudgedAnswer], arms: Arms) -> None:
        self._own = list(own)
        self.arms = arms
        once = {judged.planned.case.name: judged.planned for judged in own}
        repeats = range(max(REPEATS[-1], *(judged.planned.repeat + 1 for judged in own)))
        plan = [replace(planned, repeat=n) for planned in once.values() for n in repeats]
        self.baseline = arms.baseline.judged(plan)

    def decided(self, measure: Measure, *, may_call: bool) -> Decided:
        """The decision over one score; answers requested for it are also used for the next one."""
        deciding = _Deciding(self._own, self.baseline, measure, self.arms, may_call=may_call)
        decided = deciding.decided()
        self._own += deciding.more[0]
        self.baseline += deciding.more[1]
        return decided


class _Deciding:
    """The decision over one score of a prompt.

    Attributes:
        more: Additional answers of the candidate and of the baseline.
    """

    def __init__(
        self,
        own: Sequence[JudgedAnswer],
        theirs: Sequence[JudgedAnswer],
        measure: Measure,
        arms: Arms,
        *,
        may_call: bool,
    ) -> None:
        self._arms = arms
        self._may_call = may_call and arms.may_call
        self._measure = measure
        self._prompt = own[0].planned.prompt
        self._once = {judged.planned.case.name: replace(judged.planned, repeat=0) for judged in own}
        self._candidate = ScoredAnswers(measure.value)
        self._baseline = ScoredAnswers(measure.value)
        self._candidate.add(own)
        self._baseline.add(theirs)
        self.more: tuple[list[JudgedAnswer], list[JudgedAnswer]] = ([], [])

    def decided(self) -> Decided:
        if self._same_requests():
            same = f"the requests are the same as those of {self._arms.baseline.title}"
            return self._without_figures("pass", f"{self._mean():.1f} points; {same}")
        if why := self._why_open():
            return self._without_figures("inconclusive", why)
        paired = [case for case in self._cases() if case.baseline and case.candidate]
        decision = self._settled(reachable_look(paired))
        verdict = decision.verdict
        is_final = verdict == "fail" and is_untrusted()  # an untrusted change can't blame a model
        if verdict != "inconclusive" and self._drifted and not is_final:
            verdict = "inconclusive"
        return Decided(
            prompt=self._prompt.id,
            score=self._measure.name,
            verdict=verdict,
            line=f"{self._figures(decision)}{self._next_step(decision, verdict)}",
            summary=self._summary(decision, verdict),
            worst=tuple(map(self._worse, decision.worst)),
            culprits=decision.culprits,
        )

    def _same_requests(self) -> bool:
        """Whether all requests are unchanged: then differences are not caused by the change."""
        counterparts = map(self._arms.baseline.counterpart, self._once.values())
        pairs = zip(counterparts, self._once.values(), strict=True)
        return all(same is not None and same.digest == planned.digest for same, planned in pairs)

    def _mean(self) -> float:
        """The candidate's mean, in points."""
        return 100 * fmean(value for name in self._once for value in self._candidate.of(name))

    def _why_open(self) -> str:
        """Why no answers can be compared, or ""."""
        cases = f"{self._measure.noun}s"
        if not self._baseline.answers:
            return f"{self._arms.baseline.title} has no recorded answers to these {cases}"
        if any(case.baseline and case.candidate for case in self._cases()):
            return ""
        return f"none of the {cases} has an answer on both sides"

    def _without_figures(self, verdict: Verdict, line: str) -> Decided:
        return Decided(prompt=self._prompt.id, score=self._measure.name, verdict=verdict, line=line)

    def _settled(self, look: Look) -> Decision:
        """The decision, after all answers that may be requested for it."""
        margin = self._measure.margin
        decision = decide(self._cases(), look, margin)
        while self._may_call and decision.needs is not None and self._request_more(decision.needs):
            look = next_look(look) if decision.needs.repeats else look
            decision = decide(self._cases(), look, margin)
        return decision

    def _request_more(self, needs: Needs) -> bool:
        """Request more answers; returns whether any arrived."""
        if needs.repeats is not None:
            wanted = [(name, n) for name in self._once for n in range(needs.repeats)]
        else:
            wanted = [
                (name, FIRST_FRESH_REPEAT + n)
                for name in needs.suspects
                for n in range(needs.fresh)
            ]
        ours, theirs = self._arms.judged(
            [replace(self._once[name], repeat=n) for name, n in wanted]
        )
        before = self._known
        self._candidate.add(ours)
        self._baseline.add(theirs)
        self.more[0].extend(ours)
        self.more[1].extend(theirs)
        return self._known > before

    @property
    def _known(self) -> int:
        return sum(1 for arm in (self._candidate, self._baseline) for _ in arm.judged)

    def _cases(self) -> list[CaseScore]:
        return [
            CaseScore(
                name=name,
                source=source_of(planned),
                baseline=self._baseline.of(name),
                candidate=self._candidate.of(name),
                fresh_baseline=self._baseline.of(name, fresh=True),
                fresh_candidate=self._candidate.of(name, fresh=True),
            )
            for name, planned in self._once.items()
        ]

    @property
    def _drifted(self) -> bool:
        """Whether the model, or that of a judge, has changed since the baseline was recorded."""
        baseline = self._arms.baseline
        if self._prompt.id in baseline.outdated:
            return False
        paths = {judged.planned.prompt.path for judged in self._baseline.judged}
        ours = judges_behind(self._arms.judging.answering.known, {self._prompt.path})
        theirs = judges_behind(baseline.opinions.known, paths)
        if any(ours[judge] != theirs[judge] for judge in ours.keys() & theirs.keys()):
            return True
        return any(
            baseline.answered_by_another(judged.planned, judged.answer)
            for judged in self._candidate.judged
        )

    def _cost(self, arm: ScoredAnswers) -> float | None:
        """The cost per answer, in USD; None if any is unknown."""
        costs = [cost_usd(self._arms.judging.catalog, judged) for judged in arm.judged]
        known = [cost for cost in costs if cost is not None]
        return fmean(known) if known and len(known) == len(costs) else None

    def _worse(self, name: str) -> Worse:
        before, after = self._baseline.of(name), self._candidate.of(name)
        pairs = min(len(before), len(after))
        return Worse(
            name=name,
            before=fmean(before[:pairs]),
            after=fmean(after[:pairs]),
            before_answer=self._baseline.first(name),
            after_answer=self._candidate.first(name),
        )

    def _summary(self, decision: Decision, verdict: Verdict) -> str:
        title = self._arms.baseline.title
        plain = plain_sentence(decision, title, self._measure.noun)
        return f"{plain}{self._next_step(decision, verdict)}"

    def _figures(self, decision: Decision) -> str:
        baseline = self._arms.baseline
        model = "another" if self._drifted else "same"
        is_outdated = self._prompt.id in baseline.outdated
        source = "requested again" if is_outdated else f"recorded, {model} model"
        was, now = self._cost(self._baseline), self._cost(self._candidate)
        return sentence(
            decision,
            cost_change=now / was - 1 if was and now is not None else None,
            baseline=f"{baseline.title} ({source})",
        )

    def _next_step(self, decision: Decision, verdict: Verdict) -> str:
        """What would settle an inconclusive decision, after a separator, or ""."""
        if verdict != decision.verdict:
            return f" · the model has changed: `{self._measure.again}` runs both sides again"
        step = self._measure.after(decision) if verdict == "inconclusive" else ""
        return f" · {step}" if step else ""


# The answers of one arm with one of their scores, by case and repeat.

FIRST_FRESH_REPEAT = 1_000
"""From this repeat on answers prove suspects; far above any repeat that a prompt has."""

Scoring = Callable[[JudgedAnswer], float | None]
"""The score of an answer, 0 to 1; None if it has none."""


@record(slots=True)
class ScoredAnswers:
    """The answers of one arm to the cases of a prompt; those without the score are left out."""

    score: Scoring
    answers: dict[str, dict[int, tuple[float, JudgedAnswer]]] = field(default_factory=dict)

    def add(self, answers: Iterable[JudgedAnswer]) -> None:
        for judged in answers:
            value = self.score(judged)
            if value is not None:
                rows = self.answers.setdefault(judged.planned.case.name, {})
                rows[judged.planned.repeat] = value, judged

    def of(self, name: str, *, fresh: bool = False) -> tuple[float, ...]:
        """Scores of a case in the order of its repeats."""
        rows = self.answers.get(name, {})
        return tuple(rows[n][0] for n in sorted(rows) if (n >= FIRST_FRESH_REPEAT) == fresh)

    def first(self, name: str) -> Answer:
        rows = self.answers[name]
        return rows[min(rows)][1].answer

    @property
    def judged(self) -> Iterator[JudgedAnswer]:
        return (judged for rows in self.answers.values() for _, judged in rows.values())


# A candidate and its baseline, called in turns, so that model changes affect both alike.


def needs_baseline(plan: Iterable[PlannedCase]) -> bool:
    """Whether any assertion needs a baseline: a measure, or a judge's comparison."""
    return any(
        assertion is not None and (assertion.score is not None or assertion.judged)
        for planned in plan
        if not planned.repeat and not planned.error
        for asserted_one in assertions_of(planned.case, planned.prompt)
        for assertion in (asserted_one.parsed,)
    )


@record(slots=True)
class Arms:
    """The candidate and its baseline.

    Attributes:
        may_call: Fresh answers may be requested; else only recordings are used.
        violated: The answers that were requested to decide a score and violate a contract.
    """

    judging: AnswerJudge
    baseline: Arm
    may_call: bool
    violated: set[CaseKey] = field(default_factory=set)

    def begin(self, plan: Sequence[PlannedCase]) -> None:
        """Call both arms if the baseline has no answers by the current model.

        One answer of each prompt is requested first, to find out.
        """
        baseline = self.baseline
        known = {
            planned.prompt.id: planned for planned in reversed(plan) if baseline.recorded(planned)
        }
        got = self._get(wanted_answers(self.judging.catalog, list(known.values())), ())
        for planned in known.values():
            answer = got[planned.key].answer
            if answer is not None and baseline.answered_by_another(planned, answer):
                baseline.outdated.add(planned.prompt.id)
        self._request([planned for planned in plan if baseline.answer(planned) is None])

    def judged(self, plan: Sequence[PlannedCase]) -> tuple[list[JudgedAnswer], list[JudgedAnswer]]:
        """The judged answers of the candidate and of its baseline; requests missing ones."""
        if self.may_call:
            self._request(plan)
        ours, theirs = self._judged(plan)
        self.violated |= {
            judged.planned.case_key for judged in ours if status_of(judged.judgements) == "failed"
        }
        return ours, theirs

    def requested(
        self, plan: Sequence[PlannedCase]
    ) -> tuple[list[JudgedAnswer], list[JudgedAnswer]]:
        """The same for answers that a shard requests, too, and that decide no score."""
        self._request(plan)
        return self._judged(plan)

    def _judged(self, plan: Sequence[PlannedCase]) -> tuple[list[JudgedAnswer], list[JudgedAnswer]]:
        return judged_answers(self.judging, plan)[0], self.baseline.judged(plan)

    def _request(self, plan: Sequence[PlannedCase]) -> None:
        missing = [planned for planned in plan if self.baseline.answer(planned) is None]
        got = self._get(wanted_answers(self.judging.catalog, plan), self.baseline.wants(missing))
        for planned in missing:
            same = self.baseline.counterpart(planned)
            answer = got[same.key].answer if same is not None else None
            if answer is not None:
                self.baseline.learn(planned, answer)

    def _get(
        self, ours: Iterable[WantedAnswer], theirs: Iterable[WantedAnswer]
    ) -> dict[AnswerKey, AnswerResult]:
        pairs = zip_longest(ours, theirs)
        return self.judging.answering.get([want for pair in pairs for want in pair if want])


# One alternative in a comparison: the prompts of a catalog, with the cases of another one.


class Arm:
    """One alternative in a comparison: a catalog, and where the answers to its requests are.

    It runs the cases and assertions of the catalog `head`, which has the candidate or, in a
    comparison of several arms, the reference.

    Attributes:
        title: Its name in reports, such as a revision.
        outdated: Ids of the prompts whose recorded answers are from another model and no longer
            used.
        opinions: The judges' verdicts on its answers.
    """

    def __init__(
        self,
        title: str,
        catalog: Catalog,
        head: Catalog,
        *,
        opinions: Answering,
        store: Store,
        ids: Mapping[str, str] = MappingProxyType({}),
        reference: Arm | None = None,
    ) -> None:
        """`store` has the recorded answers to the requests of `catalog`.

        Args:
            opinions: Finds the judges' verdicts on the answers in `store`.
            ids: From the id of a prompt in `head` to its id in `catalog`, where they differ.
            reference: The arm whose answers a judge compares with; None for this one.
        """
        self.title = title
        self.outdated: set[str] = set()
        self._catalog = catalog
        self._store = store
        self._ids = ids
        self.opinions = opinions
        self._judging = AnswerJudge(head, opinions, (reference or self).answer)
        self._answers: dict[CaseKey, Answer] = {}
        self._renderers: dict[str, tuple[Prompt, Renderer] | None] = {}
        self._requests: dict[tuple[str, str], tuple[Prompt, Request, str] | None] = {}

    def counterpart(self, planned: PlannedCase) -> PlannedCase | None:
        """The same case for the prompt of this arm; None if its inputs don't accept it.

        Also None for a case without assertions on the answer.
        """
        if planned.request is None or not planned.needs_answer:
            return None
        key = planned.prompt.id, planned.case.name
        if key not in self._requests:
            self._requests[key] = self._request(planned)
        found = self._requests[key]
        if found is None:
            return None
        prompt, request, digest = found
        return replace(planned, prompt=prompt, request=request, digest=digest)

    def _request(self, planned: PlannedCase) -> tuple[Prompt, Request, str] | None:
        """The request to a case, with its digest; of all repeats, because they are equal."""
        found = self._own_version(planned.prompt)
        if found is None:
            return None
        own, renderer = found
        try:
            request = renderer.request(planned.case.inputs)
        except RenderError:
            return None
        prompt = replace(planned.prompt, path=own.path, model=own.model)
        return prompt, request, case_digest(request, planned.case)

    def wants(self, plan: Iterable[PlannedCase]) -> Iterator[WantedAnswer]:
        """The answers that its prompts need for those cases."""
        for planned in map(self.counterpart, plan):
            if planned is not None and planned.request is not None:
                yield wanted_answer(
                    planned.request, planned, planned_profile(self._catalog, planned)
                )

    def learn(self, planned: PlannedCase, answer: Answer) -> None:
        """Add the answers of this run."""
        self._answers[planned.case_key] = answer

    def answer(self, planned: PlannedCase) -> Answer | None:
        """The known answer to a case and repeat, or None."""
        return self._answers.get(planned.case_key) or (
            None if planned.prompt.id in self.outdated else self.recorded(planned)
        )

    def recorded(self, planned: PlannedCase) -> Answer | None:
        """The recorded answer to a case and repeat, or None."""
        same = self.counterpart(planned)
        if same is None:
            return None
        return self._store.answer_to(same)

    def judged(self, plan: Iterable[PlannedCase]) -> list[JudgedAnswer]:
        """The known answers to those cases, judged."""
        same = ((self.counterpart(planned), self.answer(planned)) for planned in plan)
        return self._judging.judged(
            [(planned, answer) for planned, answer in same if planned and answer]
        )

    def evaluation_of(self, prompt: Prompt) -> Mapping[str, Any]:
        """The measures of its own version of a prompt; may be empty."""
        found = self._own_version(prompt)
        return found[0].evaluation if found is not None else {}

    def answered_by_another(self, planned: PlannedCase, answer: Answer) -> bool:
        """Whether the model behind the same name has changed since the recording."""
        same, before = self.counterpart(planned), self.recorded(planned)
        if same is None or same.request is None or before is None or planned.request is None:
            return False
        named_alike = same.request.model == planned.request.model
        return named_alike and before.answering_model != answer.answering_model

    def _own_version(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        if prompt.id not in self._renderers:
            self._renderers[prompt.id] = self._open(prompt)
        return self._renderers[prompt.id]

    def _open(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        names = (self._ids.get(prompt.id, prompt.id), *prompt.aliases)
        path = next((self._catalog.paths[n] for n in names if n in self._catalog.paths), None)
        own = self._catalog.loaded(path).prompt if path is not None else None
        if own is None:
            return None
        try:
            return own, Renderer(own, self._catalog.load, self._catalog.files.data)
        except RenderError:
            return None
