"""Prompt files as pytest files, and their cases as pytest items."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptops.analysis.masking import without_secrets
from promptops.errors import PromptopsError
from promptops.evals.case_assertions import assertions_of
from promptops.evals.judge_answer import primary
from promptops.evals.parse import parse
from promptops.jobs.testing.outcomes import unreadable_prompts
from promptops.jobs.testing.plan import PlannedCase, plan_cases
from promptops.jobs.testing.runner import RunOptions, run_selected
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Decided, TestRun
from promptops.records import record, replace
from promptops.report.parts.visible import escaped, visible, visible_path
from promptops.report.test.parts import facts
from promptops.report.test.text import write


@record(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """The result of an item; it passed if both texts are empty.

    Attributes:
        failure: The failure, as pytest prints it.
        inconclusive: Why the scores could not be decided.
    """

    failure: str = ""
    inconclusive: str = ""


class PromptFile(pytest.File):
    """A prompt file.

    Attributes:
        catalog_path: The path relative to the repository.
        result_of: Returns the result of an item; runs the items first if needed.
        plan: All cases and repeats, in order; empty before collection.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        catalog_path: str,
        result_of: Callable[[PromptItem], ItemResult],
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.workspace = workspace
        self.catalog_path = catalog_path
        self.result_of = result_of
        self.plan: tuple[PlannedCase, ...] = ()

    def collect(self) -> Iterator[PromptItem]:
        """An item for each case and repeat, and one for the decision on their scores."""
        catalog = self.workspace.catalog
        loaded = catalog.loaded(self.catalog_path)
        if loaded.prompt is None:
            raise self.CollectError(unreadable_text(self.workspace, self.catalog_path))
        self.plan = self.plan or tuple(plan_cases(catalog, [loaded]))
        if not self.plan and any(unreadable_prompts([loaded])):
            raise self.CollectError(unreadable_text(self.workspace, self.catalog_path))
        repeated = {planned.case.name for planned in self.plan if planned.repeat}
        for planned in self.plan:
            repeat = f"[{planned.repeat}]" if planned.case.name in repeated else ""
            yield PromptItem.from_parent(
                self, name=f"{_escaped_name(planned.case.name)}{repeat}", planned=planned
            )
        measured = _measured(self.plan)
        if measured:
            score = primary(loaded.prompt.evaluation, measured)
            name = f"[decided: {_escaped_name(score)}]" if score else "[decided]"
            yield PromptItem.from_parent(self, name=name, planned=None)


class PromptItem(pytest.Item):
    """One repeat of a case; or, without a plan, the decision on the scores of a prompt."""

    def __init__(self, *, planned: PlannedCase | None, **rest: Any) -> None:
        super().__init__(**rest)
        self.planned = planned

    @property
    def file(self) -> PromptFile:
        """The prompt file of the item."""
        assert isinstance(self.parent, PromptFile)
        return self.parent

    @property
    def plan(self) -> tuple[PlannedCase, ...]:
        """The cases that must run for this item."""
        return self.file.plan if self.planned is None else (self.planned,)

    def runtest(self) -> None:
        """Fail with the text that `promptops test` prints; skip if a score is inconclusive."""
        result = self.file.result_of(self)
        if result.failure:
            pytest.fail(result.failure, pytrace=False)
        if result.inconclusive:
            pytest.skip(result.inconclusive)

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        """The place of the case, which may be in a case file."""
        place = self._case_place()
        root = self.file.workspace.repository.root
        # Not the end of the node id: pytest would read its dots as names of classes.
        title = f"{visible(self.plan[0].prompt.id)}: {self.name}"
        return Path(root, place.path), place.line - 1, title

    def _case_place(self) -> Place:
        if self.planned is not None:
            return self.planned.case.locate(self.planned.case.at, False)
        return self.file.plan[0].prompt.locate("/evaluation", True)


def _escaped_name(name: str) -> str:
    """A name as a part of a node id; `::` separates the parts."""
    return visible(name).replace("::", f":{escaped(':')}")


def _measured(plan: Iterable[PlannedCase]) -> set[str]:
    """The scores that any case contributes to."""
    every = (assertions_of(planned.case, planned.prompt) for planned in plan if not planned.repeat)
    found = (parse(assertion.written, "answer")[0] for own in every for assertion in own)
    return {assertion.score for assertion in found if assertion and assertion.score}


def failure_text(run: TestRun, cases: Iterable[CaseRun], decided: Iterable[Decided] = ()) -> str:
    """The text report of a part of a run, without the summary line."""
    part = replace(run, cases=tuple(cases), decided=tuple(decided), coverage=(), verdict="fail")
    return write(part).removesuffix(f"{facts.verdict(part)}\n").rstrip("\n")


def unreadable_text(workspace: Workspace, path: str) -> str:
    """Why a prompt file can't be read."""
    run = run_selected(workspace, Selected({path: "collected"}), RunOptions())
    return failure_text(run, run.cases)


def error_text(error: PromptopsError) -> str:
    """Cause, place and fix of an error, and of the errors found with it."""
    return "\n".join(map(_shown_one, (error, *error.others)))


def _shown_one(error: PromptopsError) -> str:
    where = f"{visible_path(without_secrets(error.where))}: " if error.where else ""
    tip = f"\n  tip: {visible(without_secrets(error.hint))}" if error.hint else ""
    return f"{where}{visible(without_secrets(error.message))}{tip}"
