"""Shared by promote and rollback: verify the release, list its breaks and the next steps."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from promptops.bundles.verify import verify
from promptops.channels.file import ChannelFile, channel_file, commit_channels, write_channel
from promptops.channels.history import channel_history
from promptops.commands.diff.comparison import ComparisonOptions, open_sides
from promptops.commands.diff.diff import DiffOptions, diff
from promptops.commands.release.remote_state import default_remote, remote_names
from promptops.errors import GitError, NotFound, UsageError
from promptops.model.channel import Break, Move
from promptops.model.release import Release
from promptops.model.version import parse
from promptops.records import record, replace
from promptops.release.channels import PATH
from promptops.release.tag_format import TagNames
from promptops.release.tags import releases
from promptops.repo.history import upstream_default
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.runtime.loading.refs import wrong_name
from promptops.runtime.loading.source import Pointer
from promptops.suggestions import did_you_mean
from promptops.tags.tag import release_tag
from promptops.workspace.workspace import configuration

ALLOWED_UNSIGNED = "The release is not signed; --allow-unsigned was given."
"""A line for the commit message of a rollback, so that the exception is on record."""


@record(frozen=True, slots=True, kw_only=True)
class Saving:
    """How a change of a channel is saved.

    Attributes:
        committed: The edit is also committed.
        interactive: There is a terminal on which git may prompt for a passphrase.
    """

    committed: bool = False
    interactive: bool = False


@record(frozen=True, slots=True, kw_only=True)
class ChannelContext:
    """The state that a channel is changed from.

    Attributes:
        releases: All releases, by name.
        now: The channel in the file on disk; None for a new channel.
        serves: The release that its readers get.
    """

    repository: Repository
    channel: str
    file: ChannelFile
    releases: dict[str, Release]
    now: Pointer | None
    serves: Pointer | None


def channel_context(
    repository: Repository, channel: str, overrides: Sequence[str]
) -> ChannelContext:
    """Read the state that a channel is changed from.

    Raises UsageError for an invalid channel name, InputError for a file that can't be changed,
    GitError if there is no work tree.
    """
    problem = wrong_name(channel)
    if problem is not None:
        message = f"{channel!r} can't be the name of a channel: {problem}"
        raise UsageError(message, hint="such as `production`")
    file = channel_file(repository)
    names = TagNames(configuration(repository, WORKTREE, overrides).release.tag_format)
    return ChannelContext(
        repository=repository,
        channel=channel,
        file=file,
        releases={release.name: release for release in releases(repository, names)},
        now=file.channels.get(channel),
        serves=file.serves(channel),
    )


def find_release(context: ChannelContext, written: str) -> Release:
    """A release by the name of its tag, or by its version; raises NotFound."""
    version = parse(written.removeprefix("v"), prereleases=True)
    alike = (
        release for release in context.releases.values() if version and release.version == version
    )
    found = context.releases.get(written) or next(alike, None)
    if found is None:
        near = did_you_mean(written, context.releases)
        hint = near or "`git fetch --tags`, or create it: promptops release"
        raise NotFound(f"there is no release {written!r}", hint=hint)
    return found


@record(frozen=True, slots=True, kw_only=True)
class VerifiedRelease:
    """A release that was verified now.

    Attributes:
        bundle: SHA-256 of its bundle, built again; None if it can't be built.
        wrong: Why verification failed, except for a missing signature.
        unsigned: The message that a required signature is missing, or "".
    """

    bundle: str | None
    wrong: tuple[str, ...]
    unsigned: str

    @property
    def refusals(self) -> tuple[str, ...]:
        """All reasons to refuse the release."""
        return (*self.wrong, self.unsigned) if self.unsigned else self.wrong


def verify_release(
    directory: Path, context: ChannelContext, release: Release, digest: str | None
) -> VerifiedRelease:
    """Verify a release; `digest` is the bundle digest that a channel recorded, if any."""
    found = verify(directory, release.name, None)
    tag = release_tag(context.repository, release.name)
    failed = {
        check.subject: f"`{release.name}`: {check.message}"
        for check in found.checks
        if check.state == "failed"
    }
    unsigned = failed.pop("signature", "") if tag is not None and not tag.signature else ""
    wrong = [*failed.values()]
    if found.bundle is not None and digest not in (None, found.bundle):
        wrong.append(f"`{context.channel}` served another bundle of `{release.name}`")
    return VerifiedRelease(bundle=found.bundle, wrong=tuple(wrong), unsigned=unsigned)


def breaking_changes(directory: Path, before: Release, after: Release) -> tuple[Break, ...]:
    """The changes that break callers of one release if another one is served."""
    options = ComparisonOptions(arguments=(f"{before.commit}..{after.commit}",))
    with open_sides(directory, options) as opened_sides:
        report = diff(opened_sides, DiffOptions())
    return tuple(
        Break(prompt=prompt.id, change=change)
        for prompt in report.prompts
        for change in prompt.changes
        if change.breaking and change.gated
    )


def is_up_to_date(context: ChannelContext, release: Release, digest: str | None) -> bool:
    """Whether the file already serves it, with a serial that no reader rejects."""
    now = context.now
    if now is None or (now.release, now.digest) != (release.name, digest):
        return False
    return now.serial + 1 == next_serial(context)


def next_serial(context: ChannelContext) -> int:
    """A serial above all that a reader may have seen, including those of reverted commits."""
    channel, serials = context.channel, [0]
    serials += [
        p.serial for p in (context.now, context.file.committed.get(channel)) if p is not None
    ]
    if context.repository.find("HEAD") is not None:
        steps = channel_history(context.repository)
        serials += [step.channels[channel].serial for step in steps if channel in step.channels]
    return max(serials) + 1


def save_move(context: ChannelContext, move: Move, saving: Saving) -> Move:
    """Write the file and commit it if requested."""
    pointer = Pointer(release=move.release, digest=move.bundle, serial=move.serial)
    write_channel(context.file, context.channel, pointer)
    message = _message(move)
    identity = None
    if saving.committed:
        identity = commit_channels(context.file, message, interactive=saving.interactive)
    following = tuple(_next_steps(context, move.release, message, committed=saving.committed))
    notes = (*_unsigned(move), *_missing_tag_notes(context, move.release))
    return replace(move, changed=True, commit=identity, following=following, notes=notes)


def _message(move: Move) -> str:
    if move.kind == "promote":
        title = f"Promote {move.release} to {move.channel}"
    else:
        title = f"Roll {move.channel} back to {move.release}"
    was = f"{move.before}, serial {move.serial_before}" if move.before else "nothing"
    text = f"{title}\n\n{move.channel} served {was}; now {move.release}, serial {move.serial}."
    return f"{text}\n{ALLOWED_UNSIGNED}" if move.unsigned else text


def _unsigned(move: Move) -> Iterator[str]:
    if move.unsigned:
        yield f"{move.release} is not signed: readers that pass `trust` keep their current release"


def _missing_tag_notes(context: ChannelContext, release: str) -> Iterator[str]:
    """A note if the remote seems to lack the release, because it lacks its commit."""
    if remote_names(context.repository):
        remote, commit = default_remote(context.repository), context.releases[release].commit
        known = ("--count=1", f"--contains={commit}", "--", f"refs/remotes/{remote}")
        if not context.repository.git.run("for-each-ref", *known):
            yield f"`{remote}` seems to have no tag {release}, which readers need too"


def _next_steps(
    context: ChannelContext, release: str, message: str, *, committed: bool
) -> Iterator[str]:
    """The remaining steps until readers get the release."""
    git = context.repository.git
    if not committed:
        if context.file.data is None:
            yield f"git add {PATH}"
        yield f"git commit -m {shlex.quote(message.partition(chr(10))[0])} -- {PATH}"
    branch = decode(git.ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout).strip()
    if not remote_names(context.repository):
        return
    if not branch:
        yield "git switch -c BRANCH: no branch is checked out"
        return
    yield _push(context.repository, branch, release)
    default = _default(context.repository)
    if default is not None:
        yield f"a pull request into {default}"


def _push(repository: Repository, branch: str, release: str) -> str:
    """A push that includes the tag: readers ignore a channel whose release they can't find."""
    merges = decode(repository.git.ask("config", "--get", f"branch.{branch}.merge").stdout).strip()
    upstream = () if merges == f"refs/heads/{branch}" else ("-u",)
    refs = (default_remote(repository), branch, f"refs/tags/{release}")
    return shlex.join(("git", "push", "--atomic", *upstream, *refs))


def _default(repository: Repository) -> str | None:
    """The default branch, if another one is checked out."""
    if repository.find("HEAD") is None:
        return None
    try:
        name = upstream_default(repository)
    except GitError:
        return None
    return name.removeprefix("refs/remotes/").partition("/")[2] if name else None
