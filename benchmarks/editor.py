"""An editor that opens one file of a language server, edits it often, and waits for diagnostics."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timing import Wrong, started

WARM = 20
"""Edits before those that are measured."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1_000_000


@dataclass(frozen=True, slots=True)
class Edits:
    """Of one edit, a median and a mean; and of all edits.

    Attributes:
        wall_s: The median.
        cpu_s: Of the server, the mean.
        growth_mb: Resident memory after the last edit less that after the first fifth of them,
            when the server has seen the whole catalog.
    """

    wall_s: float
    cpu_s: float
    growth_mb: float


def edit_often(
    command: Sequence[str],
    folder: Path,
    path: str,
    edits: int,
    schema: Path | None = None,
    *,
    previews: bool = False,
) -> Edits:
    """Edit a file so often; each edit renames an input's use, so that it changes a diagnostic.

    Args:
        schema: Named in the first line of the file, for a server that looks for it there.
        previews: Request the code lenses and the preview of the first case after each edit, as VS
            Code and our panel do.
    """
    text = (folder / path).read_text()
    if schema is not None:
        text = f"# yaml-language-server: $schema={schema.as_uri()}\n{text}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    # A byte is a character: sizes are in bytes.
    with started(command, cwd=folder, encoding="latin-1", **pipes) as process:
        session = _Session(process, folder, path)
        session.open(text)
        for number in range(WARM):
            session.edit(_edited(text, number))
        cpu, memory, walls = session.cpu_s(), 0.0, []
        for number in range(edits):
            if number == edits // 5:
                memory = session.memory_mb()
            begun = time.perf_counter()
            session.edit(_edited(text, number))
            if previews:
                session.request("textDocument/codeLens", textDocument=session.document)
                session.preview()
            walls.append(time.perf_counter() - begun)
        spent, grown = session.cpu_s() - cpu, session.memory_mb() - memory
    return Edits(statistics.median(walls), spent / edits, max(grown, 0.0))


def _edited(text: str, number: int) -> str:
    """A text with a wrong key, at another line each time, and another word in a message."""
    words = text.replace("You triage", f"You triage {number}")
    return f"{words}\n\nwrong_{number}: 1\n"


class _Session:
    """What is sent and received; one file is open."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, path: str) -> None:
        self._process = process
        self._uri = (folder / path).as_uri()
        self._version, self._number = 0, 1
        capabilities = {
            "general": {"positionEncodings": ["utf-32", "utf-16"]},
            "textDocument": {"publishDiagnostics": {"versionSupport": True}},
            "workspace": {"codeLens": {"refreshSupport": True}},
        }
        root = {
            "rootUri": folder.as_uri(),
            "processId": None,
            "capabilities": capabilities,
            "initializationOptions": {"previews": True},
        }
        self._send({"id": 1, "method": "initialize", "params": root})
        while self._receive().get("id") != 1:
            pass
        self._send({"method": "initialized", "params": {}})

    def open(self, text: str) -> None:
        self._version = 1
        item = {"uri": self._uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": item}})
        self._wait("")

    def edit(self, text: str) -> None:
        """Send the whole text, and wait until its wrong key is reported."""
        self._version += 1
        document = {"uri": self._uri, "version": self._version}
        changes = {"textDocument": document, "contentChanges": [{"text": text}]}
        self._send({"method": "textDocument/didChange", "params": changes})
        self._wait(text.rstrip().rpartition("\n")[2].partition(":")[0])

    def preview(self) -> None:
        """Request the rendered request of the first case, and wait for it."""
        arguments = [{"uri": self._uri}]
        method = "workspace/executeCommand"
        self.request(method, command="promptops.preview", arguments=arguments)

    @property
    def document(self) -> dict[str, str]:
        return {"uri": self._uri}

    def request(self, method: str, **params: Any) -> None:
        """Send a request, and wait for its answer."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while (answer := self._receive()).get("id") != self._number:
            pass
        if "error" in answer:
            raise Wrong(answer["error"]["message"])

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_mb(self) -> float:
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * _PAGE_MB

    def _wait(self, word: str) -> None:
        """For diagnostics of the open file; with a word, for those that contain it."""
        while True:
            message = self._receive()
            if message.get("method") != "textDocument/publishDiagnostics":
                continue
            found = message["params"]
            if found["uri"] == self._uri and word in json.dumps(found["diagnostics"]):
                return

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message})
        self._process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n{body}")
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """The next message; requests of the server get an empty answer."""
        assert self._process.stdout is not None
        size = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(":")
            size = int(value) if name.lower() == "content-length" else size
        if not size:
            raise Wrong("the language server ended")
        message: dict[str, Any] = json.loads(self._process.stdout.read(size).encode("latin-1"))
        if "id" in message and "method" in message:
            items = message.get("params", {}).get("items", ())
            answer = [None for _ in items] if "items" in message.get("params", {}) else None
            self._send({"id": message["id"], "result": answer})
        return message
