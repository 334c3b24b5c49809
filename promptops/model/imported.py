"""The result of an import, as reports receive it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from promptops.model.finding import Finding, Severity
from promptops.model.place import Place
from promptops.records import field, record
from promptops.records.outputs import output, shown

State = Literal["written", "would-write", "same", "kept", "refused"]


@record(frozen=True, slots=True, kw_only=True)
class UsedAt:
    """A place where code uses a prompt; a person replaces it by a call of the bundle.

    Attributes:
        place: In the source.
        kind: `inline`: the prompt itself is there; `format`: `.format(…)`; `percent`: `%`;
            `call`: a call of the function that returns it; `argument`: it is passed to a call;
            `method`: another method of it; `read`: anything else.
        arguments: What `format` and `call` pass: names of keywords, else expressions. Of
            `argument`, the keyword, or the name of what is called; of `method`, its name.
    """

    place: Place
    kind: str
    arguments: tuple[str, ...]


@record(frozen=True, slots=True, kw_only=True)
class ImportedPrompt:
    """One prompt of a source.

    Attributes:
        id: Below the folder of `--to`.
        path: Of the prompt file, from the root of the repository, forward slashes.
        place: In its source.
        format: Of the source, with its version where it has several, such as `prompty 1`.
        state: What became of it; `same`: its file exists, and differs in its test cases and its
            status at most. `kept`: it was imported before, and its file differs; it stays as it is.
            `would-write`: with `--dry-run`.
        messages, inputs, cases: The number of them.
        files: Paths of all its files, as `path`.
        has_model: Whether it names a model or a profile.
        is_draft: Whether it is written with `status: draft`, because what is lost changes its
            request.
        losses: Number of findings of severity warning and error.
        notes: Number of findings of severity info.
        used_at: Where the imported source code uses it; empty for other formats.
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
    is_draft: bool
    losses: int
    notes: int
    used_at: tuple[UsedAt, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class ImportedSource:
    """One file that was read.

    Attributes:
        path: As the user named it, or below the folder that the user named.
        format: None if it is in no known format, or can't be read.
        prompts: In their order.
    """

    path: str
    format: str | None
    prompts: tuple[ImportedPrompt, ...]


NOT_SELECTED = "not selected by --include"
EXCLUDED = "excluded by --exclude"


@record(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A file, folder or part of a file from which nothing was imported.

    Attributes:
        path: As the user named it, or below the folder that the user named; that of a folder ends
            with a slash, and a part of a file is `FILE::NAME`, which `--include` takes.
        reason: In words, such as `documentation`.
        place: Of a string in source code; null for anything else.
        begins: The first words of the string, or "".
    """

    path: str
    reason: str
    place: Place | None = None
    begins: str = ""


@output("import")
@record(frozen=True, slots=True, kw_only=True)
class Import:
    """The result of `import`.

    Attributes:
        sources: The files that were read, in the order of their paths.
        findings: What is lost, changed or assumed, in the order of the sources; places are in the
            sources.
        profiles: Model profiles to add to the configuration as `[models.NAME]`: provider and id by
            name.
        configuration: The file that they belong in.
        companions: Number of files that another file uses, so that they are read with it.
        left_out: Files that were not read, and those in which no prompt was found.
        schema_copy: The copy of the schema for editors, if it was written.
        removable: Sources in the repository that can be removed once the prompts are imported.
        next: The command to type next, once `profiles` are in the configuration: it drafts test
            cases for the written prompts; after a dry run it writes the prompts; "" if none is
            written.
    """

    sources: tuple[ImportedSource, ...]
    findings: tuple[Finding, ...]
    profiles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    configuration: str = "promptops.toml"
    companions: int = 0
    left_out: tuple[LeftOut, ...] = ()
    schema_copy: str | None = None
    removable: tuple[str, ...] = ()
    next: str = ""

    @property
    def prompts(self) -> tuple[ImportedPrompt, ...]:
        """The prompts of all sources."""
        return tuple(prompt for source in self.sources for prompt in source.prompts)

    @shown
    def files(self) -> int:
        """Number of files that were read, those that another file uses included."""
        return len(self.sources) + self.companions

    @shown
    def strings_left_out(self) -> int:
        """Number of strings that were considered and are no prompts; `left_out` has them."""
        return sum(one.place is not None for one in self.left_out)

    @shown
    def skipped(self) -> int:
        """Number of files and folders that were not read; `left_out` has the reasons."""
        read = {source.path for source in self.sources}
        return sum(one.path.partition("::")[0] not in read for one in self.left_out)

    @property
    def unreadable(self) -> int:
        """Number of prompts that no reader can read, such as one that is a function."""
        return sum(
            found.severity is Severity.ERROR
            and not found.prompt
            and "IMP100" < found.code < "IMP120"
            for found in self.findings
        )

    @shown
    def total(self) -> int:
        """Number of all prompts of the sources."""
        return len(self.prompts) + self.unreadable

    @shown
    def refused(self) -> int:
        """Number of prompts that were not written."""
        return sum(prompt.state == "refused" for prompt in self.prompts) + self.unreadable

    @shown
    def already_there(self) -> int:
        """Number of prompts that were imported before: they are `same` or `kept`."""
        return sum(prompt.state in ("same", "kept") for prompt in self.prompts)

    @shown
    def without_loss(self) -> int:
        """Number of prompts without a finding of severity warning and error."""
        return sum(prompt.losses == 0 for prompt in self.prompts)

    @shown
    def with_loss(self) -> int:
        """Number of prompts that were written although something is lost."""
        lost: int = self.total - self.without_loss - self.refused
        return lost

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
        place: In its source.
        id: That an import without `--to` and `--id` gives it.
        name: The end of its id, for `--include FILE::NAME`.
        format: Of the source.
        length: Characters of its texts, as templates.
        variables: Names of its inputs.
    """

    place: Place
    id: str
    name: str
    format: str
    length: int
    variables: tuple[str, ...]


@output("import-list")
@record(frozen=True, slots=True, kw_only=True)
class CandidateList:
    """The result of `import --list`.

    Attributes:
        candidates: What would be read as prompts, in the order of the sources.
        findings: Errors about files that can't be read, and parts that can't be imported.
        left_out: Files, folders and parts of files from which nothing would be imported.
    """

    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @shown
    def strings_left_out(self) -> int:
        """Number of strings that were considered and are no prompts; `left_out` has them."""
        return sum(one.place is not None for one in self.left_out)

    @property
    def failed(self) -> bool:
        """Whether a file can't be read, or a part of it can't be imported."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)
