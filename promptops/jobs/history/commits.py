"""A branch's commits, each with the changes that undo it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from promptops.model.tree import TreeEntry
from promptops.records import record
from promptops.repo.process import records
from promptops.repo.repository import Repository
from promptops.repo.tree import below, kind_of

PAGE = 2000
"""Commits per git process."""

_FORMAT = "--format=commit %H%x00%P%x00%aN%x00%aI%x00%cs%x00%s"
_LINE = ("--first-parent", "--diff-merges=first-parent", "--raw", "-z", "--no-abbrev")
_PLAIN = ("--no-renames", "--no-color", "--no-show-signature", "--encoding=UTF-8")


@record(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, and the state of its files before it.

    Attributes:
        parent: Id of the first one, from which a merge is seen; None where there is none.
        written: Author date, in ISO 8601.
        day: Committer date.
        before: The earlier state of each changed file, by path; None if it did not exist.
    """

    id: str
    parent: str | None
    author: str
    written: str
    day: date
    subject: str
    before: Mapping[str, TreeEntry | None]


def commits(repository: Repository, start: str, under: Sequence[str]) -> Iterator[Commit]:
    """The commits from `start` back along first parents, if they changed a file below `under`."""
    following: str | None = start
    while following is not None:
        page = list(_page(repository, following, under))
        yield from page
        following = page[-1].parent if len(page) == PAGE else None


def _page(repository: Repository, start: str, under: Sequence[str]) -> Iterator[Commit]:
    options = (*_LINE, *_PLAIN, _FORMAT, f"--max-count={PAGE}")
    # `log.showRoot` of the user decides whether the first commit shows its files.
    output = repository.git.run(
        "-c", "log.showRoot=true", "log", *options, start, "--", *below(under)
    )
    words = records(output)
    at = 0
    while at < len(words):
        identity, parents, author, written, day, subject = words[at : at + 6]
        at += 6
        before: dict[str, TreeEntry | None] = {}
        while at < len(words) and words[at].lstrip("\n").startswith(":"):
            before |= _undone(words[at].lstrip("\n"), words[at + 1])
            at += 2
        yield Commit(
            id=identity.removeprefix("commit "),
            parent=parents.partition(" ")[0] or None,
            author=author,
            written=written,
            day=_day(day),
            subject=subject,
            before=before,
        )


def _undone(facts: str, path: str) -> dict[str, TreeEntry | None]:
    """The undone change of `:MODE MODE ID ID STATUS`; nothing if only the permission differs."""
    mode, new_mode, blob, new_blob, _ = facts[1:].split(" ")
    if not mode.strip("0"):
        return {path: None}
    if blob == new_blob and kind_of(mode) == kind_of(new_mode):
        return {}
    return {path: TreeEntry(path, blob, kind_of(mode))}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:  # the committer's clock was wrong by thousands of years
        return date.max
