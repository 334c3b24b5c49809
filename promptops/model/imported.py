"""The result of an import, as reports receive it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from promptops.model.finding import Finding, Severity
from promptops.model.place import Place
from promptops.records import field, record

State = Literal["written", "would-write", "same", "refused"]


@record(frozen=True, slots=True, kw_only=True)
class ImportedPrompt:
    """One prompt of a source.

    Attributes:
        path: Of the prompt file, from the root of the repository.
        place: In its source.
        format: Of the source, with its version where it has several.
        state: What became of it; `same`: files with the same bytes exist.
        files: Paths of all its files.
        has_model: Whether it names a model or a profile.
        losses: Number of findings of severity warning and error.
        notes: Number of findings of severity info.
    """

    id: str
    path: str
    place: Place
    format: str
    state: State
    messages: int
    inputs: int
    cases: int
    files: tuple[str, ...]
    has_model: bool
    losses: int
    notes: int


@record(frozen=True, slots=True, kw_only=True)
class ImportedSource:
    """One file that was read.

    Attributes:
        path: As it is shown.
        format: None if it is in no known format, or can't be read.
    """

    path: str
    format: str | None
    prompts: tuple[ImportedPrompt, ...]


@record(frozen=True, slots=True, kw_only=True)
class Import:
    """The result for all sources.

    Attributes:
        findings: Of all prompts, in the order of their sources.
        profiles: Model profiles to add to the configuration: provider and id by name.
        companions: Number of files that another file uses, so that they are read with it.
        skipped: Number of files that were left out: documentation, binary and vendored ones, and
            those that prompts of the repository have already.
        schema_copy: The copy of the schema for editors, if it was written.
        removable: Sources in the repository that can be removed once the prompts are imported.
    """

    sources: tuple[ImportedSource, ...]
    findings: tuple[Finding, ...]
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    companions: int = 0
    skipped: int = 0
    schema_copy: str | None = None
    removable: tuple[str, ...] = ()

    @property
    def prompts(self) -> tuple[ImportedPrompt, ...]:
        """The prompts of all sources."""
        return tuple(prompt for source in self.sources for prompt in source.prompts)

    @property
    def files(self) -> int:
        """Number of files that were read."""
        return len(self.sources) + self.companions

    @property
    def refused(self) -> int:
        """Number of prompts that were not written."""
        return sum(prompt.state == "refused" for prompt in self.prompts)

    @property
    def without_loss(self) -> int:
        """Number of prompts without a finding of severity warning and error."""
        return sum(prompt.losses == 0 for prompt in self.prompts)

    @property
    def with_loss(self) -> int:
        """Number of prompts that were written although something is lost."""
        return len(self.prompts) - self.without_loss - self.refused

    @property
    def unknown(self) -> tuple[str, ...]:
        """Paths of files in no known format, without those that have a finding."""
        placed = {finding.place.path for finding in self.findings}
        return tuple(
            source.path
            for source in self.sources
            if source.format is None and source.path not in placed
        )

    @property
    def nothing_readable(self) -> bool:
        """Whether there is no prompt, and no source is in a known format with a prompt in it."""
        severe = (one.code for one in self.findings if one.severity > Severity.INFO)
        return not self.prompts and all(code <= "IMP004" for code in severe)

    @property
    def failed(self) -> bool:
        """Whether a prompt was refused, or a part of a source can't be imported."""
        errors = any(finding.severity is Severity.ERROR for finding in self.findings)
        return bool(self.refused) or errors


@record(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an import would read as a prompt.

    Attributes:
        name: For `--select FILE::NAME`.
        length: Characters of its texts.
        variables: Names of its inputs.
    """

    place: Place
    name: str
    format: str
    length: int
    variables: tuple[str, ...]
