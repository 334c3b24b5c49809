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
    """Run the cases of some items together; returns the results, and the cost in USD.

    An error that stops the run fails every item. After Ctrl-C, requests under way are completed and
    recorded; then it raises KeyboardInterrupt.
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
    return _RunResults(workspace, run, items).results(), run.cost_usd


class _Watcher(Unwatched):
    """Prints the called endpoints, bypassing pytest's output capturing."""

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
    """The cases of some items, each once, grouped by file."""
    files = dict.fromkeys(item.file for item in items)
    wanted = {id(planned) for item in items for planned in item.plan}
    return [planned for file in files for planned in file.plan if id(planned) in wanted]


class _RunResults:
    """The results of a run by item."""

    def __init__(self, workspace: Workspace, run: TestRun, items: Sequence[PromptItem]) -> None:
        self._recordings_of = workspace.catalog.recordings_of
        self._run = run
        self._items = items
        self._cases: dict[CaseKey, list[CaseRun]] = {}
        for case in run.cases:
            self._cases.setdefault((case.prompt, case.name, case.repeat), []).append(case)
        self._errors_in_files = self._file_errors()

    def results(self) -> dict[PromptItem, ItemResult]:
        return {item: self._result(item) for item in self._items}

    def _file_errors(self) -> dict[PromptItem, list[CaseRun]]:
        """Errors in files of recordings, by the first item of their prompt.

        Without this they would not be reported, because no item can be added at this point.
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
        file_errors = self._errors_in_files.get(item, [])
        if item.planned is None:
            return self._decision(item, file_errors)
        cases = self._cases[item.planned.case_key]
        wrong = [case for case in (*cases, *file_errors) if case.status != "passed"]
        return ItemResult(failure=failure_text(self._run, wrong) if wrong else "")

    def _decision(self, item: PromptItem, file_errors: list[CaseRun]) -> ItemResult:
        decided = list(self._decided(item))
        failed = [decision for decision in decided if decision.verdict == "fail"]
        if failed or file_errors:
            return ItemResult(failure=failure_text(self._run, file_errors, failed))
        lines = [
            visible(f"{decision.prompt}: {decision.score}: {decision.plain}")
            for decision in decided
            if decision.verdict == "inconclusive"
        ]
        return ItemResult(inconclusive="; ".join(lines) if decided else "nothing was measured")

    def _decided(self, item: PromptItem) -> Iterator[Decided]:
        prompt = item.plan[0].prompt.id
        return (
            decision
            for decision in self._run.decided
            if decision.prompt == prompt and decision.gates
        )
