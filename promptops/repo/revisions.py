"""Resolves the name of a revision to the id of a commit."""

from __future__ import annotations

from promptops.errors import GitError
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.repo.process import Git

FETCH_ALL = (
    "this clone is shallow, fetch the rest: "
    "git fetch --unshallow --tags origin '+refs/heads/*:refs/remotes/origin/*'"
)
OBJECT_ID = lazy_pattern(r"[0-9a-f]{40}([0-9a-f]{24})?")


@record(frozen=True, slots=True)
class NamedCommit:
    """A commit with the name that a person gave it, or else its id."""

    name: str
    commit: str


def resolve(git: Git, revision: str, *, shallow: bool) -> str:
    """The id of the commit, annotated tags peeled.

    Raises:
        GitError: It is unknown, ambiguous or not a commit, or there is no commit at all.
    """
    commit = find(git, revision)
    if commit is None:
        raise _unknown(git, revision, shallow=shallow)
    return commit


def find(git: Git, revision: str) -> str | None:
    """The id of the commit, annotated tags peeled; None for an unknown name.

    Raises:
        GitError: It is ambiguous or not a commit.
    """
    answer = git.ask("-c", "core.warnAmbiguousRefs=true", *_verify(f"{revision}^{{commit}}"))
    commit = answer.stdout.decode("utf-8", "replace").strip()
    if answer.status or not OBJECT_ID.fullmatch(commit):
        _refuse_what_is_there(git, revision, answer.stderr)
        return None
    # Of two refs, git takes the tag. Of an id and a ref with that name, git correctly takes the id.
    if b"is ambiguous" in answer.stderr and not OBJECT_ID.fullmatch(revision):
        raise _ambiguous_ref(git, revision)
    return commit


def is_unborn(git: Git) -> bool:
    """Whether HEAD names a branch without commits."""
    return git.ask(*_verify("HEAD")).status != 0


def _verify(revision: str) -> tuple[str, ...]:
    return ("rev-parse", "--verify", "--end-of-options", revision)


def _refuse_what_is_there(git: Git, revision: str, complaint: bytes) -> None:
    where = str(git.directory)
    if b"is ambiguous" in complaint:
        raise GitError(
            f"the revision {revision!r} is ambiguous", where=where, hint="write more of its digits"
        )
    if kind := _kind(git, revision):
        raise GitError(
            f"the revision {revision!r} is a {kind}, not a commit",
            where=where,
            hint="name a commit, a branch or a tag",
        )


def _unknown(git: Git, revision: str, *, shallow: bool) -> GitError:
    where = str(git.directory)
    if revision.startswith(("HEAD", "@")) and is_unborn(git):
        return GitError(
            "there is no commit yet", where=where, hint="create the first one: git commit"
        )
    hint = FETCH_ALL if shallow else "list branches and tags: git branch --all; git tag"
    return GitError(f"there is no revision {revision!r}", where=where, hint=hint)


def _kind(git: Git, revision: str) -> str | None:
    """The kind of an object that is not a commit: blob or tree."""
    answer = git.ask(*_verify(revision))  # without `^{}`, which after a colon is part of a path
    found = answer.stdout.decode("utf-8", "replace").strip()
    if answer.status or not OBJECT_ID.fullmatch(found):
        return None
    kind = git.ask("cat-file", "-t", f"{found}^{{}}").stdout.decode().strip()
    return kind if kind in ("blob", "tree") else None


def _ambiguous_ref(git: Git, revision: str) -> GitError:
    return GitError(
        f"the revision {revision!r} is ambiguous: several refs have this name",
        where=str(git.directory),
        hint=f"write the full ref: refs/tags/{revision} or refs/heads/{revision}",
    )
