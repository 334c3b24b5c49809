"""Read, write and commit `channels.yaml` in a work tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from promptops.errors import GitError, InputError, NotFound, os_reason
from promptops.records import record
from promptops.release.channels import PATH, read_channels, with_channel
from promptops.repo.interactive import act
from promptops.repo.process import ProcessOutput, decode
from promptops.repo.repository import WORKTREE, Repository
from promptops.runtime.loading.source import Pointer
from promptops.storage.atomic import replace_whole
from promptops.suggestions import nearest_channel

COMMIT_DEADLINE_S = 600.0
"""Deadline of a commit, including the hooks that it runs."""


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
        committed=_committed(repository),
    )


def refuse_uncommitted(repository: Repository) -> None:
    """Raise GitError if the file has uncommitted changes."""
    output = repository.git.run("status", "--porcelain", "--untracked-files=all", "--", PATH)
    if output:
        hint = f"commit or revert them first: git diff HEAD -- {PATH}"
        raise GitError("it has uncommitted changes", where=PATH, hint=hint)


def write_channel(file: ChannelFile, channel: str, pointer: Pointer) -> None:
    """Change what a channel serves, in the work tree only; the file is replaced atomically."""
    data = with_channel(file.data or b"", channel, pointer)
    _replace(file.repository.root / PATH, data)


def commit_channels(file: ChannelFile, message: str, *, interactive: bool) -> str:
    """Commit only this file, whatever else is staged; returns the commit's id.

    Raises GitError if git or one of its hooks rejects the commit; the file is then restored.

    Args:
        interactive: There is a terminal on which git may prompt for a passphrase.
    """
    git = file.repository.git
    try:
        git.run("add", "--", PATH)
        # With a path, git commits from an index of its own: HEAD and this file.
        arguments = ("commit", "--quiet", "--only", f"--message={message}", "--", PATH)
        answer = act(git, *arguments, interactive=interactive, deadline_s=COMMIT_DEADLINE_S)
        if answer.status:
            raise _refused(file.repository, answer)
    except BaseException:
        _put_back(file)
        raise
    return file.repository.resolve("HEAD")


def _committed(repository: Repository) -> Mapping[str, Pointer]:
    if repository.find("HEAD") is None:
        return {}
    data = repository.tree("HEAD", under=(PATH,)).read((PATH,)).get(PATH, b"")
    try:
        return read_channels(data)
    except InputError:  # no reader could parse it either
        return {}


def _replace(target: Path, data: bytes) -> None:
    try:
        replace_whole(target, data, target.with_name(f".{PATH}.{os.getpid()}"))
    except OSError as error:
        raise InputError(f"can't be written: {os_reason(error)}", where=PATH) from None


def _put_back(file: ChannelFile) -> None:
    git = file.repository.git
    if file.data is None:
        (file.repository.root / PATH).unlink(missing_ok=True)
        git.ask("rm", "--quiet", "--cached", "--ignore-unmatch", "--force", "--", PATH)
    else:
        _replace(file.repository.root / PATH, file.data)
        git.ask("add", "--", PATH)


def _refused(repository: Repository, answer: ProcessOutput) -> GitError:
    output = next(iter(decode(answer.stderr or answer.stdout).strip().splitlines()), "")
    error = repository.git.error(answer)
    message = f"git rejected the commit: {output or error.message}"
    hint = f"nothing was changed; without --commit, {PATH} is edited but not committed"
    return GitError(message, where=PATH, hint=hint)
