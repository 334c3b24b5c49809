"""The results of items, from one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import pytest

from promptops.errors import PromptopsError
from promptops.evals.engine.ask import Patience, Settings
from promptops.jobs.testing.answering import Mode
from promptops.jobs.testing.model_calls import Unwatched, ci_event, within_budget
from promptops.jobs.testing.plan import CaseKey, PlannedCase
from promptops.jobs.testing.runner import RunOptions, run_selected
from promptops.jobs.workspace.selection import Selected
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.config import TestSettings
from promptops.model.test_run import CaseRun, Decided, TestRun
from promptops.pytest_plugin.items import ItemResult, PromptItem, error_text, failure_text
from promptops.report.parts.visible import visible
from promptops.source.recording_files import first_of


def run_items(
    workspace: Workspace, mode: Mode, items: Sequence[PromptItem]
) -> tuple[dict[PromptItem, ItemResult], float]:
    """Run what items stand for, all at once; with what it cost, in USD.

    What stops the job fails each of them. Raises KeyboardInterrupt once what is under way when
    Ctrl-C comes has ended, and is recorded where it should be.
    """
    paths = dict.fromkeys((item.file.catalog_path for item in items), "it was collected")
    watcher = _Watcher(items[0].config)
    options = RunOptions(mode=mode, settings=_settings(workspace.config.test), watcher=watcher)
    try:
        run = run_selected(workspace, Selected(paths), options, _plan(items))
    except PromptopsError as error:
        return dict.fromkeys(items, ItemResult(failure=error_text(error))), 0.0
    if run.interrupted:
        raise KeyboardInterrupt
    return _Reading(workspace, run, items).results(), run.cost_usd


class _Watcher(Unwatched):
    """Prints the endpoints that are called, past pytest's capturing."""

    def __init__(self, config: pytest.Config) -> None:
        self._capturing = config.pluginmanager.get_plugin("capturemanager")

    def calls(self, line: str) -> None:
        shown = self._capturing.global_and_fixture_disabled if self._capturing else nullcontext
        with shown():
            sys.stderr.write(f"promptops: {visible(line)}\n")


def _settings(config: TestSettings) -> Settings:
    settings = Settings(
        concurrency=config.concurrency,
        patience=Patience(try_s=config.timeout_s, total_s=config.total_timeout_s),
    )
    return within_budget(settings, config.budget, ci_event(os.environ))


def _plan(items: Sequence[PromptItem]) -> list[PlannedCase]:
    """Each once, those of a file together."""
    files = dict.fromkeys(item.file for item in items)
    wanted = {id(planned) for item in items for planned in item.plan}
    return [planned for file in files for planned in file.plan if id(planned) in wanted]


class _Reading:
    """A run read item by item."""

    def __init__(self, workspace: Workspace, run: TestRun, items: Sequence[PromptItem]) -> None:
        self._recordings_of = workspace.catalog.recordings_of
        self._run = run
        self._items = items
        self._cases: dict[CaseKey, list[CaseRun]] = {}
        for case in run.cases:
            self._cases.setdefault((case.prompt, case.name, case.repeat), []).append(case)
        self._strays = self._of_no_case()

    def results(self) -> dict[PromptItem, ItemResult]:
        return {item: self._result(item) for item in self._items}

    def _of_no_case(self) -> dict[PromptItem, list[CaseRun]]:
        """What is wrong with a file of recordings, by the first item of its prompt.

        Nobody else would tell it: items can't be added any more.
        """
        first: dict[str, PromptItem] = {}
        for item in self._items:
            first.setdefault(self._recordings_of(item.file.catalog_path), item)
        found: dict[PromptItem, list[CaseRun]] = {}
        for case in self._run.cases:
            if not case.name:
                file = first_of(case.place.path) or case.place.path
                found.setdefault(first.get(file, self._items[0]), []).append(case)
        return found

    def _result(self, item: PromptItem) -> ItemResult:
        strays = self._strays.get(item, [])
        if item.planned is None:
            return self._decision(item, strays)
        cases = self._cases[item.planned.case_key]
        wrong = [case for case in (*cases, *strays) if case.status != "passed"]
        return ItemResult(failure=failure_text(self._run, wrong) if wrong else "")

    def _decision(self, item: PromptItem, strays: list[CaseRun]) -> ItemResult:
        decided = list(self._decided(item))
        failed = [decision for decision in decided if decision.verdict == "fail"]
        if failed or strays:
            return ItemResult(failure=failure_text(self._run, strays, failed))
        lines = [
            visible(f"{decision.prompt}: {decision.score}: {decision.plain}")
            for decision in decided
            if decision.verdict == "inconclusive"
        ]
        return ItemResult(undecided="; ".join(lines) if decided else "nothing was measured")

    def _decided(self, item: PromptItem) -> Iterator[Decided]:
        prompt = item.plan[0].prompt.id
        return (
            decision
            for decision in self._run.decided
            if decision.prompt == prompt and decision.gates
        )
