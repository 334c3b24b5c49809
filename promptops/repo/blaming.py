"""The author of each line of a file: `git blame`, one process per file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from promptops.errors import GitError
from promptops.model.history import Author
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.repo.temporary import temporary_folder

# The textconv of `promptops init --git-diff` would number the lines of a different text.
_FORM = ("--porcelain", "--no-textconv", "--encoding=UTF-8", "--no-progress")
MOVED = (
    "-M",
    "-C",
    "-w",
)  # a line loses its indentation when it moves from a YAML block to a partial
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
