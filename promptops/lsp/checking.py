"""When the findings of open files are computed and sent to the editor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from lsprotocol import types

from promptops.errors import PromptopsError
from promptops.jobs.live.live import Live, Touched
from promptops.lsp.commands import preview_changed
from promptops.lsp.diagnostics import diagnostics, error_diagnostics, error_paths, not_checked, note
from promptops.lsp.documents import Document
from promptops.lsp.open_file import OpenFile
from promptops.lsp.text_sync import keep_open_texts
from promptops.model.internal_error import CaughtBug
from promptops.records import field, record

if TYPE_CHECKING:
    from promptops.lsp.server import PromptopsServer

REST_S = 0.15
"""Without an edit for so long, the files that depend on the edited one are checked."""

SLOW_S = 0.2
"""A file that needs more processor time than this is checked after a rest, too."""

_OUT_OF_STEP = note(
    "the editor's changes arrived in the wrong order: save the file, or open it again",
    types.DiagnosticSeverity.Warning,
)


@record(slots=True)
class _Waiting:
    """What happens in a repository after a rest."""

    timer: asyncio.TimerHandle | None = None
    paths: set[str] = field(default_factory=set)
    refresh: bool = False


class Checking:
    """Sends the diagnostics of one editor's open files; all methods need a running event loop."""

    def __init__(self, server: PromptopsServer) -> None:
        self._server = server
        self._waiting: dict[Live, _Waiting] = {}
        self._catalog_checks: dict[Live, asyncio.Task[None]] = {}
        self._cpu_s: dict[str, float] = {}
        self._errors: dict[Live, dict[str, list[types.Diagnostic]]] = {}

    def edited(self, live: Live, path: str, touched: Touched) -> None:
        """Check a file at once, and what depends on it after a rest."""
        later = set(touched.dependents)
        if self._cpu_s.get(path, 0.0) > SLOW_S:
            later.add(path)
        else:
            self._check(live, (path,))
        if touched.everything:
            later |= self._open_paths(live)
            self._start_catalog_checks(live)
        if later or live in self._waiting:
            self._after_rest(live, later)

    def refresh(self, live: Live) -> None:
        """After a rest, look for changes outside of the editor, and check the whole catalog."""
        self._waiting.setdefault(live, _Waiting()).refresh = True
        self._after_rest(live, ())

    def closed(self, document: Document) -> None:
        """Remove the diagnostics of a file that is no longer open."""
        self._publish(document.uri, [], None)

    def stop(self, live: Live) -> None:
        """Check nothing more in a repository."""
        waiting = self._waiting.pop(live, None)
        if waiting is not None and waiting.timer is not None:
            waiting.timer.cancel()
        task = self._catalog_checks.pop(live, None)
        if task is not None:
            task.cancel()
        for uri in self._errors.pop(live, {}):
            self._publish(uri, [], None)

    def explain(self, document: Document, reason: str) -> None:
        """Show why a prompt file is not checked."""
        self._publish(document.uri, [not_checked(reason)], document.version)

    def _after_rest(self, live: Live, paths: Iterable[str]) -> None:
        waiting = self._waiting.setdefault(live, _Waiting())
        waiting.paths.update(paths)
        if waiting.timer is not None:
            waiting.timer.cancel()
        loop = asyncio.get_running_loop()
        rested = partial(self._rested, live)
        waiting.timer = loop.call_later(REST_S, self._server.attempt, rested)

    def _rested(self, live: Live) -> None:
        waiting = self._waiting.pop(live)
        paths = waiting.paths
        if waiting.refresh:
            paths |= self._refreshed(live)
            self._start_catalog_checks(live)
        self._check(live, paths)

    def _refreshed(self, live: Live) -> set[str]:
        try:
            touched = live.refreshed()
        except PromptopsError as error:
            self._server.log(f"{live.root}: {error}", types.MessageType.Warning)
            return set()
        keep_open_texts(self._server, live, touched.own)
        if touched.everything:
            return self._open_paths(live)
        return {*touched.own, *touched.dependents}

    def _start_catalog_checks(self, live: Live) -> None:
        task = self._catalog_checks.pop(live, None)
        if task is not None:
            task.cancel()
        self._catalog_checks[live] = asyncio.ensure_future(self._check_catalog(live))

    async def _check_catalog(self, live: Live) -> None:
        """Run the rules over the whole catalog, in slices between the editor's requests."""
        with CaughtBug() as bug:
            try:
                for _ in live.catalog_checks():
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                return  # a newer check follows
            except PromptopsError as error:
                self._server.log(f"{live.root}: {error}", types.MessageType.Warning)
        if bug.error is not None:
            self._server.log(f"{live.root}: {bug.error}", types.MessageType.Error)
        self._server.attempt(lambda: self._check(live, self._open_paths(live)))

    def _open_paths(self, live: Live) -> set[str]:
        return {file.path for _, file in self._open_files(live)}

    def _open_files(self, live: Live) -> list[tuple[Document, OpenFile]]:
        return [pair for pair in self._server.open_files() if pair[1].live is live]

    def _check(self, live: Live, paths: Iterable[str]) -> None:
        wanted = set(paths)
        for document, file in self._open_files(live):
            if file.path in wanted:
                found = self._found_in(file) if document.in_step else [_OUT_OF_STEP]
                self._publish(file.uri, found, file.version)
        self._show_errors(live)
        preview_changed(self._server)

    def _found_in(self, file: OpenFile) -> list[types.Diagnostic]:
        started = time.process_time()
        found: list[types.Diagnostic] = []
        with CaughtBug() as bug:
            try:
                found = diagnostics(file)
            except PromptopsError as error:
                found = [note(str(error), types.DiagnosticSeverity.Error)]
        self._cpu_s[file.path] = time.process_time() - started
        if bug.error is not None:
            return [note(str(bug.error), types.DiagnosticSeverity.Error)]
        return found

    def _show_errors(self, live: Live) -> None:
        """Show the errors of the configuration and the baseline in files that are not open."""
        files = [
            self._server.closed_file(live, path)
            for path in error_paths(live) - self._open_paths(live)
        ]
        before, now = self._errors.get(live, {}), {f.uri: error_diagnostics(f) for f in files}
        self._errors[live] = now
        for uri in before.keys() | now.keys():
            if before.get(uri) != now.get(uri):
                self._publish(uri, now.get(uri, []), None)

    def _publish(self, uri: str, found: list[types.Diagnostic], version: int | None) -> None:
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version)
        )
