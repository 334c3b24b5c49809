"""What is missing on a remote: earlier releases, and commits that were not reviewed there."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from promptops.counting import counted
from promptops.errors import GitError
from promptops.jobs.release.plan import ReleaseContext, tags_of
from promptops.jobs.release.remotes import default_remote, remote_problems, remotes
from promptops.jobs.release.tags import missing
from promptops.model.release import Release, ReleasePlan, ReleaseProblem, ReleaseReport
from promptops.model.version import Version
from promptops.records import replace
from promptops.release.tags import records, releases
from promptops.repo.interactive import act
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.runtime.loading.source import shown

DEADLINE_S = 60.0
_TRACKED = "refs/remotes/"


def beside_remote(
    ground: ReleaseContext, report: ReleaseReport, wanted: str, *, interactive: bool
) -> ReleaseReport:
    """The report, with earlier releases that are missing on the remote and problems with a push.

    Args:
        wanted: The remote; "" for the default one.

    Raises:
        GitError: There is nothing else to do, and the remote can't be reached.
    """
    made = _made_here(ground)
    if report.plan is None and not made:
        return report
    problems = tuple(remote_problems(ground.repository, wanted))
    if problems:
        return replace(report, problems=(*report.problems, *problems))
    remote = wanted or default_remote(ground.repository)
    try:
        refs = _refs_of(ground.repository, remote, interactive=interactive)
    except GitError:
        if report.plan is None and not report.problems:
            raise
        return report  # the push will report it, after the release is created
    earlier = _lacking(ground, made, report.plan, refs)
    commits = [f"refs/tags/{tag}" for tag in earlier]
    commits += [report.plan.commit] if report.plan is not None else []
    unreviewed = _unreviewed(ground.repository, remote, commits, refs) if commits else 0
    if unreviewed:
        message = f"{counted(unreviewed, 'commit')} not on {shown(remote)}"
        hint = "push the branch first, so that it can be reviewed"
        problem = ReleaseProblem(
            message=message, hint=f"{hint}: {_push(ground.repository, remote)}"
        )
        return replace(report, earlier=earlier, problems=(*report.problems, problem))
    return replace(report, earlier=earlier)


def next_command(repository: Repository, version: Version, commit: str) -> str:
    """The command that pushes an existing release from here; "" without a remote."""
    remote = default_remote(repository)
    if remote not in remotes(repository):
        return ""
    push = f"{_push(repository, remote)} && " if _lacks(repository, remote, (commit,), ()) else ""
    named = f" --version {version}" if version.pre else ""
    return f"{push}promptops release --yes{named} --push"


def _made_here(ground: ReleaseContext) -> tuple[Release, ...]:
    """The releases before HEAD that were created by promptops."""
    merged = releases(ground.repository, ground.names, merged=ground.workspace.revision)
    said = records(ground.repository, merged)
    return tuple(each for each in merged if said[each.name].content is not None)


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


def _lacking(
    ground: ReleaseContext,
    made: Sequence[Release],
    plan: ReleasePlan | None,
    refs: Mapping[str, str],
) -> tuple[str, ...]:
    said = records(ground.repository, made)
    own = plan.tags if plan is not None else ()
    tags = [tag for each in made for tag in tags_of(ground, said[each.name])]
    tags = [tag for tag in tags if tag not in own and f"refs/tags/{tag}" not in refs]
    away = missing(ground.repository, tags)
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
    return [f"--remotes={remote}"] if remote in remotes(repository) else []


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
