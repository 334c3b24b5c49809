"""The result of an import, as reports receive it."""

from __future__ import annotations

from typing import Literal

from promptops.model.finding import Finding
from promptops.records import record

State = Literal["written", "would-write", "same", "refused"]


@record(frozen=True, slots=True, kw_only=True)
class ImportedPrompt:
    """One prompt of a source.

    Attributes:
        path: Of the prompt file, from the root of the repository.
        source: Where it was read.
        state: What became of it; `same`: a file with the same bytes exists.
        files: Paths of all its files.
        losses: Number of findings of severity warning and error.
    """

    id: str
    path: str
    source: str
    format: str
    state: State
    messages: int
    inputs: int
    cases: int
    files: tuple[str, ...]
    losses: int


@record(frozen=True, slots=True, kw_only=True)
class Import:
    """All prompts of an import.

    Attributes:
        findings: Of all prompts, in the order of their sources.
        files: Number of files that were read.
        skipped: Number of files that were left out: documentation, binary and vendored ones.
        unknown: Paths of files in no known format.
    """

    prompts: tuple[ImportedPrompt, ...]
    findings: tuple[Finding, ...]
    files: int
    skipped: int
    unknown: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """Number of prompts that were not written."""
        return sum(prompt.state == "refused" for prompt in self.prompts)
