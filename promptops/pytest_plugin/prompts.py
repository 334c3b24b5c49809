"""The prompts of a pytest session: collected file by file, run together."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from promptops.errors import PromptopsError
from promptops.jobs.testing.answering import Mode
from promptops.jobs.testing.runner import write_earlier_answers
from promptops.jobs.workspace.workspace import Workspace, workspace
from promptops.pytest_plugin.items import ItemResult, PromptFile, PromptItem, error_text
from promptops.pytest_plugin.results import run_items
from promptops.report.parts.visible import visible
from promptops.report.test.parts.facts import cost
from promptops.untrusted import IS_SET, is_untrusted


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
            found, cost_usd = run_items(self.workspace, self._mode, _together(item))
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


def _together(item: PromptItem) -> list[PromptItem]:
    """The items to run together, including this one.

    A worker of pytest-xdist does not know its items in advance, so it runs those of one file.
    """
    items = [other for other in item.session.items if isinstance(other, PromptItem)]
    if hasattr(item.config, "workerinput"):
        items = [other for other in items if other.file is item.file]
    return list(dict.fromkeys([*items, item]))


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
    if config.getoption("dist", "no") != "no":
        # A server's limits apply to all requests, and only one process can pace them.
        raise pytest.UsageError(f"{option} calls models from one process only\n  tip: use -n 0")
    return modes[0]
