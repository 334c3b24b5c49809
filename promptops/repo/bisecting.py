"""The commits between a bad one and good ones, and the order in which to test them."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.bisection import Suspect
from promptops.records import record
from promptops.repo.process import decode, records
from promptops.repo.repository import Repository
from promptops.repo.tree import below

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
    # Whoever has `log.follow` set would get other commits for a single path.
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
