"""What each channel served, and when: the history of `channels.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime

from promptops.channels.file import unknown_channel
from promptops.errors import InputError, NotFound, UsageError
from promptops.model.history import Served
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.release.channels import PATH, read_channels
from promptops.repo.blobs import Blobs
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.runtime.loading.source import Pointer
from promptops.workspace.default_branch import published_branch

_COMMIT = lazy_pattern(r"([0-9a-f]{40,64}) ([0-9]+)")
_FILE = lazy_pattern(r":[0-7]+ ([0-7]+) [0-9a-f]+ ([0-9a-f]+) [A-Z]")
_LOG = ("--first-parent", "--diff-merges=first-parent", "--raw", "--no-abbrev", "--no-renames")
_PLAIN = ("--no-color", "--no-show-signature", "--no-notes", "--format=%H %ct")


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
    output = repository.git.run("log", *_LOG, *_PLAIN, repository.resolve(revision), "--", PATH)
    with closing(Blobs(repository.git)) as blobs:
        for commit, at, blob in _rows(decode(output)):
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


def _rows(output: str) -> Iterator[tuple[str, datetime, str | None]]:
    """The id, time and blob of each commit; the blob is None if the file was deleted."""
    commit, at = "", datetime.now(UTC)
    for line in output.splitlines():
        if found := _COMMIT.fullmatch(line):
            commit, at = found[1], datetime.fromtimestamp(int(found[2]), UTC)
        elif changed := _FILE.match(line):
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
