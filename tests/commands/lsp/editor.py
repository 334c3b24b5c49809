"""An editor that speaks with `promptops lsp` over its standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from promptops.commands.lsp.commands import ANSWER_TEXT

START = "from promptops.cli.main import main; main()"
SERVER = (sys.executable, "-c", START, "lsp", "--stdio")
PATIENCE_S = 300
"""A safety net: what hangs exceeds it, a busy machine does not."""


class Editor:
    """One session. All paths are below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = LanguageClient("editor", "1")
        self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(partial(self._receive))
        self.client.feature(types.WINDOW_LOG_MESSAGE)(lambda line: self.log.append(line.message))
        self.client.feature(types.CLIENT_REGISTER_CAPABILITY)(partial(self._register))
        self.client.feature(types.WINDOW_SHOW_MESSAGE)(
            lambda shown: self.messages.append(shown.message)
        )
        self.client.feature(ANSWER_TEXT)(lambda piece: self.texts.append(piece.text))
        self.client.feature(types.WORKSPACE_CODE_LENS_REFRESH)(partial(self._refresh))
        self.refreshes = 0
        self.log: list[str] = []
        self.texts: list[str] = []
        self.messages: list[str] = []
        self.registered: list[str] = []
        self._versions: dict[str, int] = {}
        self._published = asyncio.Event()
        self._times: Counter[str] = Counter()
        self.published: dict[str, types.PublishDiagnosticsParams] = {}

    def _receive(self, params: types.PublishDiagnosticsParams) -> None:
        self.published[params.uri] = params
        self._times[params.uri] += 1
        self._published.set()

    def _refresh(self, _params: None) -> None:
        self.refreshes += 1
        self._published.set()

    def _register(self, params: types.RegistrationParams) -> None:
        self.registered += [each.method for each in params.registrations]

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str) -> None:
        self._versions[path] = 1
        item = types.TextDocumentItem(uri=self.uri(path), language_id="yaml", version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def close(self, path: str) -> None:
        identifier = types.TextDocumentIdentifier(uri=self.uri(path))
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(text_document=identifier)
        )

    def replace(self, path: str, text: str) -> None:
        """Send the whole text."""
        self._change(path, types.TextDocumentContentChangeWholeDocument(text=text))

    def edit(
        self, path: str, start: tuple[int, int], end: tuple[int, int], text: str, version: int = 0
    ) -> None:
        """Replace what is between two positions, each a 0-based line and character."""
        place = types.Range(
            start=types.Position(line=start[0], character=start[1]),
            end=types.Position(line=end[0], character=end[1]),
        )
        change = types.TextDocumentContentChangePartial(range=place, text=text)
        self._change(path, change, version)

    def _change(self, path: str, change: Any, version: int = 0) -> None:
        self._versions[path] = version or self._versions[path] + 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(
                    uri=self.uri(path), version=self._versions[path]
                ),
                content_changes=[change],
            )
        )

    def save(self, path: str, text: str) -> None:
        identifier = types.TextDocumentIdentifier(uri=self.uri(path))
        self.client.text_document_did_save(
            types.DidSaveTextDocumentParams(text_document=identifier, text=text)
        )

    def changed_outside(self) -> None:
        self.client.workspace_did_change_watched_files(
            types.DidChangeWatchedFilesParams(changes=[])
        )

    async def answered(self) -> None:
        """Wait until the server has handled all that was sent."""
        await self.actions("answered.prompt.yaml")

    async def command(self, command: str, **argument: Any) -> Any:
        """The result of a command of the server, as JSON."""
        params = types.ExecuteCommandParams(command=command, arguments=[argument])
        return await self.client.workspace_execute_command_async(params)

    async def actions(self, path: str, only: Sequence[str] | None = None) -> Any:
        """The code actions of a whole file."""
        start = types.Position(line=0, character=0)
        everything = types.Range(start=start, end=types.Position(line=99_999, character=0))
        params = types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=self.uri(path)),
            range=everything,
            context=types.CodeActionContext(diagnostics=[], only=only),
        )
        return await asyncio.wait_for(
            self.client.text_document_code_action_async(params), PATIENCE_S
        )

    def shown(self, path: str) -> list[str] | None:
        """`line:character code` of each diagnostic, as counted by the editor; None for nothing."""
        found = self.published.get(self.uri(path))
        return None if found is None else [in_short(each) for each in found.diagnostics]

    def times_published(self, path: str) -> int:
        """How often diagnostics of a file were published."""
        return self._times[self.uri(path)]

    async def until(self, path: str, expected: list[str] | None) -> None:
        """Wait until the diagnostics of a file are these."""
        await self.when(lambda: self.shown(path) == expected, lambda: f"{self.shown(path)}")

    async def when(self, holds: Callable[[], bool], shown: Callable[[], str]) -> None:
        """Wait until something holds that diagnostics or refreshed code lenses change."""
        while not holds():
            self._published.clear()
            try:
                await asyncio.wait_for(self._published.wait(), PATIENCE_S)
            except TimeoutError:
                raise AssertionError(shown()) from None


def in_short(diagnostic: types.Diagnostic) -> str:
    start = diagnostic.range.start
    return f"{start.line}:{start.character} {diagnostic.code}"


@asynccontextmanager
async def editor(
    root: Path,
    encodings: Sequence[str] = ("utf-16",),
    options: Any = None,
    directory: Path | None = None,
) -> AsyncIterator[Editor]:
    """A session with a server of its own, which must end with the exit code 0."""
    found = Editor(root)
    await found.client.start_io(*SERVER, cwd=str(directory or root))
    capabilities = types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=list(encodings)),
        workspace=types.WorkspaceClientCapabilities(
            did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(
                dynamic_registration=True
            ),
            code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True),
        ),
    )
    await found.client.initialize_async(
        types.InitializeParams(
            capabilities=capabilities, root_uri=root.as_uri(), initialization_options=options
        )
    )
    found.client.initialized(types.InitializedParams())
    yield found
    await found.client.shutdown_async(None)
    found.client.exit(None)
    server = found.client._server
    assert server is not None
    assert server.stderr is not None
    assert (await server.wait(), (await server.stderr.read()).decode()) == (0, "")
    await found.client.stop()


def session(run: Coroutine[Any, Any, None]) -> None:
    """Run a session to its end."""
    asyncio.run(run)


def as_shown(report: str, path: str) -> list[str]:
    """What an editor shows of a JSON report of lint, as `Editor.shown` has it for ASCII files."""
    findings = [(each["place"], each["code"]) for each in json.loads(report)["findings"]]
    return [
        f"{place['line'] - 1}:{place['column'] - 1} {code}"
        for place, code in findings
        if place["path"] == path
    ]
