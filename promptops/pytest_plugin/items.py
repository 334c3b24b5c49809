"""Prompt files as files of pytest, their cases as its items."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptops.evals.case_assertions import assertions_of
from promptops.evals.judge_answer import primary
from promptops.evals.parse import parse
from promptops.jobs.testing.outcomes import unreadable
from promptops.jobs.testing.plan import Planned, planned
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.place import Place
from promptops.pytest_plugin.shown import shown_file
from promptops.records import record
from promptops.report.parts.visible import escaped, visible


@record(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of an item; it passed where neither is said.

    Attributes:
        failure: As it is shown.
        undecided: Why nothing could be decided.
    """

    failure: str = ""
    undecided: str = ""


class PromptFile(pytest.File):
    """A prompt file.

    Attributes:
        catalog_path: Relative to the repository.
        result_of: What became of an item; runs it where that is not known yet.
        plan: All its cases and repeats, in order; empty before it is collected.
    """

    def __init__(
        self,
        *,
        workspace: Workspace,
        catalog_path: str,
        result_of: Callable[[PromptItem], Result],
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.workspace = workspace
        self.catalog_path = catalog_path
        self.result_of = result_of
        self.plan: tuple[Planned, ...] = ()

    def collect(self) -> Iterator[PromptItem]:
        """An item for each case and repeat, and one for the decision over what they measure."""
        catalog = self.workspace.catalog
        loaded = catalog.loaded(self.catalog_path)
        if loaded.prompt is None:
            raise self.CollectError(shown_file(self.workspace, self.catalog_path))
        self.plan = self.plan or tuple(planned(catalog, [loaded]))
        if not self.plan and any(unreadable([loaded])):
            raise self.CollectError(shown_file(self.workspace, self.catalog_path))
        repeated = {each.case.name for each in self.plan if each.repeat}
        for each in self.plan:
            repeat = f"[{each.repeat}]" if each.case.name in repeated else ""
            yield PromptItem.from_parent(
                self, name=f"{_shown(each.case.name)}{repeat}", planned=each
            )
        measured = _measured(self.plan)
        if measured:
            score = primary(loaded.prompt.evaluation, measured)
            name = f"[decided: {_shown(score)}]" if score else "[decided]"
            yield PromptItem.from_parent(self, name=name, planned=None)


class PromptItem(pytest.Item):
    """A case, answered once; or, where nothing is planned, the decision over all of a prompt's."""

    def __init__(self, *, planned: Planned | None, **rest: Any) -> None:
        super().__init__(**rest)
        self.planned = planned

    @property
    def file(self) -> PromptFile:
        """It stands in."""
        assert isinstance(self.parent, PromptFile)
        return self.parent

    @property
    def plan(self) -> tuple[Planned, ...]:
        """What has to run for it."""
        return self.file.plan if self.planned is None else (self.planned,)

    def runtest(self) -> None:
        """Fail with what `promptops test` would print; a decision that is open is skipped."""
        result = self.file.result_of(self)
        if result.failure:
            pytest.fail(result.failure, pytrace=False)
        if result.undecided:
            pytest.skip(result.undecided)

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        """The place of the case, which may stand in a case file."""
        place = self._place()
        root = self.file.workspace.repository.root
        # No end of the node id: of such a one pytest takes the dots for those of classes.
        title = f"{visible(self.plan[0].prompt.id)}: {self.name}"
        return Path(root, place.path), place.line - 1, title

    def _place(self) -> Place:
        if self.planned is not None:
            return self.planned.case.locate(self.planned.case.at, False)
        return self.file.plan[0].prompt.locate("/evaluation", True)


def _shown(name: str) -> str:
    """A name as a part of a node id, whose parts stand between `::`."""
    return visible(name).replace("::", f":{escaped(':')}")


def _measured(plan: Iterable[Planned]) -> set[str]:
    """The scores that any case counts in."""
    every = (assertions_of(each.case, each.prompt) for each in plan if not each.repeat)
    found = (parse(each.written, "answer")[0] for own in every for each in own)
    return {assertion.score for assertion in found if assertion and assertion.score}
