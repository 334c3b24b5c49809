"""One prompt in a comparison: its cases, its score, and the decision on each arm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.commands.compare.arm_run import ArmRun
from promptops.commands.compare.options import CompareOptions
from promptops.evals.case_assertions import assertions_of
from promptops.evals.deciding.decision import (
    REPEATS,
    CaseScore,
    Decision,
    Margin,
    decide_arm,
    margin_of,
    reachable_look,
)
from promptops.evals.judge_answer import primary
from promptops.evals.parse import parse
from promptops.model.config import CompareSettings
from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.testing.paired import SOURCE
from promptops.testing.plan import PlannedCase


@record(frozen=True, slots=True, kw_only=True)
class PromptArms:
    """One prompt of the reference, which all arms answer.

    Attributes:
        cases: Those that are compared, once each: the first repeat.
        partners: Other cases, whose answers assertions of `cases` need.
        scores: Names of all scores; `score` is the primary one, "" without any.
        repeats: The largest number of answers to each case.
        share: The number of arms besides the reference.
    """

    prompt: Prompt
    cases: tuple[PlannedCase, ...]
    partners: tuple[PlannedCase, ...]
    scores: tuple[str, ...]
    score: str
    margin: Margin
    repeats: int
    share: int

    @property
    def id(self) -> str:
        return self.prompt.id

    @property
    def first_repeats(self) -> int:
        """The number of answers without which a case is not compared."""
        return 1 if self.score else self.repeats

    def decide(self, score: str, reference: ArmRun, arm: ArmRun) -> Decision | None:
        """The decision by the existing answers; None if no case has a score in both arms."""
        before, after = (each.scores_of(self.id, score) for each in (reference, arm))
        rows = [
            CaseScore(
                name=planned.case.name,
                source=source_of(planned),
                baseline=before.get(planned.case.name, ()),
                candidate=after.get(planned.case.name, ()),
            )
            for planned in self.cases
        ]
        paired = [row for row in rows if row.baseline and row.candidate]
        if not paired:
            return None
        return decide_arm(rows, reachable_look(paired), self.margin, self.share)


def prompt_arms(
    prompt: Prompt,
    cases: Sequence[PlannedCase],
    partners: Sequence[PlannedCase],
    *,
    options: CompareOptions,
    settings: CompareSettings,
    share: int,
) -> PromptArms:
    """A prompt with cases that need an answer."""
    names = tuple(sorted(_score_names(cases)))
    score = (primary(prompt.evaluation, names) or "") if names else ""
    own = prompt.evaluation.get("repeats") or 1
    return PromptArms(
        prompt=prompt,
        cases=tuple(cases),
        partners=tuple(partners),
        scores=names,
        score=score,
        margin=_margin(prompt, options, settings),
        repeats=options.run.repeats or (REPEATS[-1] if score else int(own)),
        share=share,
    )


def _margin(prompt: Prompt, options: CompareOptions, settings: CompareSettings) -> Margin:
    """The acceptable loss as a share: of the command line, of the prompt, of the configuration."""
    if options.margin is not None:
        return options.margin / 100
    if prompt.evaluation.get("margin") is not None:
        return margin_of(prompt.evaluation)
    return settings.margin / 100


def source_of(planned: PlannedCase) -> str | None:
    """The tag that dependent cases share, or None."""
    return next((tag for tag in planned.case.tags if tag.startswith(SOURCE)), None)


def _score_names(cases: Iterable[PlannedCase]) -> set[str]:
    parsed = (
        parse(assertion.written, "answer")[0]
        for planned in cases
        for assertion in assertions_of(planned.case, planned.prompt)
    )
    return {found.score for found in parsed if found is not None and found.score is not None}
