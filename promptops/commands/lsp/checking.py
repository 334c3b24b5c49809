"""Check the open files while they change, and publish the findings as diagnostics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from promptops.catalog.files import PROMPT_ENDINGS
from promptops.commands.lint.live import Live, Touched
from promptops.commands.lsp.documents import Document, FileInRepository, OpenFile, with_lf
from promptops.errors import PromptopsError
from promptops.model.distribution import home
from promptops.model.finding import Finding, Severity
from promptops.model.internal_error import CaughtBug
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import field, record
from promptops.report.visible import visible

if TYPE_CHECKING:
    from promptops.commands.lsp.server import PromptopsServer


_BOM = "\ufeff"
_WARNING = types.MessageType.Warning


def did_open(server: PromptopsServer, params: types.DidOpenTextDocumentParams) -> None:
    """Check a file, and look for changes of its repository."""
    item = params.text_document
    server.forget_place(item.uri)
    found = server.place_of(item.uri)
    disk = _on_disk(found) or b""
    hidden = _BOM if disk.startswith(_BOM.encode()) and not item.text.startswith(_BOM) else ""
    document = server.documents.opened(item, hidden)
    if found is not None:
        _put_unless_saved(server, document, found)
        server.checking.refresh(found.live)
    elif is_prompt_file(item.uri):
        server.checking.explain(document, server.reason(item.uri))


def did_change(server: PromptopsServer, params: types.DidChangeTextDocumentParams) -> None:
    """Check the changed file at once, and what depends on it after a rest."""
    document = server.documents.changed(params, server.encoding)
    found = server.place_of(params.text_document.uri)
    if document is None:
        server.log(f"{params.text_document.uri}: changed, but it is not open", _WARNING)
    elif found is not None:
        _put(server, found, _saved_text(document))


def did_save(server: PromptopsServer, params: types.DidSaveTextDocumentParams) -> None:
    """Use the content on disk, and check the whole catalog."""
    uri = params.text_document.uri
    if server.place_of(uri) is None:
        server.forget_place(uri)  # a repository may have been created
    found = server.place_of(uri)
    text = (
        params.text
        if params.text is not None
        else _without_bom((_on_disk(found) or b"").decode("utf-8", "replace"))
    )
    document = server.documents.replaced(uri, text)
    if document is not None and found is not None:
        _put_unless_saved(server, document, found)
        server.checking.refresh(found.live)


def did_close(server: PromptopsServer, params: types.DidCloseTextDocumentParams) -> None:
    """Use the content on disk again."""
    uri = params.text_document.uri
    document, found = server.documents.closed(uri), server.place_of(uri)
    server.forget_place(uri)
    if document is None:
        return
    server.checking.closed(document)
    if found is not None:
        _put(server, found, None)


def did_change_outside(server: PromptopsServer, _params: object) -> None:
    """Look for changes in all repositories: a file, HEAD, or the settings of the editor."""
    for live in server.repositories:
        server.checking.refresh(live)


def did_change_folders(
    server: PromptopsServer, _params: types.DidChangeWorkspaceFoldersParams
) -> None:
    """Close the repositories that have no open file; one that is needed again is opened again."""
    used = {id(file.live) for _, file in server.open_files()}
    for live in server.repositories:
        if id(live) not in used:
            server.checking.stop(live)
            server.repositories.close(live)


def keep_open_texts(server: PromptopsServer, live: Live, changed: Collection[str]) -> None:
    """After other programs changed files: the text of an open file is still that of the editor.

    An editor that does not read the file again shows the findings at the right places. The text of
    a deleted file does not count: what needs the file is wrong, whether or not it is open.
    """
    for document, file in server.open_files():
        found = FileInRepository(live, file.path)
        if file.live is live and file.path in changed and _on_disk(found) is not None:
            _put_unless_saved(server, document, found)


def _put_unless_saved(server: PromptopsServer, document: Document, found: FileInRepository) -> None:
    """Use the text in the editor, or the content on disk if the editor shows that."""
    saved = _shows(document, _on_disk(found))
    _put(server, found, None if saved else _saved_text(document))


def _saved_text(document: Document) -> str | None:
    """The file as the editor would save it; None if its text is unknown."""
    return document.hidden + document.text if document.in_step else None


def _put(server: PromptopsServer, found: FileInRepository, text: str | None) -> None:
    """Give a file a text, or None for the content on disk, and check what this touches."""
    if Path(found.live.root, found.path).is_symlink():
        text = None  # it is reported; the text is that of another file
    try:
        touched = found.live.put(found.path, text)
    except PromptopsError as error:
        server.log(f"{found.path}: {error}", _WARNING)
        return
    server.checking.edited(found.live, found.path, touched)


def _on_disk(found: FileInRepository | None) -> bytes | None:
    """The content of a file; None if it can't be read."""
    if found is None or not (file := Path(found.live.root, found.path)).is_file():
        return None
    try:
        return file.read_bytes()
    except OSError:
        return None


def _shows(document: Document, data: bytes | None) -> bool:
    """Whether the editor shows what is on disk; for what is not UTF-8 it shows replacements."""
    if data is None:
        return False
    try:
        return with_lf(_without_bom(data.decode())) == with_lf(_without_bom(document.text))
    except UnicodeDecodeError:
        return True


def _without_bom(content: str) -> str:
    return content.removeprefix(_BOM)


# When the findings of open files are computed and sent to the editor.

REST_S = 0.15
"""Without an edit for so long, all cases are rendered, also of what depends on the edited file."""

SLOW_CHECK_S = 0.2
"""A file that needs more processor time than this is checked after a rest, too."""


@record(slots=True)
class _Waiting:
    """What happens in a repository after a rest."""

    timer: asyncio.TimerHandle | None = None
    paths: set[str] = field(default_factory=set)
    refresh: bool = False


def _advanced(parts: Iterator[None]) -> bool:
    """Whether there is more to do; the check that follows reports errors."""
    with CaughtBug(), suppress(PromptopsError):
        return next(parts, True) is None
    return False


@record(frozen=True, slots=True)
class _Check:
    """A check of files that is under way, and those that are left."""

    task: asyncio.Task[None]
    left: set[str]


class Checking:
    """Sends the diagnostics of one editor's open files; all methods need a running event loop."""

    def __init__(self, server: PromptopsServer) -> None:
        self._server = server
        self._waiting: dict[Live, _Waiting] = {}
        self._catalog_checks: dict[Live, asyncio.Task[None]] = {}
        self._checks: dict[Live, _Check] = {}
        self._cpu_s: dict[str, float] = {}
        self._shown: dict[str, tuple[list[types.Diagnostic], int | None]] = {}
        self._errors: dict[Live, dict[str, list[types.Diagnostic]]] = {}

    def edited(self, live: Live, path: str, touched: Touched) -> None:
        """Check a file at once without its cases; all of it and its dependents after a rest."""
        later = {path, *touched.dependents, *self._stopped(live)}
        if self._cpu_s.get(path, 0.0) <= SLOW_CHECK_S:
            self._check(live, (path,), at_once=True)
        self._server.preview_changed()
        if touched.everything:
            later |= self._open_paths(live)
            self._start_catalog_checks(live)
        self._after_rest(live, later)

    def refresh(self, live: Live) -> None:
        """After a rest, look for changes outside of the editor, and check the whole catalog."""
        self._waiting.setdefault(live, _Waiting()).refresh = True
        self._after_rest(live, ())

    def closed(self, document: Document) -> None:
        """Remove the diagnostics of a file that is no longer open."""
        self._publish(document.uri, [], None)
        self._shown.pop(document.uri, None)
        self._server.case_states.pop(document.uri, None)

    def stop(self, live: Live) -> None:
        """Check nothing more in a repository."""
        waiting = self._waiting.pop(live, None)
        if waiting is not None and waiting.timer is not None:
            waiting.timer.cancel()
        self._stopped(live)
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
        if waiting.refresh:
            waiting.paths |= self._refreshed(live)
            self._start_catalog_checks(live)
            self._server.preview_changed()
        paths = waiting.paths | self._stopped(live)
        task = asyncio.ensure_future(self._check_in_parts(live, paths))
        self._checks[live] = _Check(task, paths)

    async def _check_in_parts(self, live: Live, paths: set[str]) -> None:
        """Check files between the editor's requests; those that are left stay in `paths`."""
        for path in sorted(self._open_paths(live) & paths):
            parts, spent, goes_on = live.check(path), 0.0, True
            while goes_on:
                started = time.process_time()
                goes_on = _advanced(parts)
                spent += time.process_time() - started
                await asyncio.sleep(0)
            self._server.attempt(partial(self._check, live, (path,)))
            self._cpu_s[path] = min(self._cpu_s.get(path, 0.0), spent)
            paths.discard(path)
        self._show_errors(live)
        self._checks.pop(live, None)

    def _stopped(self, live: Live) -> set[str]:
        """Stop the check that is under way; returns the files that are left."""
        check = self._checks.pop(live, None)
        if check is None:
            return set()
        check.task.cancel()
        return check.left

    def _refreshed(self, live: Live) -> set[str]:
        try:
            touched = live.refreshed()
        except PromptopsError as error:
            self._server.log(f"{live.root}: {error}", _WARNING)
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
                self._server.log(f"{live.root}: {error}", _WARNING)
        if bug.error is not None:
            self._server.log(f"{live.root}: {bug.error}", types.MessageType.Error)
        self._server.attempt(lambda: self._check(live, self._open_paths(live)))

    def _open_paths(self, live: Live) -> set[str]:
        return {file.path for _, file in self._open_files(live)}

    def _open_files(self, live: Live) -> list[tuple[Document, OpenFile]]:
        return [pair for pair in self._server.open_files() if pair[1].live is live]

    def _check(self, live: Live, paths: Iterable[str], *, at_once: bool = False) -> None:
        wanted = set(paths)
        for document, file in self._open_files(live):
            if file.path in wanted:
                found = self._found_in(file, at_once) if document.in_step else [_OUT_OF_STEP]
                self._publish(file.uri, found, file.version)
                if not at_once:
                    self._server.refresh_lenses(file)
        self._show_errors(live)

    def _found_in(self, file: OpenFile, at_once: bool) -> list[types.Diagnostic]:
        started = time.process_time()
        found: list[types.Diagnostic] = []
        with CaughtBug() as bug:
            try:
                found = diagnostics(file, at_once=at_once)
            except PromptopsError as error:
                found = [file_note(str(error), types.DiagnosticSeverity.Error)]
        if at_once:
            self._cpu_s[file.path] = time.process_time() - started
        if bug.error is not None:
            return [file_note(str(bug.error), types.DiagnosticSeverity.Error)]
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
        shown = found, version
        if self._shown.get(uri) == shown:
            return
        self._shown[uri] = shown
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version)
        )


# Findings as the diagnostics of an editor.

DIAGNOSTIC_SOURCE = "promptops"
MOST_DIAGNOSTICS = 500
"""Diagnostics of one file; more make editors slow."""

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}
_RULE_TAGS = {
    "VAR002": types.DiagnosticTag.Unnecessary,
    "REP003": types.DiagnosticTag.Unnecessary,
    "CFG002": types.DiagnosticTag.Deprecated,
    "SCH008": types.DiagnosticTag.Deprecated,
}


def diagnostics(file: OpenFile, *, at_once: bool = False) -> list[types.Diagnostic]:
    """The findings in a file, in the order of their places; at once those of `Live.findings_now`.

    For a file that promptops does not read, a diagnostic that explains this, or nothing.
    Raises PromptopsError if git fails or the file can't be read.
    """
    found = error_diagnostics(file)
    if not file.live.manages(file.path):
        roots = ", ".join(f"`{root}`" for root in file.live.workspace.config.prompts)
        reason = f"it is outside of the prompt roots ({roots})"
        return [*found, not_checked(reason)] if is_prompt_file(file.path) else found
    live = file.live
    findings = live.findings_now(file.path) if at_once else live.findings(file.path)
    ranks = sorted(range(len(findings)), key=lambda index: -findings[index].severity)
    found += [diagnostic(file, findings[index]) for index in sorted(ranks[:MOST_DIAGNOSTICS])]
    if len(findings) > MOST_DIAGNOSTICS:
        left_out = counted(len(findings) - MOST_DIAGNOSTICS, "more finding")
        found.append(file_note(f"{left_out}: run `promptops lint`"))
    return found


def diagnostic(file: OpenFile, finding: Finding) -> types.Diagnostic:
    """One finding in this file."""
    page = _rule_page(finding.code)
    return types.Diagnostic(
        range=file.range_of(finding.place),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=types.CodeDescription(href=page) if page else None,
        source=DIAGNOSTIC_SOURCE,
        message=_diagnostic_message(finding.message, finding.hint, finding.case),
        tags=[_RULE_TAGS[finding.code]] if finding.code in _RULE_TAGS else None,
        related_information=[
            types.DiagnosticRelatedInformation(
                location=file.location_of(each.place), message=visible(each.message)
            )
            for each in finding.related
        ]
        or None,
    )


def _diagnostic_message(message: str, hint: str | None, case: str | None = None) -> str:
    lines = [message, hint, f"found in the request of the case `{case}`" if case else None]
    return "\n".join(visible(line) for line in lines if line)


@cache
def _project_address() -> str:
    return home()


def _rule_page(code: str) -> str:
    """The address of a rule's page; "" as long as the project has no address."""
    address, is_rule = _project_address(), code.isupper()
    return f"{address}/blob/HEAD/docs/reference/rules/{code}.md" if address and is_rule else ""


def is_prompt_file(path: str) -> bool:
    """Whether a file has the name of a prompt file."""
    return path.endswith(PROMPT_ENDINGS)


def not_checked(reason: str) -> types.Diagnostic:
    """A note at the start of a prompt file that has no findings because it is not read."""
    return file_note(f"this file is not checked: {reason}")


def file_note(
    message: str, severity: types.DiagnosticSeverity = types.DiagnosticSeverity.Information
) -> types.Diagnostic:
    """A diagnostic about a whole file, at its start."""
    start = types.Position(line=0, character=0)
    place = types.Range(start=start, end=start)
    lines = "\n".join(map(visible, message.split("\n")))
    return types.Diagnostic(range=place, severity=severity, source=DIAGNOSTIC_SOURCE, message=lines)


_OUT_OF_STEP = file_note(
    "the editor's changes arrived in the wrong order: save the file, or open it again",
    types.DiagnosticSeverity.Warning,
)


def error_paths(live: Live) -> frozenset[str]:
    """The files with errors of the configuration or the baseline."""
    return frozenset(filter(None, map(_error_path, _all_errors(live))))


def error_diagnostics(file: OpenFile) -> list[types.Diagnostic]:
    """The errors of the configuration and the baseline that are in a file."""
    return [error_diagnostic(file, error) for error in errors_in(file)]


def errors_in(file: OpenFile) -> list[PromptopsError]:
    """The errors of the configuration and the baseline that are in a file."""
    return [error for error in _all_errors(file.live) if _error_path(error) == file.path]


def _all_errors(live: Live) -> list[PromptopsError]:
    """All errors, each with those that were found together with it."""
    return [each for error in live.errors for each in (error, *error.others)]


def _error_path(error: PromptopsError) -> str:
    return (error.where or "").partition(":")[0]


def error_diagnostic(file: OpenFile, error: PromptopsError) -> types.Diagnostic:
    """One error in this file."""
    return types.Diagnostic(
        range=file.range_of(error_place(error)),
        severity=types.DiagnosticSeverity.Error,
        source=DIAGNOSTIC_SOURCE,
        message=_diagnostic_message(error.message, error.hint),
    )


def error_place(error: PromptopsError) -> Place:
    """The place of an error: a span of its line, or as `where` gives it."""
    path, *numbers = (error.where or "").split(":")
    line, column = (int(each) if each.isdecimal() else 1 for each in (*numbers, "1", "1")[:2])
    end = error.source.end_column if error.source is not None else column
    return Place(path, line, column, line, max(end, column))
