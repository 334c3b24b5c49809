"""The command `promptops.runCase`: a case with its recorded answer."""

from __future__ import annotations

from promptops.errors import UsageError
from promptops.jobs.live.cases import run_case
from promptops.lsp.open_file import OpenFile
from promptops.report.test.text import write

COMMAND = "promptops.runCase"


def run_recorded(file: OpenFile, case: str) -> str:
    """What `promptops test` prints about a case; calls no model.

    Raises UsageError for an untrusted workspace, because a case may run code of the repository,
    and for a case that does not exist.
    """
    if not file.trusted:
        raise UsageError("cases run in trusted workspaces only: they may run code")
    return write(run_case(file.live.workspace, file.path, case)).rstrip("\n")
