"""The cost of requests before and after, and of recorded answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.model.change import PromptDiff
from promptops.model.test_run import CaseRun
from promptops.records import record
from promptops.report.diff.page.views import Pair, PromptChangesView, means


@record(frozen=True, slots=True, kw_only=True)
class CostRow:
    """The costs of one prompt, or of all.

    Attributes:
        tokens, usd: Of a request before and after, the mean of the cases that differ; None if
            no case differs, or if a price is unknown.
        answers: The number of recorded answers.
        read, written: All tokens of requests and of answers, as counted by the provider.
    """

    prompt: str
    tokens: Pair | None
    usd: Pair | None
    answers: int
    read: int
    written: int

    @property
    def rises(self) -> bool:
        return self.tokens is not None and round(self.tokens[1]) > round(self.tokens[0])


def cost_rows(
    prompts: Sequence[PromptChangesView], cases: Iterable[CaseRun]
) -> tuple[CostRow, ...]:
    """The costs of each prompt with known costs; changed prompts first."""
    changed = {view.prompt.id: view for view in prompts}
    answered: dict[str, list[CaseRun]] = {}
    for case in cases:
        if case.answer is not None:
            answered.setdefault(case.prompt, []).append(case)
    names = dict.fromkeys((*changed, *answered))
    rows = (_row(name, changed.get(name), answered.get(name, ())) for name in names)
    return tuple(row for row in rows if row.tokens or row.answers)


def total(prompts: Iterable[PromptDiff], rows: Iterable[CostRow]) -> CostRow:
    """The total of all prompts: means for requests, sums for answers."""
    tokens, usd = means([case for prompt in prompts for case in prompt.cases])
    every = list(rows)
    return CostRow(
        prompt="",
        tokens=tokens,
        usd=usd,
        answers=sum(row.answers for row in every),
        read=sum(row.read for row in every),
        written=sum(row.written for row in every),
    )


def _row(name: str, view: PromptChangesView | None, cases: Sequence[CaseRun]) -> CostRow:
    usage = [case.answer.usage for case in cases if case.answer is not None]
    return CostRow(
        prompt=name,
        tokens=view.tokens if view else None,
        usd=view.usd if view else None,
        answers=len(usage),
        read=sum(used.input for used in usage),
        written=sum(used.output for used in usage),
    )
