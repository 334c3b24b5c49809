"""Refs and history through GitPython, which only this module imports; authors of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import GitError
from promptops.model.history import Author, Suspect
from promptops.records import record
from promptops.repo.default_branch import refuse_unknown_default, remote_default
from promptops.repo.process import decode, records
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL, NamedCommit
from promptops.repo.temporary import temporary_folder
from promptops.repo.tree import below

if TYPE_CHECKING:
    import git


SAY_SINCE = "set what to compare with: --since REV"


def latest_tag(repository: Repository, revision: str = "HEAD") -> str | None:
    """The name of the nearest annotated tag on the revision or an ancestor.

    Tags of single prompts, `ID@TAG`, are not releases and don't count.
    """
    commit = repository.resolve(revision)
    answer = repository.git.ask("describe", "--abbrev=0", "--exclude=*@*", commit)
    name = answer.stdout.decode("utf-8", "surrogateescape").strip()
    return name if name and not answer.status else None


def default_base(repository: Repository) -> str:
    """The id of the commit of `find_base`."""
    return find_base(repository).commit


def find_base(repository: Repository, way_out: str = SAY_SINCE) -> NamedCommit:
    """The default revision to compare HEAD with.

    On a branch, this is its merge base with the upstream default branch. On the default branch,
    without an upstream or without a branch, it is the latest reachable annotated tag.

    Args:
        way_out: The hint on how to set the base.

    Raises:
        GitError: There is neither, or they have no common ancestor.
    """
    head = repository.resolve("HEAD")
    if upstream := upstream_default(repository):
        commit = repository.merge_base(upstream, "HEAD")
        return NamedCommit(commit, commit)
    if tag := latest_tag(repository, head):
        return NamedCommit(tag, repository.resolve(f"refs/tags/{tag}"))
    raise GitError(
        "there is nothing to compare with: no upstream default branch and no annotated tag",
        where=str(repository.root),
        hint=FETCH_ALL if repository.shallow else way_out,
    )


def upstream_default(repository: Repository) -> str | None:
    """The full name of the remote's default branch, unless HEAD is on that branch.

    Raises:
        GitError: The remote has several branches, and its default branch is unknown.
    """
    with _opened(repository) as opened:
        if opened.head.is_detached:
            return None
        name = opened.active_branch.name
        tracked = opened.active_branch.tracking_branch()
        remote = tracked.remote_name if tracked else "origin"
    refuse_unknown_default(repository, remote)
    default = remote_default(repository, remote)
    return None if default == f"refs/remotes/{remote}/{name}" else default


@contextmanager
def _opened(repository: Repository) -> Iterator[git.Repo]:
    import git

    with git.Repo(repository.root) as opened:
        yield opened


_PLAIN = ("--no-color", "--no-show-signature", "--no-notes", "--encoding=UTF-8")
_FACTS = ("-z", "--topo-order", "--format=%H%n%aN%n%aI%n%s")


@record(frozen=True, slots=True, kw_only=True)
class CommitSpan:
    """The commit `bad` and its ancestors, without `good` commits and their ancestors.

    Attributes:
        paths: Only commits that change something at or below these paths.
        first_parent: Only the first parents of merges, so that a merge is one step.
    """

    goods: tuple[str, ...]
    bad: str
    paths: tuple[str, ...] = ()
    first_parent: bool = False


def candidates(repository: Repository, span: CommitSpan) -> tuple[str, ...]:
    """The ids of the commits; those that halve the range best come first, `bad` last."""
    output = decode(repository.git.run("rev-list", "--bisect-all", *_arguments(span)))
    return tuple(line.split(" ", 1)[0] for line in output.splitlines())


def suspects(repository: Repository, span: CommitSpan) -> tuple[Suspect, ...]:
    """The same commits with their authors, the oldest first."""
    # `log.follow` in a user's configuration would change the commits for a single path.
    log = ("-c", "log.follow=false", "log", *_PLAIN, *_FACTS)
    rows = records(repository.git.run(*log, *_arguments(span)) + b"\0")
    return tuple(_suspect(row) for row in reversed(rows) if row)


def _suspect(row: str) -> Suspect:
    commit, author, date, subject = row.split("\n", 3)
    return Suspect(commit=commit, author=author, date=date, subject=subject)


def _arguments(span: CommitSpan) -> Iterator[str]:
    if span.first_parent:
        yield "--first-parent"
    yield span.bad
    yield from (f"^{good}" for good in span.goods)
    yield "--"
    yield from below(span.paths)


# The author of each line of a file: `git blame`, one process per file.

# The textconv of `promptops init --git-diff` would number the lines of a different text.
_FORM = ("--porcelain", "--no-textconv", "--encoding=UTF-8", "--no-progress")
# A line loses its indentation when it moves from a YAML block to a partial.
MOVED = ("-M", "-C", "-w")
SPACES = ("-w",)
_HINTS = {
    "Cannot read blob": "in a partial clone, fetch all: git fetch --refetch --no-filter",
    "object name list": "that file does not exist: git config --show-origin blame.ignoreRevsFile",
}

Authors = tuple[Author | None, ...]
"""The commit of each line of a file, in order; None for a line that is not committed yet."""


def blame(repository: Repository, commit: str, path: str, options: Sequence[str] = ()) -> Authors:
    """The commit that last changed each line of a file.

    Respects git's configuration, such as `blame.ignoreRevsFile`.

    Args:
        commit: Its full id.
        options: MOVED and SPACES.

    Raises:
        GitError: The commit has no such file, or an object is missing.
    """
    return _run_blame(repository, *options, commit, "--", path)


def blame_content(
    repository: Repository, path: str, content: bytes, options: Sequence[str] = ()
) -> Authors:
    """Like `blame`, for `content` as if it were committed on top of HEAD.

    The file must be in the index, and a commit must exist.
    """
    with temporary_folder() as folder:
        file = Path(folder, "content")
        file.write_bytes(content)
        return _run_blame(repository, *options, "--contents", str(file), "--", path)


def _run_blame(repository: Repository, *arguments: str) -> Authors:
    answer = repository.git.ask("blame", *_FORM, *arguments)
    if answer.status:
        error = repository.git.error(answer)
        hint = next((hint for known, hint in _HINTS.items() if known in error.message), error.hint)
        raise GitError(error.message, where=error.where, hint=hint)
    return _authors(answer.stdout, _boundaries(repository))


def _boundaries(repository: Repository) -> frozenset[str]:
    """The boundary commits of a shallow clone; git marks root commits in the same way."""
    if not repository.shallow:
        return frozenset()
    return frozenset((repository.common_dir / "shallow").read_text("ascii").split())


def _authors(output: bytes, boundaries: frozenset[str]) -> Authors:
    """Parse porcelain output: `COMMIT LINE LINE`, facts of a new commit, a tab and the line."""
    known: dict[str, Author | None] = {}
    commit, facts = "", dict[str, str]()
    found: list[Author | None] = []
    for row in decode(output).split("\n"):
        if row.startswith("\t"):
            if commit not in known:
                known[commit] = _author(commit, facts, commit in boundaries)
            found.extend([known[commit]] * _lines(row))
            commit, facts = "", {}
        elif not commit:
            commit = row.partition(" ")[0]
        else:
            name, _, value = row.partition(" ")
            facts[name] = value
    return tuple(found)


def _lines(row: str) -> int:
    """The YAML lines in a line of git: a carriage return ends a YAML line, too."""
    return 1 + row.removesuffix("\r").count("\r")


def _author(commit: str, facts: dict[str, str], boundary: bool) -> Author | None:
    if not commit.strip("0"):
        return None
    return Author(
        commit=commit,
        name=facts.get("author", ""),
        date=_date(facts.get("author-time", ""), facts.get("author-tz", "")),
        subject=facts.get("summary", ""),
        boundary=boundary,
    )


def _date(seconds: str, zone: str) -> str:
    """The date of a commit in ISO format; "" if its timestamp is invalid."""
    try:
        return datetime.fromtimestamp(int(seconds), _zone(zone)).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _zone(zone: str) -> timezone:
    """Parse a time zone such as `+0130`; None for a day or more."""
    minutes = int(zone[1:3]) * 60 + int(zone[3:5])
    if minutes >= 24 * 60:
        return UTC
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
