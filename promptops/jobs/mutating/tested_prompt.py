"""The cases of a prompt, and what they notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.errors import PromptopsError
from promptops.evals.contracts import violations
from promptops.evals.result import Judgement, judge_assertion, record_of
from promptops.jobs.mutating.edits import Witness
from promptops.jobs.mutating.mutated_prompt import Variant
from promptops.jobs.testing.judging import AnswerJudge, judged_answers
from promptops.jobs.testing.plan import PlannedCase
from promptops.model.answer import Answer
from promptops.model.mutant import Kill
from promptops.model.place import Offsets, Place
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.records import record, replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer
from promptops.runtime.template.limits import PromptBudget

_Judged = tuple[PlannedCase, Answer | None, tuple[Judgement, ...]]
"""A case with its recorded answer, and the verdicts on it."""


class Effect(IntEnum):
    """The largest difference between two sets of requests."""

    NONE = 0
    WHITE_SPACE = 1
    WORDS = 2


@record(frozen=True, slots=True)
class Observation:
    """What the cases notice of a variant; after the first check that fails, none is tried."""

    effect: Effect = Effect.NONE
    kill: Kill | None = None


class TestedPrompt:
    """A prompt with those of its cases that can be rendered and have assertions.

    Attributes:
        cases: The first repeat of each.
        unretrieved: Why the input of a case could not be retrieved, or "".
    """

    __test__ = False  # its name would make pytest collect it

    def __init__(
        self,
        catalog: Catalog,
        prompt: Prompt,
        plan: Iterable[PlannedCase],
        judging: AnswerJudge,
    ) -> None:
        """Makes no API calls: `judging` must only look up answers; `plan` has no other repeats."""
        self.prompt = prompt
        self._catalog = catalog
        self._judging = judging
        self._recorded: list[_Judged] | None = None
        self._failing_on_answers = 0
        planned_cases = tuple(plan)
        self.cases = tuple(
            planned
            for planned in planned_cases
            if planned.request is not None and not planned.error
        )
        failed = (planned for planned in planned_cases if planned.case.unrecorded)
        self.unretrieved = next((each.error for each in failed if not each.unrecorded), "")

    @property
    def original(self) -> Variant:
        """The prompt as it stands."""
        return Variant(self.prompt, self._catalog.load)

    @property
    def failing(self) -> int:
        """The number of assertions that fail already; on answers, if they were tried."""
        judged = (each for planned in self.cases for each in planned.rendered)
        rendered = sum(each.must and each.status in ("failed", "error") for each in judged)
        return rendered + self._failing_on_answers

    def observe(self, variant: Variant) -> Observation:
        """Render all cases with a variant of the prompt, and check the `rendered` assertions."""
        effect = Effect.NONE
        try:
            renderer = self._renderer(variant)
            for planned in self.cases:
                request = renderer.request(planned.case.inputs)
                new = _effect(planned.request, request)
                effect = max(effect, new)
                kill = self._refused(planned, request) if new else None
                if kill is not None:
                    return Observation(effect, kill)
        except PromptopsError as error:  # a RenderError, or a rendering that took too long
            return Observation(Effect.WORDS, self._not_rendered(planned, error))
        return Observation(effect)

    def changed_cases(self, variant: Variant) -> Iterator[tuple[PlannedCase, PlannedCase]]:
        """The cases whose requests a variant changes: each as planned, and for the variant."""
        renderer = self._renderer(variant)
        for planned in self.cases:
            request = renderer.request(planned.case.inputs)
            if _effect(planned.request, request) is Effect.WORDS:
                yield (
                    planned,
                    replace(
                        planned,
                        prompt=variant.prompt,
                        request=request,
                        digest=request_digest(request),
                    ),
                )

    def _renderer(self, variant: Variant) -> Renderer:
        budget = PromptBudget(len(self.cases))
        return Renderer(variant.prompt, variant.load, self._catalog.files.data, budget)

    def _not_rendered(self, planned: PlannedCase, error: PromptopsError) -> Kill:
        return Kill(
            kind="render",
            prompt=self.prompt.id,
            case=planned.case.name,
            reason=f"it can't be rendered: {error.message}",
            place=planned.place,
        )

    def _refused(self, planned: PlannedCase, request: Request) -> Kill | None:
        """The first contract on the request that no longer holds."""
        case, data = planned.case, record_of(request, planned.case)
        for index, before in enumerate(planned.rendered):
            if before.must and before.passed:
                now = judge_assertion(case.rendered[index], data, _nowhere)
                if now.status in ("failed", "error"):
                    return self._kill("rendered", planned, now, before.place)
        return None

    def _kill(self, kind: Any, planned: PlannedCase, now: Judgement, place: Place) -> Kill:
        return Kill(
            kind=kind,
            prompt=self.prompt.id,
            case=planned.case.name,
            assertion=now.type,
            reason=now.reason,
            place=place,
        )

    def refuses(self, variant: Prompt, witness: Witness) -> Kill | None:
        """The first contract that refuses an answer which only the variant allows.

        The witness is put into each recorded answer that keeps all contracts; without one, it
        is the answer to each case.
        """
        good = self._good_answers()
        for planned, answer, before in good or self._without_answers():
            changed = witness(answer)
            if changed is not None:
                now = self._judged(variant, planned, changed)
                # Both are in the order of the assertions; the output contract comes last.
                kept = [judgement.passed for judgement in before] or [True] * len(now)
                refused = [after for after, was in zip(now, kept, strict=False) if was]
                for judgement in violations(refused)[:1]:
                    return self._kill("witness", planned, judgement, judgement.place)
        return None

    def _without_answers(self) -> list[_Judged]:
        return [(planned, None, ()) for planned in self.cases if planned.needs_answer]

    def _judged(
        self, variant: Prompt, planned: PlannedCase, answer: Answer
    ) -> tuple[Judgement, ...]:
        """The verdicts on an answer to the variant; its own output contract admits it."""
        assert planned.request is not None
        fixed = self._renderer(Variant(variant, self._catalog.load)).fixed
        request = Request(messages=planned.request.messages, **fixed)
        prompt = replace(variant, evaluation={**variant.evaluation, "output": False})
        case = replace(planned, prompt=prompt, request=request)
        return self._judging.judge([(case, answer)])[0]

    def _good_answers(self) -> list[_Judged]:
        """The recorded answers that keep all contracts."""
        if self._recorded is None:
            wanted = [planned for planned in self.cases if planned.needs_answer]
            judged = judged_answers(self._judging, wanted)[0]
            self._recorded = [
                (each.planned, each.answer, each.judgements)
                for each in judged
                if not violations(each.judgements)
            ]
            self._failing_on_answers = sum(len(violations(each.judgements)) for each in judged)
        return self._recorded


def _nowhere(_pointer: str, _key: bool, /, within: Offsets | None = None) -> Place:
    """Computing the place of an assertion takes longer than checking it."""
    return Place("")


def _effect(before: Request | None, after: Request) -> Effect:
    if before == after:
        return Effect.NONE
    same = before is not None and _squeezed(before) == _squeezed(after)
    return Effect.WHITE_SPACE if same else Effect.WORDS


def _squeezed(request: Request) -> Any:
    """A request with white space as single blanks."""
    settings = (request.tools, request.response_format, request.model, request.params)
    return _collapsed(list(request.messages)), settings


def _collapsed(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, Mapping):
        return {key: _collapsed(part) for key, part in value.items()}
    return [_collapsed(part) for part in value] if isinstance(value, list) else value
