"""The result of an export, as reports receive it."""

from __future__ import annotations

from typing import Literal

from promptops.model.finding import Finding
from promptops.records import record
from promptops.records.outputs import output

FileState = Literal["written", "would-write", "same", "refused"]


@record(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One file.

    Attributes:
        path: Below the folder of `--to`, with that folder.
        state: What became of it; `same`: a file with the same bytes exists; `refused`: a file
            with another content exists, or `--strict` is given and something is lost.
    """

    path: str
    state: FileState


@output("export", version=1)
@record(frozen=True, slots=True, kw_only=True)
class Export:
    """The result of `promptops export`: all files.

    Attributes:
        format: Name of the format that was written.
        prompts: Number of prompts that were selected.
        files: In the order of the prompts.
        findings: What the format can't express; their places are in the prompt files.
    """

    format: str
    prompts: int
    files: tuple[WrittenFile, ...]
    findings: tuple[Finding, ...]
