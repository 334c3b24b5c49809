"""The results of `verify`, `promote`, `stubs` and `export`."""

from __future__ import annotations

from typing import Literal

from promptops.model.change import Change
from promptops.model.finding import Finding
from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.records.outputs import output, shown

State = Literal["passed", "failed", "absent"]
Subject = Literal["name", "content", "bundle", "tag", "signature"]
UNSIGNED = "unsigned"
"""The message of the signature check for a tag without a signature, if none is required."""


@record(frozen=True, slots=True, kw_only=True)
class VerificationStep:
    """One check of the verification.

    Attributes:
        subject: What is checked. `name`: the tag object and the ref have the same name; `content`
            and `bundle`: the digests; `tag`: a file belongs to its release; `signature`: a trusted
            signer.
        state: `absent` if there is nothing to compare with, which is not a failure.
        message: A sentence for people.
        hint: The fix if it failed, or "".
    """

    subject: Subject
    state: State
    message: str
    hint: str = ""


@output("verify", version=1)
@record(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of `promptops verify`: all checks.

    Attributes:
        target: As given on the command line.
        kind: `tag`: a release in a repository; `file`: the file of a bundle.
        release: Name of the tag; None for a bundle that is not of a release.
        commit: Id of the commit; None if the file can't be read.
        content_sha256: The actual digest of the paths and contents of all files from which the
            prompts are built, in hexadecimal; None if unknown.
        bundle_sha256: The actual digest of the bundle, in hexadecimal; None if unknown.
        signer: The trusted signer; None without a trusted signature.
        checks: In the order in which they were made.
    """

    target: str
    kind: Literal["tag", "file"]
    release: str | None
    commit: str | None
    content_sha256: str | None
    bundle_sha256: str | None
    signer: str | None
    checks: tuple[VerificationStep, ...]

    @property
    def proven(self) -> bool:
        """Whether a signature or a release record confirms it, rather than its own digest alone."""
        vouching = [check for check in self.checks if check.subject in ("name", "tag", "signature")]
        return self.passed and any(check.state == "passed" for check in vouching)

    @shown
    def passed(self) -> bool:
        """Whether no check failed; `absent` is not a failure."""
        return all(check.state != "failed" for check in self.checks)


# The result of pointing a channel at another release.


@record(frozen=True, slots=True, kw_only=True)
class Break:
    """A change that breaks callers of a prompt or consumers of its output.

    Attributes:
        prompt: The id of the prompt.
        change: The breaking change.
    """

    prompt: str
    change: Change


@output("promote", version=1)
@record(frozen=True, slots=True, kw_only=True)
class Move:
    """The result of `promptops promote` and `rollback`: the change of a channel, or why none.

    Attributes:
        kind: The command.
        channel: Its name.
        before: The release that the channel served before; None for a new channel.
        serial_before: Its serial; None for a new channel.
        release: The release that it serves now, or that was refused.
        bundle_sha256: Digest of the release's bundle, in hexadecimal; None if it can't be built.
        serial: Increases with each change; without a change, the current serial, 0 if nothing was
            served.
        changed: Whether `channels.yaml` was written.
        commit: Id of the commit with the change, or None.
        refusals: Why nothing was done; empty if it was, or was not needed.
        breaks: Breaking changes for callers of the previous release; None if unknown.
        unsigned: A rollback to a release without its required signature.
        skipped: Releases that a rollback passed over, because they were rolled back before.
        notes: Problems for readers; an interrupted change that was undone.
        next: The remaining steps until applications load it, in order: commands, or sentences.
    """

    kind: Literal["promote", "rollback"]
    channel: str
    before: str | None
    serial_before: int | None
    release: str
    bundle_sha256: str | None
    serial: int
    changed: bool = False
    commit: str | None = None
    refusals: tuple[str, ...] = ()
    breaks: tuple[Break, ...] | None = ()
    unsigned: bool = False
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    next: tuple[str, ...] = ()


# The data of a typed module for applications.


@record(frozen=True, slots=True, kw_only=True)
class Stubs:
    """The prompts of one revision, and where they come from.

    Attributes:
        title: The usual name of the revision.
        release: Name of its tag; None if it is not a release.
        digest: SHA-256, in hexadecimal, of its bundle; None for a work tree, which has none.
        made_by: The command line that creates the same module.
        prompts: By id.
    """

    title: str
    release: str | None
    digest: str | None
    made_by: str
    prompts: tuple[Prompt, ...]


@output("stubs", version=1)
@record(frozen=True, slots=True, kw_only=True)
class TypedModule:
    """The result of `promptops stubs`: a module with types for the prompts of one revision.

    Attributes:
        release: Name of the release's tag; None if it is not a release.
        bundle_sha256: Digest of the bundle, in hexadecimal; None for a work tree, which has none.
        prompts: The ids of the prompts, sorted.
        module: Source code of the module for Python.
    """

    release: str | None
    bundle_sha256: str | None
    prompts: tuple[str, ...]
    module: str


# The result of an export, as reports receive it.

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
