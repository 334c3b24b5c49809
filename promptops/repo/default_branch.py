"""The default branch: whose `channels.yaml` counts, and whose configuration is trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptops.errors import GitError
from promptops.repo.process import decode, records
from promptops.repo.repository import Repository

_HERE = "refs/heads/"
_REMOTES = "refs/remotes/"
_MAIN_REMOTE = "origin"
_ORIGIN = f"{_REMOTES}{_MAIN_REMOTE}/"
_USUAL_NAMES = ("main", "master")
_SET_HEAD = "git remote set-head {} -a"


def default_branch(repository: Repository) -> str | None:
    """The default branch as a revision, whatever is checked out; None before the first commit.

    The local branch comes before the remote one: a promotion is committed locally first.
    """
    return _first(repository, _candidates(repository))


def published_branch(repository: Repository) -> str | None:
    """The remote's default branch as of the last fetch or push; else the local one."""
    here = default_branch(repository)
    if here is None or not here.startswith(_HERE):
        return here
    answer = repository.git.ask("for-each-ref", "--format=%(upstream)", "--", here)
    upstream = decode(answer.stdout).strip()
    return _first(repository, (upstream, here.replace(_HERE, _ORIGIN, 1), here))


def is_branch(repository: Repository, name: str) -> bool:
    """Whether a revision is the name of a local or remote branch, not a commit, tag or ancestor."""
    refs = (f"{before}{name}" for before in ("", "refs/", _HERE, _REMOTES))
    return any(
        repository.git.ask("show-ref", "--verify", "--quiet", "--", ref).status == 0
        for ref in refs
        if ref.startswith((_HERE, _REMOTES))
    )


def _first(repository: Repository, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name and _exists(repository, name)), None)


def _candidates(repository: Repository) -> tuple[str, ...]:
    if repository.bare:
        return ("HEAD",)
    answer = repository.git.ask("symbolic-ref", "--quiet", f"{_ORIGIN}HEAD")
    followed = decode(answer.stdout).strip()
    local = followed.replace(_ORIGIN, _HERE, 1)
    known = [f"{where}{name}" for where in (_HERE, _ORIGIN) for name in _USUAL_NAMES]
    # A CI job that checks out a tag has no local branch and no remote HEAD.
    return (local, followed, *known, "HEAD")


# The branch whose configuration is trusted. A usual name is not enough if others were fetched.


def trusted_branch(repository: Repository) -> str | None:
    """The remote's default branch if one was fetched, else the local one; None if unknown.

    Never a branch just because it is checked out or has a usual name: whoever can push can create
    `main` beside another default branch. HEAD is used in a bare repository.
    """
    if repository.bare:
        return "HEAD"
    remotes = _remotes(repository)
    if not any(_branches(repository, f"{_REMOTES}{name}/") for name in remotes):
        return _local_default(repository)
    remote = _main_remote(remotes)
    return remote_default(repository, remote) if remote is not None else None


def remote_default(repository: Repository, remote: str) -> str | None:
    """The default branch of a remote as of the last fetch; None if unknown.

    Git knows it if `REMOTE/HEAD` is set. Else only a single branch with a usual name counts.
    """
    prefix = f"{_REMOTES}{remote}/"
    answer = repository.git.ask("symbolic-ref", "--quiet", f"{prefix}HEAD")
    if name := decode(answer.stdout).strip():
        return name if _exists(repository, name) else None
    found = _branches(repository, prefix)
    usual = {f"{prefix}{name}" for name in _usual_names(_configured(repository))}
    return found[0] if len(found) == 1 and found[0] in usual else None


def refuse_unknown_default(repository: Repository, remote: str) -> None:
    """Raise GitError if one of several branches of a remote may be its default branch."""
    prefix = f"{_REMOTES}{remote}/"
    usual = [name for name in _USUAL_NAMES if _exists(repository, f"{prefix}{name}")]
    if usual and remote_default(repository, remote) is None:
        raise GitError(
            f"the default branch of `{remote}` is unknown: `{usual[0]}` may not be it",
            where=str(repository.root),
            hint=f"set it once: {_SET_HEAD.format(remote)}",
        )


def how_to_set(repository: Repository) -> str:
    """The command that makes git know the default branch."""
    remotes = _remotes(repository)
    if not remotes:
        return "git config init.defaultBranch NAME"
    remote = _main_remote(remotes)
    if remote is None:
        return f"git remote rename NAME {_MAIN_REMOTE} && {_SET_HEAD.format(_MAIN_REMOTE)}"
    return _SET_HEAD.format(remote)


def _remotes(repository: Repository) -> tuple[str, ...]:
    return tuple(decode(repository.git.ask("remote").stdout).split("\n")[:-1])


def _main_remote(remotes: tuple[str, ...]) -> str | None:
    if _MAIN_REMOTE in remotes:
        return _MAIN_REMOTE
    return remotes[0] if len(remotes) == 1 else None


def _local_default(repository: Repository) -> str | None:
    """The branch that the repository's own `init.defaultBranch` names; else the only usual one."""
    configured = _configured(repository)
    own = f"{_HERE}{configured['local']}" if configured.get("local") else ""
    usual = [f"{_HERE}{name}" for name in _usual_names(configured)]
    known = _existing(repository, [*usual, *([own] if own else [])])
    if own in known:
        return own
    found = [name for name in usual if name in known] or _branches(repository, _HERE)
    return found[0] if len(found) == 1 else None


def _configured(repository: Repository) -> dict[str, str]:
    """`init.defaultBranch` by the scope that sets it; the last scope counts."""
    answer = repository.git.ask("config", "--show-scope", "-z", "--get-all", "init.defaultBranch")
    parts = records(answer.stdout)
    return dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))


def _usual_names(configured: Mapping[str, str]) -> tuple[str, ...]:
    counts = list(configured.values())[-1:]
    return tuple(dict.fromkeys((*_USUAL_NAMES, *filter(None, counts))))


def _existing(repository: Repository, names: Sequence[str]) -> frozenset[str]:
    """Those of some branches that exist."""
    answer = repository.git.ask("for-each-ref", "--format=%(refname)%00", "--", *names)
    found = (name.strip("\n") for name in records(answer.stdout))
    return frozenset(found).intersection(names)  # a pattern also matches the branches below it


def _branches(repository: Repository, under: str) -> tuple[str, ...]:
    """Up to two branches, so that one of several is not taken for the only one."""
    answer = repository.git.ask("for-each-ref", "--format=%(refname)%00", "--count=2", "--", under)
    return tuple(name.strip("\n") for name in records(answer.stdout) if name.strip("\n"))


def _exists(repository: Repository, name: str) -> bool:
    answer = repository.git.ask("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return answer.status == 0
