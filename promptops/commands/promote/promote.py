"""Point a channel at a release, or back at an earlier one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from promptops.bundles.verify import verify
from promptops.channels import (
    ChannelFile,
    changing_channels,
    channel_file,
    channel_history,
    commit_channel,
    refuse_uncommitted,
    unknown_channel,
    write_channel,
)
from promptops.commands.diff.comparison import ComparisonOptions, open_sides
from promptops.commands.diff.diff import DiffOptions, diff
from promptops.commands.release.plan import default_remote, remote_names
from promptops.errors import GitError, NotFound, PromptopsError, UsageError
from promptops.model.release import Release
from promptops.model.shipping import Break, Move
from promptops.model.version import parse
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.release.channels import PATH
from promptops.release.tags import TagNames, releases
from promptops.repo.history import upstream_default
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.runtime.loading.source import Pointer, wrong_name
from promptops.suggestions import did_you_mean, nearest_channel
from promptops.tags import release_tag
from promptops.terminal.output import OutputOptions
from promptops.workspace.workspace import configuration


@record(frozen=True, slots=True, kw_only=True)
class PromoteOptions:
    """Options of `promote`.

    Attributes:
        release: Name of its tag, or its version.
        allow_breaking: Promote even if it breaks callers of the current release.
        create: Allow a new channel if others exist.
    """

    release: str
    channel: str
    allow_breaking: bool = False
    create: bool = False


def promote(
    directory: Path, wanted: PromoteOptions, saving: Saving, overrides: Sequence[str] = ()
) -> Move:
    """Change `channels.yaml`, unless it is up to date or the release is refused.

    Raises:
        NotFound: There is no such release; or no such channel although others exist.
        UsageError: The name of the channel is invalid.
        InputError: `channels.yaml`, or the release, can't be read.
        GitError: There is no work tree; or a commit is requested, and the file has uncommitted
            changes or git rejects the commit.
    """
    with Repository.open(directory) as repository, changing_channels(repository) as undone:
        found = channel_context(repository, wanted.channel, overrides, undone)
        _refuse_unknown(found, wanted)
        if saving.committed:
            refuse_uncommitted(repository)
        release = find_release(found, wanted.release)
        same = found.now if found.now and found.now.release == release.name else None
        checked = verify_release(directory, found, release, same.digest if same else None)
        move = _promotion_move(found, release, checked.bundle)
        if checked.refusals:
            return replace(move, refusals=checked.refusals)
        if is_up_to_date(found, release, checked.bundle):
            return move
        breaks = _promotion_breaks(directory, found, release, allowed=wanted.allow_breaking)
        if breaks and not wanted.allow_breaking:
            return replace(
                move, refusals=(_breaking_refusal(found, release, breaks),), breaks=breaks
            )
        return save_move(found, replace(move, breaks=breaks, serial=next_serial(found)), saving)


def _refuse_unknown(context: ChannelContext, wanted: PromoteOptions) -> None:
    """Raise NotFound for an unknown channel, which may be a typo, unless it is the first one."""
    known = context.file.channels
    if wanted.create or not known or context.now is not None or context.serves is not None:
        return
    create = f"promptops promote {wanted.release} {wanted.channel} --create"
    near = nearest_channel(wanted.channel, known)
    hint = f"did you mean `{near}`? To create it: {create}" if near else f"to create it: {create}"
    raise NotFound(f"there is no channel {wanted.channel!r}", hint=hint)


def _promotion_move(context: ChannelContext, release: Release, digest: str | None) -> Move:
    now, before = context.now, context.serves
    if before is not None and before.release == release.name:  # an uncommitted change is undone
        before = now or before
    return Move(
        kind="promote",
        channel=context.channel,
        before=before.release if before else None,
        serial_before=before.serial if before else None,
        release=release.name,
        bundle_sha256=digest,
        serial=now.serial if now else 0,
        notes=context.notes,
    )


def _promotion_breaks(
    directory: Path, context: ChannelContext, release: Release, *, allowed: bool
) -> tuple[Break, ...]:
    """The changes that break callers of the current release; none for a new channel.

    Raises GitError if that release is missing, unless breaking changes are allowed.
    """
    serves = context.serves
    if serves is None:
        return ()
    before = context.releases.get(serves.release)
    if before is None and not allowed:
        message = (
            f"`{context.channel}` serves `{serves.release}`, which this repository does not have"
        )
        hint = "`git fetch --tags`; if the tag no longer exists, --allow-breaking"
        raise GitError(message, where=str(context.repository.root), hint=hint)
    return breaking_changes(directory, before, release) if before is not None else ()


def _breaking_refusal(context: ChannelContext, release: Release, breaks: tuple[Break, ...]) -> str:
    assert context.serves is not None
    number = counted(len(breaks), "change")
    return f"`{release.name}` breaks callers of `{context.serves.release}` by {number}"


# Point a channel back at an earlier release.


def rollback(
    directory: Path,
    channel: str,
    to: str | None,
    saving: Saving,
    overrides: Sequence[str] = (),
    *,
    allow_unsigned: bool = False,
) -> Move:
    """Change `channels.yaml`: an earlier release under a higher serial.

    Args:
        to: A release; None for the previous one in the history of the current branch. Uncommitted
            edits do not count. A second rollback goes back one more release, and never returns to a
            release that was rolled back.
        allow_unsigned: Accept a release without a signature, from before signing began. An invalid
            signature is always refused.

    Raises:
        NotFound: There is no such channel or release, or no previous release.
        InputError, GitError: As `promote`.
    """
    with Repository.open(directory) as repository, changing_channels(repository) as undone:
        found = channel_context(repository, channel, overrides, undone)
        if saving.committed:
            refuse_uncommitted(repository)
        if found.serves is None:
            raise unknown_channel(channel, found.file.channels)
        target, skipped = _rollback_target(found, found.serves, to)
        release = find_release(found, to) if to is not None else _previous_release(found, target)
        checked = verify_release(directory, found, release, target.digest)
        move = _rollback_move(found, found.serves, release, checked.bundle)
        refusals = checked.wrong if allow_unsigned else checked.refusals
        move = replace(move, unsigned=bool(checked.unsigned))
        if refusals or is_up_to_date(found, release, checked.bundle):
            return replace(move, refusals=refusals)
        move = replace(move, skipped=skipped, breaks=_rollback_breaks(directory, found, release))
        return save_move(found, replace(move, serial=next_serial(found)), saving)


def _rollback_target(
    context: ChannelContext, serves: Pointer, to: str | None
) -> tuple[Pointer, tuple[str, ...]]:
    """The release to go back to, and the rolled back releases in between."""
    served = list(_served_releases(context, serves))
    if to is not None:
        release = find_release(context, to)
        known = next((p for p in reversed(served) if p.release == release.name), None)
        return known or Pointer(release=release.name, digest=None, serial=0), ()
    *before, now = _not_rolled_back(served)
    if not before:
        hint = FETCH_ALL if context.repository.shallow else "name one: --release TAG"
        message = f"the history of `{context.channel}` has no earlier release"
        raise NotFound(message, hint=hint)
    names = [pointer.release for pointer in served]
    since = names[len(names) - names[::-1].index(before[-1].release) :]
    return before[-1], tuple(name for name in dict.fromkeys(since) if name != now.release)


def _previous_release(context: ChannelContext, target: Pointer) -> Release:
    """The previous release; raises NotFound if its tag was deleted."""
    if target.release not in context.releases:
        message = f"there is no release {target.release!r}, which `{context.channel}` served before"
        hint = "`git fetch --tags`; or choose another release: --release TAG"
        raise NotFound(message, hint=hint)
    return context.releases[target.release]


def _served_releases(context: ChannelContext, serves: Pointer) -> Iterator[Pointer]:
    """The releases that the channel served, in order."""
    steps: list[Pointer] = []
    if context.repository.find("HEAD") is not None:
        found = (step.channels.get(context.channel) for step in channel_history(context.repository))
        steps = [pointer for pointer in found if pointer is not None]
    last = None
    for pointer in (*reversed(steps), serves):
        if last is None or pointer.release != last:
            yield pointer
        last = pointer.release


def _not_rolled_back(served: list[Pointer]) -> list[Pointer]:
    """The releases that were not rolled back: serving a release again undoes those after it."""
    standing: list[Pointer] = []
    for pointer in served:
        at = next((i for i, p in enumerate(standing) if p.release == pointer.release), None)
        standing = [*standing[:at], pointer] if at is not None else [*standing, pointer]
    return standing


def _rollback_move(
    context: ChannelContext, serves: Pointer, release: Release, digest: str | None
) -> Move:
    now = context.now or serves
    return Move(
        kind="rollback",
        channel=context.channel,
        before=serves.release,
        serial_before=serves.serial,
        release=release.name,
        bundle_sha256=digest,
        serial=now.serial,
        notes=context.notes,
    )


def _rollback_breaks(
    directory: Path, context: ChannelContext, release: Release
) -> tuple[Break, ...] | None:
    """Breaking changes of the rollback, for information only."""
    serves = context.serves
    before = context.releases.get(serves.release) if serves is not None else None
    try:
        return breaking_changes(directory, before, release) if before is not None else None
    except PromptopsError:
        return None


# What `promote` and `rollback` share: the channel, the verified release, and how the file is saved.


@record(frozen=True, slots=True, kw_only=True)
class Saving:
    """How a change of a channel is saved.

    Attributes:
        committed: The edit is also committed.
        interactive: There is a terminal on which git may prompt for a passphrase.
    """

    committed: bool = False
    interactive: bool = False


def saving_options(*, committed: bool) -> Saving:
    """How the change is saved; git may ask for a passphrase only on a terminal."""
    return Saving(committed=committed, interactive=sys.stdin.isatty() and sys.stderr.isatty())


@record(frozen=True, slots=True, kw_only=True)
class ChannelContext:
    """The state that a channel is changed from.

    Attributes:
        releases: All releases, by name.
        now: The channel in the file on disk; None for a new channel.
        serves: The release that its readers get.
        notes: About a change that was interrupted before.
    """

    repository: Repository
    channel: str
    file: ChannelFile
    releases: dict[str, Release]
    now: Pointer | None
    serves: Pointer | None
    notes: tuple[str, ...] = ()


def channel_context(
    repository: Repository, channel: str, overrides: Sequence[str], notes: tuple[str, ...]
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
        notes=notes,
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
    if found.bundle_sha256 not in (None, digest) and digest is not None:
        wrong.append(f"`{context.channel}` served another bundle of `{release.name}`")
    return VerifiedRelease(bundle=found.bundle_sha256, wrong=tuple(wrong), unsigned=unsigned)


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
    pointer = Pointer(release=move.release, digest=move.bundle_sha256, serial=move.serial)
    message, identity = _commit_message(move), None
    if saving.committed:
        identity = commit_channel(
            context.file, context.channel, pointer, message, interactive=saving.interactive
        )
    else:
        write_channel(context.file, context.channel, pointer)
    steps = tuple(_next_steps(context, move.release, message, committed=saving.committed))
    notes = (
        *move.notes,
        *(_detached_notes(context.repository) if saving.committed else ()),
        *_unsigned_notes(move),
        *_missing_tag_notes(context, move.release),
    )
    return replace(move, changed=True, commit=identity, next=steps, notes=notes)


ALLOWED_UNSIGNED = "The release is not signed; --allow-unsigned was given."
"""A line for the commit message of a rollback, so that the exception is on record."""


def _commit_message(move: Move) -> str:
    if move.kind == "promote":
        title = f"Promote {move.release} to {move.channel}"
    else:
        title = f"Roll {move.channel} back to {move.release}"
    was = f"{move.before}, serial {move.serial_before}" if move.before else "nothing"
    text = f"{title}\n\n{move.channel} served {was}; now {move.release}, serial {move.serial}."
    return f"{text}\n{ALLOWED_UNSIGNED}" if move.unsigned else text


def _detached_notes(repository: Repository) -> Iterator[str]:
    """A note if the commit is on no branch, so that no reader gets it and git will drop it."""
    if not _branch(repository):
        yield "HEAD is detached: the commit is on no branch"


def _branch(repository: Repository) -> str:
    """The branch that is checked out, or ""."""
    answer = repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD")
    return decode(answer.stdout).strip()


def _unsigned_notes(move: Move) -> Iterator[str]:
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
    if not committed:
        if context.file.data is None:
            yield f"git add {PATH}"
        yield f"git commit -m {shlex.quote(message.partition(chr(10))[0])} -- {PATH}"
    branch = _branch(context.repository)
    if not branch:
        yield "git switch -c BRANCH: no branch is checked out"
        return
    if not remote_names(context.repository):
        return
    yield _push_command(context.repository, branch, release)
    default = _other_default_branch(context.repository)
    if default is not None:
        yield f"a pull request into {default}"


def _push_command(repository: Repository, branch: str, release: str) -> str:
    """A push that includes the tag: readers ignore a channel whose release they can't find."""
    merges = decode(repository.git.ask("config", "--get", f"branch.{branch}.merge").stdout).strip()
    upstream = () if merges == f"refs/heads/{branch}" else ("-u",)
    refs = (default_remote(repository), branch, f"refs/tags/{release}")
    return shlex.join(("git", "push", "--atomic", *upstream, *refs))


def _other_default_branch(repository: Repository) -> str | None:
    """The default branch, if another one is checked out."""
    if repository.find("HEAD") is None:
        return None
    try:
        name = upstream_default(repository)
    except GitError:
        return None
    return name.removeprefix("refs/remotes/").partition("/")[2] if name else None


def write_move(output: OutputOptions, move: Move) -> int:
    """Write the reports about a channel; returns the exit code."""
    output.write_report("promote", move)
    return int(bool(move.refusals))
