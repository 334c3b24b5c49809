"""The result of an export, as reports receive it."""

from __future__ import annotations

from typing import Literal

from promptops.model.finding import Finding
from promptops.records import record

FileState = Literal["written", "would-write", "same", "refused"]


@record(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One file.

    Attributes:
        path: As it is shown.
        state: What became of it; `same`: a file with the same bytes exists.
    """

    path: str
    state: FileState


@record(frozen=True, slots=True, kw_only=True)
class Export:
    """All files of an export.

    Attributes:
        prompts: Number of prompts that were selected.
    """

    format: str
    prompts: int
    files: tuple[WrittenFile, ...]
    findings: tuple[Finding, ...]
