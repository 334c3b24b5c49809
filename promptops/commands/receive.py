"""`promptops receive`: whether a repository accepts a push, for the `update` hook of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptops.errors import GitError, PromptopsError, UsageError
from promptops.model.finding import Finding
from promptops.records import record
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.release.tags import TagNames
    from promptops.repo.repository import Repository


@click.command(cls=Command)
@click.argument("ref")
@click.argument("old")
@click.argument("new")
@common("text")
def command(output: OutputOptions, ref: str, old: str, new: str) -> int:
    """Accept or reject a push, for the `update` hook of a server.

    Rejects (exit 1) a push that moves or deletes a release tag, creates one that is not annotated,
    or contains commits whose prompts have lint errors. The hook is hooks/update of this project.

    \b
    Example:
      promptops receive -- "$1" "$2" "$3"
    """
    refusal = push_refusal(output.directory, Push(ref, old, new))
    if refusal is None:
        return 0
    click.echo(_text(refusal), err=True)
    return 1


def _text(refusal: PushRefusal) -> str:
    from promptops.model.report import LintReport
    from promptops.report.findings import writer
    from promptops.report.visible import visible

    report = LintReport(findings=refusal.findings, files=0)
    listed = writer("concise")(report) if refusal.findings else ""
    return f"{listed}error: {visible(refusal.message)}\n  tip: {visible(refusal.hint)}"


TAGS = "refs/tags/"


@record(frozen=True, slots=True)
class Push:
    """One ref update, with the arguments of git's `update` hook.

    Attributes:
        old, new: Ids; zeros if the ref is created or deleted.
    """

    ref: str
    old: str
    new: str

    @property
    def creates(self) -> bool:
        """Whether the ref is new: the old id has only zeros."""
        return not self.old.strip("0")

    @property
    def deletes(self) -> bool:
        """Whether the ref is deleted: the new id has only zeros."""
        return not self.new.strip("0")


@record(frozen=True, slots=True)
class PushRefusal:
    """Why a push is refused.

    Attributes:
        findings: Lint errors of the pushed prompts.
    """

    message: str
    hint: str
    findings: tuple[Finding, ...] = ()


def push_refusal(directory: Path, push: Push) -> PushRefusal | None:
    """The reason to reject a push; None to accept it.

    Works in the quarantine that git keeps pushed objects in until the hook agrees. Raises
    UsageError for invalid ids, GitError.
    """
    from promptops.repo.repository import Repository
    from promptops.repo.revisions import OBJECT_ID

    if not all(OBJECT_ID.fullmatch(identity) for identity in (push.old, push.new)):
        raise UsageError(
            "not the arguments that git passes to an `update` hook", hint="REF OLD NEW, ids in full"
        )
    with Repository.open(directory) as repository:
        return _tag_refusal(repository, push) or _content_refusal(repository, push)


def _tag_refusal(repository: Repository, push: Push) -> PushRefusal | None:
    from promptops.model.config import ReleaseSettings
    from promptops.release.tags import TagNames
    from promptops.repo.process import decode

    if not push.ref.startswith(TAGS):
        return None
    name = push.ref.removeprefix(TAGS)
    # The tag formats of all trees in question, so that no push can rename existing releases.
    known = set(_readable_names(repository, push)) or {TagNames(ReleaseSettings().tag_format)}
    if not any(names.read(name) or names.read_of_prompt(name) for names in known):
        return None
    if not push.creates:
        done = "deleted" if push.deletes else "moved"
        hint = "tag a version above it"
        return PushRefusal(f"the release tag {name!r} can't be {done}", hint)
    if decode(repository.git.run("cat-file", "-t", push.new)).strip() != "tag":
        hint = "a release is an annotated tag: git tag -a"
        return PushRefusal(f"the release tag {name!r} is not annotated", hint)
    inside = _name_inside(repository, push.new)
    if inside != name:
        hint = "push it under its own name"
        return PushRefusal(f"the tag object pushed as {name!r} is named {inside!r}", hint)
    return None


def _readable_names(repository: Repository, push: Push) -> Iterator[TagNames]:
    from promptops.release.tags import TagNames
    from promptops.workspace.workspace import configuration

    for revision in ("HEAD", push.old, push.new):
        if revision.strip("0"):
            try:
                yield TagNames(configuration(repository, revision).release.tag_format)
            except PromptopsError:  # not a commit, or a configuration that lint will report
                continue


def _name_inside(repository: Repository, tag: str) -> str:
    from promptops.repo.process import decode

    head, _, _ = decode(repository.git.run("cat-file", "tag", tag)).partition("\n\n")
    return next((line[4:] for line in head.split("\n") if line.startswith("tag ")), "")


def _content_refusal(repository: Repository, push: Push) -> PushRefusal | None:
    from promptops.commands.lint.lint import LintOptions, lint
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import workspace_at

    commit = None if push.deletes else _new_commit(repository, push.new)
    if commit is None:
        return None
    try:
        workspace = workspace_at(repository, commit)
        # No cache: other users can write to a shared repository.
        report = lint(workspace, SelectionOptions(), LintOptions(untrusted=True, use_cache=False))
    except GitError:
        raise
    except PromptopsError as error:
        where = f"{error.where}: " if error.where else ""
        message = f"the prompts of {commit[:12]} can't be checked: {where}{error.message}"
        return PushRefusal(message, error.hint or "promptops lint")
    findings = report.failing(workspace.config.lint.fail_on)
    if not findings:
        return None
    return PushRefusal(f"the prompts of {commit[:12]} have lint errors", "promptops lint", findings)


def _new_commit(repository: Repository, pushed: str) -> str | None:
    """The commit that a ref will point to; None if it is missing or exists already."""
    from promptops.repo.process import decode

    answer = repository.git.ask("rev-parse", "--verify", "--quiet", f"{pushed}^{{commit}}")
    commit = decode(answer.stdout).strip()
    if answer.status or not commit:
        return None
    new = repository.git.run("rev-list", "--max-count=1", commit, "--not", "--all")
    return commit if new.strip() else None
