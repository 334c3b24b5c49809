"""The prompts of a pytest session: collected file by file, run together."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import pytest

from promptops.analysis.secrets import without_secrets
from promptops.errors import PromptopsError
from promptops.evals.case_assertions import assertions_of
from promptops.evals.engine.ask import Patience, Settings
from promptops.evals.judge_answer import primary
from promptops.model.config import TestSettings
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Decided, TestRun
from promptops.records import record, replace
from promptops.report.test import facts
from promptops.report.test.facts import cost
from promptops.report.test.report import write_text
from promptops.report.visible import escaped, visible, visible_path
from promptops.source.recording_files import first_of
from promptops.testing.answering import Mode
from promptops.testing.judging import unreadable_prompts
from promptops.testing.model_calls import Unwatched, ci_event, within_budget
from promptops.testing.options import RunOptions
from promptops.testing.plan import CaseKey, PlannedCase, plan_cases
from promptops.testing.runner import CaseRunner, write_earlier_answers
from promptops.untrusted import IS_SET, is_untrusted
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import Workspace, workspace


class Prompts:
    """A plugin of one session.

    Attributes:
        workspace: The repository around pytest's root directory; set when collection begins.
    """

    workspace: Workspace

    def __init__(self, mode: Mode) -> None:
        self._mode: Mode = mode
        self._results: dict[PromptItem, ItemResult] = {}
        self._notes: list[str] = []
        self._any = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Open the repository, so that its errors are reported once and not for every file."""
        root, opened = session.config.rootpath, ExitStack()
        session.config.add_cleanup(opened.close)
        try:
            if self._mode == "record" and not session.config.getoption("--collect-only"):
                write_earlier_answers(root)
            self.workspace = opened.enter_context(workspace(root))
        except PromptopsError as error:
            raise pytest.UsageError(error_text(error)) from None

    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect a file only if the catalog has it as a prompt."""
        path = self._path(file_path)
        if path not in self.workspace.catalog.ids:
            return None
        if self._mode == "record" and hasattr(parent.config, "workerinput"):
            tip = "use -n 0, or name the folders of your own tests"
            raise pytest.Collector.CollectError(f"--promptops-record {_ONE_PROCESS}\n  tip: {tip}")
        self._any = True
        return PromptFile.from_parent(
            parent,
            path=file_path,
            workspace=self.workspace,
            catalog_path=path,
            result_of=self.result,
        )

    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Collect a folder named like a prompt file, so that the catalog's error is reported."""
        return self.pytest_collect_file(path, parent)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Add a note if pytest's configured paths contain no prompt, because nothing was tested."""
        by_hand = session.config.args_source is pytest.Config.ArgsSource.ARGS
        if self.workspace.catalog.prompt_files and not self._any and not by_hand:
            roots = " ".join(self.workspace.config.prompts)
            self._notes.append(f"no prompt file was collected; add to testpaths: {visible(roots)}")

    def result(self, item: PromptItem) -> ItemResult:
        """The result of an item; the first call runs all selected items."""
        if item not in self._results:
            items = [other for other in item.session.items if isinstance(other, PromptItem)]
            if hasattr(item.config, "workerinput"):
                # A worker of pytest-xdist does not know its items in advance.
                items = [other for other in items if other.file is item.file]
            together = list(dict.fromkeys([*items, item]))
            found, cost_usd = run_items(self.workspace, self._mode, together)
            self._results |= found
            self._notes += [f"{cost(cost_usd)} was spent"] if cost_usd else []
        return self._results[item]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Report a skipped item at its own place, not in this code."""
        report = yield
        if isinstance(item, PromptItem) and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), line + 1, report.longrepr[2])
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print notes on the whole session."""
        for note in self._notes:
            terminalreporter.write_line(f"promptops: {note}")

    def _path(self, file: Path) -> str:
        """The path relative to the repository, or "" outside it."""
        # Resolve links above the file; the catalog handles a file that is itself a link.
        real = Path(os.path.realpath(file.parent), file.name)
        root = os.path.realpath(self.workspace.repository.root)
        return real.relative_to(root).as_posix() if real.is_relative_to(root) else ""


def mode_of(config: pytest.Config) -> Mode:
    """The mode that the options select; raises pytest's UsageError if no model may be called."""
    modes: list[Mode] = []
    if config.getoption("--promptops-record"):
        modes.append("record")
    if config.getoption("--promptops-live"):
        modes.append("live")
    if not modes:
        return "replay"
    option = f"--promptops-{modes[0]}"
    if len(modes) > 1:
        raise pytest.UsageError(f"{option} and --promptops-{modes[1]} exclude each other")
    if is_untrusted():
        raise pytest.UsageError(f"{option}: no API calls for an untrusted change: {IS_SET}")
    if modes[0] == "live" and config.getoption("dist", "no") != "no":
        raise pytest.UsageError(f"{option} {_ONE_PROCESS}\n  tip: use -n 0")
    return modes[0]


_ONE_PROCESS = "calls models for cases from one process only"
"""A server's limits apply to all requests, and only one process can pace them."""


# The results of items, from one run.


def run_items(
    workspace: Workspace, mode: Mode, items: Sequence[PromptItem]
) -> tuple[dict[PromptItem, ItemResult], float]:
    """Run the cases of some items together; returns the results, and the cost in USD.

    An error that stops the run fails every item. After Ctrl-C, requests under way are completed and
    recorded; then it raises KeyboardInterrupt.
    """
    paths = dict.fromkeys((item.file.catalog_path for item in items), "it was collected")
    watcher = Watcher(items[0].config)
    options = RunOptions(mode=mode, settings=run_settings(workspace.config.test), watcher=watcher)
    try:
        run = CaseRunner(workspace, Selected(paths), options, _plan(items)).run()
    except PromptopsError as error:
        return dict.fromkeys(items, ItemResult(failure=error_text(error))), 0.0
    if run.interrupted:
        raise KeyboardInterrupt
    return _RunResults(workspace, run, items).results(), run.cost_usd


class Watcher(Unwatched):
    """Prints the called endpoints, bypassing pytest's output capturing."""

    def __init__(self, config: pytest.Config) -> None:
        self._capturing = config.pluginmanager.get_plugin("capturemanager")

    def calls(self, line: str) -> None:
        shown = self._capturing.global_and_fixture_disabled if self._capturing else nullcontext
        with shown():
            sys.stderr.write(f"promptops: {visible(line)}\n")


def run_settings(config: TestSettings) -> Settings:
    """The limits of the calls to models; in CI the budget of the event."""
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
        every = (*cases, *file_errors)
        wrong = [case for case in every if case.status not in ("passed", "warning")]
        if wrong:
            return ItemResult(failure=failure_text(self._run, wrong))
        drafts = (visible(case.reason) for case in every if case.status == "warning")
        return ItemResult(failing_draft=next(drafts, ""))

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


# Prompt files as pytest files, and their cases as pytest items.


@record(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """The result of an item; it passed if all texts are empty.

    Attributes:
        failure: The failure, as pytest prints it.
        inconclusive: Why the scores could not be decided.
        failing_draft: What does not hold in an unread draft.
    """

    failure: str = ""
    inconclusive: str = ""
    failing_draft: str = ""


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
        """Fail with the text that `promptops test` prints; skip if a score is inconclusive.

        A draft that fails is an expected failure.
        """
        result = self.file.result_of(self)
        if result.failure:
            pytest.fail(result.failure, pytrace=False)
        if result.inconclusive:
            pytest.skip(result.inconclusive)
        if result.failing_draft:
            pytest.xfail(result.failing_draft)

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
    found = (assertion.parsed for own in every for assertion in own)
    return {assertion.score for assertion in found if assertion and assertion.score}


def failure_text(run: TestRun, cases: Iterable[CaseRun], decided: Iterable[Decided] = ()) -> str:
    """The text report of a part of a run, without the summary line."""
    part = replace(run, cases=tuple(cases), decided=tuple(decided), coverage=(), verdict="fail")
    return write_text(part).removesuffix(f"{facts.verdict(part)}\n").rstrip("\n")


def unreadable_text(workspace: Workspace, path: str) -> str:
    """Why a prompt file can't be read."""
    run = CaseRunner(workspace, Selected({path: "collected"}), RunOptions()).run()
    return failure_text(run, run.cases)


def error_text(error: PromptopsError) -> str:
    """Cause, place and fix of an error, and of the errors found with it."""
    return "\n".join(map(_shown_one, (error, *error.others)))


def _shown_one(error: PromptopsError) -> str:
    where = f"{visible_path(without_secrets(error.where))}: " if error.where else ""
    tip = f"\n  tip: {visible(without_secrets(error.hint))}" if error.hint else ""
    return f"{where}{visible(without_secrets(error.message))}{tip}"
