"""What is missing on a remote: earlier releases, and commits that were not reviewed there."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from promptops.commands.release.plan import ReleaseContext, release_tags
from promptops.commands.release.tag_creation import missing_tags
from promptops.errors import GitError
from promptops.model.release import Release, ReleasePlan, ReleaseProblem, ReleaseReport
from promptops.model.version import Version
from promptops.plurals import counted
from promptops.records import replace
from promptops.release.tags import release_records, releases
from promptops.repo.interactive import act
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.runtime.loading.source import shown

DEADLINE_S = 60.0
_TRACKED = "refs/remotes/"


def with_remote_state(
    context: ReleaseContext, report: ReleaseReport, wanted: str, *, interactive: bool
) -> ReleaseReport:
    """The report, with earlier releases that are missing on the remote and problems with a push.

    Args:
        wanted: The remote; "" for the default one.

    Raises:
        GitError: There is nothing else to do, and the remote can't be reached.
    """
    own_releases = _releases_by_promptops(context)
    if report.plan is None and not own_releases:
        return report
    problems = tuple(remote_problems(context.repository, wanted))
    if problems:
        return replace(report, problems=(*report.problems, *problems))
    remote = wanted or default_remote(context.repository)
    try:
        refs = _refs_of(context.repository, remote, interactive=interactive)
    except GitError:
        if report.plan is None and not report.problems:
            raise
        return report  # the push will report it, after the release is created
    earlier = _missing_on_remote(context, own_releases, report.plan, refs)
    commits = [f"refs/tags/{tag}" for tag in earlier]
    commits += [report.plan.commit] if report.plan is not None else []
    unreviewed = _unreviewed(context.repository, remote, commits, refs) if commits else 0
    if unreviewed:
        message = f"{counted(unreviewed, 'commit')} not on {shown(remote)}"
        hint = "push the branch first, so that it can be reviewed"
        problem = ReleaseProblem(
            message=message, hint=f"{hint}: {_push(context.repository, remote)}"
        )
        return replace(report, earlier=earlier, problems=(*report.problems, problem))
    return replace(report, earlier=earlier)


def next_command(repository: Repository, version: Version, commit: str) -> str:
    """The command that pushes an existing release from here; "" without a remote."""
    remote = default_remote(repository)
    if remote not in remote_names(repository):
        return ""
    push = f"{_push(repository, remote)} && " if _lacks(repository, remote, (commit,), ()) else ""
    named = f" --version {version}" if version.pre else ""
    return f"{push}promptops release --yes{named} --push"


def _releases_by_promptops(context: ReleaseContext) -> tuple[Release, ...]:
    """The releases before HEAD that were created by promptops."""
    merged = releases(context.repository, context.names, merged=context.workspace.revision)
    tag_records = release_records(context.repository, merged)
    return tuple(release for release in merged if tag_records[release.name].content is not None)


def _refs_of(repository: Repository, remote: str, *, interactive: bool) -> Mapping[str, str]:
    """The branches and tags of a remote, with the ids of their objects."""
    answer = act(
        repository.git,
        *("ls-remote", "--heads", "--tags", "--refs", "--", remote),
        interactive=interactive,
        deadline_s=DEADLINE_S,
    )
    if answer.status:
        raise repository.git.error(answer)
    rows = (line.split("\t", 1) for line in decode(answer.stdout).splitlines() if "\t" in line)
    return {ref: identity for identity, ref in rows}


def _missing_on_remote(
    context: ReleaseContext,
    own_releases: Sequence[Release],
    plan: ReleasePlan | None,
    refs: Mapping[str, str],
) -> tuple[str, ...]:
    tag_records = release_records(context.repository, own_releases)
    own = plan.tags if plan is not None else ()
    tags = [
        tag for release in own_releases for tag in release_tags(context, tag_records[release.name])
    ]
    tags = [tag for tag in tags if tag not in own and f"refs/tags/{tag}" not in refs]
    away = missing_tags(context.repository, tags)
    return tuple(tag for tag in tags if tag not in away)


def _unreviewed(
    repository: Repository, remote: str, commits: Sequence[str], refs: Mapping[str, str]
) -> int:
    heads = [identity for ref, identity in refs.items() if ref.startswith("refs/heads/")]
    return _lacks(repository, remote, commits, heads)


def _lacks(
    repository: Repository, remote: str, commits: Sequence[str], heads: Sequence[str]
) -> int:
    """How many commits are not on the upstream branch; without one, on no branch of the remote."""
    upstream = _upstream(repository)
    there = [upstream] if upstream else [*_tracking(repository, remote), *heads]
    arguments = ("--count", "--ignore-missing", *commits, "--not", *there)
    answer = repository.git.ask("rev-list", *arguments, "--")
    return 0 if answer.status else int(answer.stdout)


def _tracking(repository: Repository, remote: str) -> list[str]:
    return [f"--remotes={remote}"] if remote in remote_names(repository) else []


def _upstream(repository: Repository) -> str:
    """The upstream branch on a remote, or ""."""
    answer = repository.git.ask("rev-parse", "--symbolic-full-name", "@{upstream}")
    name = decode(answer.stdout).strip()
    return name if not answer.status and name.startswith(_TRACKED) else ""


def _push(repository: Repository, remote: str) -> str:
    if _upstream(repository):
        return "git push"
    branch = decode(repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout).strip()
    names = " ".join(map(shlex.quote, filter(None, (shown(remote), branch))))
    return f"git push --set-upstream {names}" if branch else f"git push {names} HEAD:BRANCH"


ORIGIN = "origin"
_HERE = "."


def remote_names(repository: Repository) -> list[str]:
    """The names of the configured remotes."""
    return decode(repository.git.run("remote")).splitlines()


def default_remote(repository: Repository) -> str:
    """The remote of the branch, else the only remote, else `origin`."""
    branch = decode(repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout).strip()
    found = repository.git.ask("config", "--get", f"branch.{branch}.remote")
    tracked = decode(found.stdout).strip()
    known = remote_names(repository)
    if tracked and tracked != _HERE:
        return tracked
    return known[0] if len(known) == 1 else ORIGIN


def remote_problems(repository: Repository, wanted: str | None) -> Iterator[ReleaseProblem]:
    """Problems with an unknown remote that is not an address; "" for the default one."""
    if wanted is None:
        return
    known, name = remote_names(repository), wanted or default_remote(repository)
    if name not in known and not any(char in name for char in "/:"):
        add = f"git remote add {ORIGIN} ADDRESS"
        hint = f"its remotes: {', '.join(known)}; {add}" if known else f"add one: {add}"
        yield ReleaseProblem(message=f"there is no remote {name!r}", hint=hint)
