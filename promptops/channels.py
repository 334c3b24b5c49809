"""`channels.yaml` of a repository: what each channel served and when, and changes to the file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from promptops.errors import GitError, InputError, NotFound, UsageError, os_reason
from promptops.model.history import Served
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.release.channels import PATH, read_channels, with_channel
from promptops.repo.blobs import Blobs
from promptops.repo.default_branch import published_branch
from promptops.repo.interactive import act
from promptops.repo.process import ProcessOutput, decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.runtime.loading.source import Pointer
from promptops.storage.atomic import replace_whole
from promptops.storage.lock import locked
from promptops.suggestions import nearest_channel

_COMMIT_LINE = lazy_pattern(r"([0-9a-f]{40,64}) ([0-9]+)")
_CHANGE_LINE = lazy_pattern(r":[0-7]+ ([0-7]+) [0-9a-f]+ ([0-9a-f]+) [A-Z]")
_CHANGES = ("--first-parent", "--diff-merges=first-parent", "--raw", "--no-abbrev", "--no-renames")
_ID_AND_TIME = ("--no-color", "--no-show-signature", "--no-notes", "--format=%H %ct")


@record(frozen=True, slots=True, kw_only=True)
class ChannelChange:
    """A commit that changed the file.

    Attributes:
        at: Time of the commit, in UTC; for a merge, the time of the merge.
        channels: The release that each channel served from then on.
    """

    commit: str
    at: datetime
    channels: Mapping[str, Pointer]


def channel_history(repository: Repository, revision: str = "HEAD") -> Iterator[ChannelChange]:
    """The changes of a branch, newest first; a merge is one change.

    An unreadable file is skipped, because readers kept their release.

    Raises GitError for a revision that is unknown.
    """
    output = repository.git.run(
        "log", *_CHANGES, *_ID_AND_TIME, repository.resolve(revision), "--", PATH
    )
    with closing(Blobs(repository.git)) as blobs:
        for commit, at, blob in _file_versions(decode(output)):
            content = blobs.read({blob: PATH})[blob] if blob is not None else b""
            try:
                yield ChannelChange(commit=commit, at=at, channels=read_channels(content))
            except InputError:
                continue


def live_at(
    repository: Repository, channel: str, time: datetime, revision: str = "HEAD"
) -> tuple[ChannelChange, Pointer] | None:
    """What a channel served at a time, and since which commit; None if it did not exist.

    `time` has a time zone. `revision` is the branch that readers follow.
    """
    since: tuple[ChannelChange, Pointer] | None = None
    for step in channel_history(repository, revision):
        pointer = step.channels.get(channel)
        if since is not None and pointer != since[1]:
            return since
        if step.at <= time:
            if pointer is None:
                return None
            since = step, pointer
    return since


def _file_versions(output: str) -> Iterator[tuple[str, datetime, str | None]]:
    """The id, time and blob of each commit; the blob is None if the file was deleted."""
    commit, at = "", datetime.now(UTC)
    for line in output.splitlines():
        if found := _COMMIT_LINE.fullmatch(line):
            commit, at = found[1], datetime.fromtimestamp(int(found[2]), UTC)
        elif changed := _CHANGE_LINE.match(line):
            yield commit, at, changed[2] if changed[1].startswith("100") else None


def served_at(repository: Repository, channel: str, time: datetime) -> Served:
    """The release that readers of the default branch got, as of the last fetch; may be None.

    Raises NotFound for a channel that never existed.
    """
    branch = published_branch(repository) or "HEAD"
    found = live_at(repository, channel, time, branch)
    if found is None:
        _refuse_unknown(repository, channel, branch)
        return Served(channel=channel, time=time)
    step, pointer = found
    return Served(
        channel=channel,
        time=time,
        release=pointer.release,
        serial=pointer.serial,
        commit=step.commit,
        since=step.at,
    )


def parse_time(text: str | None) -> datetime:
    """Parse a time in ISO 8601 with a time zone; None is now.

    Raises UsageError.
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    hint = "such as 2026-01-31T03:00Z or 2026-01-31T03:00+02:00"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a timestamp", hint=hint) from None
    if time.tzinfo is None:
        raise UsageError(f"{text!r} has no time zone", hint=hint)
    return time


def _refuse_unknown(repository: Repository, channel: str, branch: str) -> None:
    known = {name for step in channel_history(repository, branch) for name in step.channels}
    if channel not in known:
        error = unknown_channel(channel, known)
        if repository.shallow:
            raise NotFound(error.message, hint=FETCH_ALL)
        raise error


# Read, write and commit the file in a work tree

COMMIT_DEADLINE_S = 600.0
"""Deadline of a commit, including the hooks that it runs."""

PATIENCE_S = 60.0
"""How long a change waits for another one, which verifies a release and runs the commit hooks."""

_PENDING = "channels.pending"
"""In git's directory: SHA-256 of the file that is written and not committed yet."""

_LEFTOVER = lazy_pattern(rf"\.{PATH}\.(new|[0-9]+)")
UNDONE = f"an earlier change of {PATH} was interrupted before its commit: it was undone"


@contextmanager
def changing_channels(repository: Repository) -> Iterator[tuple[str, ...]]:
    """Hold the lock of the file from reading to the commit; yields notes.

    First removes what a killed change left: temporary files, and an edit that it did not commit.

    Raises GitError if there is no work tree or git can't restore the file, InputError if another
    process holds the lock for too long or it can't be created.
    """
    repository.need_work_tree()
    folder = repository.git_dir / "promptops"
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = locked(folder / "channels.lock", PATIENCE_S, f"changing {PATH}")
            stack.enter_context(lock)
            notes = _undo_killed(repository)
        except OSError as error:
            message = f"{PATH} can't be changed: {os_reason(error)}"
            hint = "check the permissions and the free disk space"
            raise InputError(message, where=str(folder), hint=hint) from None
        yield notes


def _undo_killed(repository: Repository) -> tuple[str, ...]:
    for path in repository.root.iterdir():
        if _LEFTOVER.fullmatch(path.name) and stat.S_ISREG(path.lstat().st_mode):
            path.unlink()
    pending = _pending_file(repository)
    try:
        written = pending.read_text("ascii")
    except (OSError, ValueError):
        return ()
    is_killed = _digest_on_disk(repository) == written and _is_uncommitted(repository)
    if is_killed:
        # The file as in HEAD, in the work tree and the index.
        git = repository.git
        if repository.find("HEAD") is not None and git.run("ls-tree", "HEAD", "--", PATH):
            git.run("restore", "--source=HEAD", "--staged", "--worktree", "--", PATH)
        else:
            git.run("rm", "--quiet", "--cached", "--ignore-unmatch", "--force", "--", PATH)
            (repository.root / PATH).unlink(missing_ok=True)
    pending.unlink()
    return (UNDONE,) if is_killed else ()


def _pending_file(repository: Repository) -> Path:
    return repository.git_dir / "promptops" / _PENDING


def _digest_on_disk(repository: Repository) -> str | None:
    """SHA-256 of the file; None without a regular file."""
    target = repository.root / PATH
    if target.is_symlink() or not target.is_file():
        return None
    return sha256(target.read_bytes()).hexdigest()


def unknown_channel(name: str, known: Iterable[str]) -> NotFound:
    """The error for a channel that does not exist, with the nearest one or all of them."""
    names = sorted(known)
    near = nearest_channel(name, names)
    listed = ", ".join(f"`{each}`" for each in names)
    hint = f"the channels: {listed}" if names else "create it: promptops promote RELEASE CHANNEL"
    return NotFound(
        f"there is no channel {name!r}", hint=f"did you mean `{near}`?" if near else hint
    )


@record(frozen=True, slots=True, kw_only=True)
class ChannelFile:
    """The file on disk, and the committed one.

    Attributes:
        data: The bytes on disk; None if there is no file.
        channels: The channels on disk.
        committed: The channels in HEAD.
    """

    repository: Repository
    data: bytes | None
    channels: Mapping[str, Pointer]
    committed: Mapping[str, Pointer]

    def serves(self, channel: str) -> Pointer | None:
        """The release that readers of the channel get now: the committed one."""
        return self.committed.get(channel) or self.channels.get(channel)


def channel_file(repository: Repository) -> ChannelFile:
    """Read the file.

    Raises GitError if there is no work tree, InputError for a file that can't be read or used.
    """
    repository.need_work_tree()
    tree = repository.tree(WORKTREE, under=(PATH,))
    entry = tree.entries.get(PATH)
    if entry is not None and entry.kind != "file":
        raise InputError(f"it is not a regular file but {entry.kind}", where=PATH)
    data = tree.read((PATH,)).get(PATH)
    if data is None and os.path.lexists(repository.root / PATH):
        hint = f"see `git check-ignore -v {PATH}`, and what kind of file it is"
        raise InputError("it is ignored by git, or not a file", where=PATH, hint=hint)
    return ChannelFile(
        repository=repository,
        data=data,
        channels=read_channels(data or b""),
        committed=_committed_channels(repository),
    )


def refuse_uncommitted(repository: Repository) -> None:
    """Raise GitError if the file has uncommitted changes."""
    if _is_uncommitted(repository):
        hint = f"commit or revert them first: git diff HEAD -- {PATH}"
        raise GitError("it has uncommitted changes", where=PATH, hint=hint)


def _is_uncommitted(repository: Repository) -> bool:
    return bool(repository.git.run("status", "--porcelain", "--untracked-files=all", "--", PATH))


def write_channel(file: ChannelFile, channel: str, pointer: Pointer) -> None:
    """Change what a channel serves, in the work tree only; the file is replaced atomically."""
    data = with_channel(file.data or b"", channel, pointer)
    _replace_file(file.repository.root / PATH, data)


def commit_channel(
    file: ChannelFile, channel: str, pointer: Pointer, message: str, *, interactive: bool
) -> str:
    """Change what a channel serves and commit only this file; returns the commit's id.

    What else is staged stays staged. The file must have no uncommitted changes. If the process is
    killed, the next `changing_channels` undoes the edit.

    Raises GitError if git or one of its hooks rejects the commit; the file is then restored.

    Args:
        interactive: There is a terminal on which git may prompt for a passphrase.
    """
    data = with_channel(file.data or b"", channel, pointer)
    written, pending = sha256(data).hexdigest(), _pending_file(file.repository)
    _replace_file(pending, written.encode())
    try:
        _replace_file(file.repository.root / PATH, data)
        _commit(file, message, interactive=interactive)
    except BaseException:
        _restore(file, written)
        raise
    finally:
        with suppress(OSError):
            pending.unlink()
    return file.repository.resolve("HEAD")


def _commit(file: ChannelFile, message: str, *, interactive: bool) -> None:
    git = file.repository.git
    if file.data is None:  # git commits only paths that it knows
        git.run("add", "--", PATH)
    # With a path, git commits from an index of its own: HEAD and this file.
    arguments = ("commit", "--quiet", "--only", f"--message={message}", "--", PATH)
    answer = act(git, *arguments, interactive=interactive, deadline_s=COMMIT_DEADLINE_S)
    if answer.status:
        raise _commit_error(file.repository, answer)


def _committed_channels(repository: Repository) -> Mapping[str, Pointer]:
    if repository.find("HEAD") is None:
        return {}
    data = repository.tree("HEAD", under=(PATH,)).read((PATH,)).get(PATH, b"")
    try:
        return read_channels(data)
    except InputError:  # no reader could parse it either
        return {}


def _replace_file(target: Path, data: bytes) -> None:
    try:
        # The lock is held, so the name can always be the same: the next run removes it.
        replace_whole(target, data, target.with_name(f".{target.name}.new"))
    except OSError as error:
        message = f"can't be written: {os_reason(error)}"
        raise InputError(message, where=target.name) from None


def _restore(file: ChannelFile, written: str) -> None:
    """Undo the edit of this process; not what was committed, and not what somebody else wrote."""
    repository = file.repository
    if _digest_on_disk(repository) != written or not _is_uncommitted(repository):
        return
    if file.data is None:
        repository.git.ask("rm", "--quiet", "--cached", "--ignore-unmatch", "--force", "--", PATH)
        (repository.root / PATH).unlink(missing_ok=True)
    else:  # git's index still has the file as it was
        _replace_file(repository.root / PATH, file.data)


def _commit_error(repository: Repository, answer: ProcessOutput) -> GitError:
    output = next(iter(decode(answer.stderr or answer.stdout).strip().splitlines()), "")
    error = repository.git.error(answer)
    message = f"git rejected the commit: {output or error.message}"
    hint = f"nothing was changed; without --commit, {PATH} is edited but not committed"
    return GitError(message, where=PATH, hint=hint)
