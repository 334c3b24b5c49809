"""A release: planned and checked, then made, and pushed where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from promptops.errors import GitError, InputError, PromptopsError
from promptops.jobs import sides as two_sides
from promptops.jobs.bundling import content_digest
from promptops.jobs.preflight import more, name_problems, repository_problems, uncommitted, unpushed
from promptops.jobs.release_gate import gate
from promptops.jobs.release_plan import Ground, compared, planned, tags_of, version_problems
from promptops.jobs.remotes import default_remote, remote_problems, shown
from promptops.jobs.sides import Sides, sides
from promptops.jobs.tag_signing import is_signed, signing_problems
from promptops.jobs.tagging import make, missing, push, take_back
from promptops.jobs.workspace import Workspace, configuration, opened
from promptops.model.bump import Bump
from promptops.model.change import DiffReport
from promptops.model.release import Problem, Release, ReleasePlan, ReleaseReport
from promptops.release.names import TagNames
from promptops.release.tags import latest, record_of, releases
from promptops.release.versions import Declared
from promptops.repo.repository import Repository
from promptops.report.parts.summary import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a command line wants released.

    Attributes:
        sign: None for what configuration and git say.
        push: A remote, "" for the usual one; None for not at all.
        interactive: Somebody sits at a terminal.
        untrusted: No plugin is loaded.
    """

    declared: Declared = field(default_factory=Declared)
    sign: bool | None = None
    push: str | None = None
    interactive: bool = False
    untrusted: bool = False


def prepare(directory: Path, asked: Asked, overrides: Sequence[str] = ()) -> ReleaseReport:
    """What would be released from HEAD, and all that stands in its way. Makes nothing.

    Raises UsageError, InputError for a configuration that is wrong, GitError.
    """
    with _ground(directory, overrides) as (ground, opened_sides):
        done = _made_before(ground, asked.declared)
        if done is not None:
            return _done(ground, done, asked)
        return _prepared(ground, opened_sides, asked)


def publish(directory: Path, report: ReleaseReport, asked: Asked) -> ReleaseReport:
    """Make the tags of a plan that are missing, and push all of them where that is asked for.

    What the remote refuses is taken back, if this run made it. Raises GitError.
    """
    plan = report.plan
    assert plan is not None
    with Repository.open(directory) as repository:
        made = make(repository, plan, interactive=asked.interactive)
        done = replace(report, state="created" if plan.record.tag in made else "done")
        if asked.push is None:
            return done
        remote = asked.push or default_remote(repository)
        refused = _pushed(repository, remote, plan, interactive=asked.interactive)
        if not refused:
            return replace(done, pushed=shown(remote))
        take_back(repository, made)
        return replace(report, problems=(_refusal(shown(remote), plan, refused),))


@contextmanager
def _ground(directory: Path, overrides: Sequence[str]) -> Iterator[tuple[Ground, Sides]]:
    with Repository.open(directory) as repository:
        head = repository.resolve("HEAD")
        config = configuration(repository, head, overrides)
        names = TagNames(config.release.tag_format)
        every = releases(repository, names)
        base = latest(repository, names, head)
        is_empty = base is None or _has_no_prompts(repository, base)
        compares = f"..{head}" if is_empty or base is None else f"{base.commit}..{head}"
    asked = two_sides.Asked(arguments=(compares,), behind=0, root=is_empty)
    with sides(directory, asked, overrides) as found:
        assert found.repository is not None
        workspace = Workspace(found.repository, head, found.head.config, found.head.catalog)
        yield Ground(workspace=workspace, names=names, releases=every, base=base), found


def _has_no_prompts(repository: Repository, release: Release) -> bool:
    """It is older than the prompts: then all of them are new."""
    try:
        return not opened(repository, release.commit).catalog.ids
    except PromptopsError:
        return False


def _made_before(ground: Ground, declared: Declared) -> Release | None:
    """A release of this very commit that is what was asked for."""
    here = [each for each in ground.releases if each.commit == ground.workspace.revision]
    if declared.version is not None and declared.pre is None:
        here = [each for each in here if each.version == declared.version]
    elif declared.version is not None:
        here = [each for each in here if each.version.release == declared.version]
    series = (declared.pre,) if declared.pre is not None else ()
    return next(
        (e for e in reversed(here) if not e.version.pre or e.version.pre[:1] == series), None
    )


def _done(ground: Ground, release: Release, asked: Asked) -> ReleaseReport:
    """A release that is there: what of it is missing, and whether it is what its tag says."""
    workspace, record = ground.workspace, record_of(ground.repository, release)
    tags = tags_of(ground, record)
    lacking = missing(ground.repository, tags)
    signed = is_signed(ground.repository, workspace.config.release.sign, asked.sign)
    plan = ReleasePlan(
        version=release.version,
        commit=release.commit,
        record=record,
        required=record.bump or Bump.NONE,
        signed=signed,
        tags=tags,
        missing=lacking,
    )
    problems = list(_other_content(workspace, plan))
    if lacking:
        problems += signing_problems(workspace, signed=signed, interactive=asked.interactive)
    problems += remote_problems(ground.repository, asked.push)
    warnings = tuple(_uncommitted(workspace))
    return ReleaseReport(plan=plan, state="done", problems=tuple(problems), warnings=warnings)


def _uncommitted(workspace: Workspace) -> list[str]:
    paths = uncommitted(workspace)
    return [f"not committed, so no part of it: {', '.join(more(paths))}"] if paths else []


def _other_content(workspace: Workspace, plan: ReleasePlan) -> Iterator[Problem]:
    catalog = workspace.catalog
    if plan.record.content not in (None, content_digest(catalog, list(catalog.prompts()))):
        message = f"{plan.record.tag!r} tells of another content than its commit has"
        yield Problem(message=message, hint=f"promptops verify {plan.record.tag}")


def _prepared(ground: Ground, opened_sides: Sides, asked: Asked) -> ReleaseReport:
    workspace, declared = ground.workspace, asked.declared
    report = compared(opened_sides)
    signed = is_signed(ground.repository, workspace.config.release.sign, asked.sign)
    nothing = _nothing(ground, report, declared)
    if nothing and not ground.repository.shallow:
        left_out = tuple(_uncommitted(workspace))
        return ReleaseReport(plan=None, state="nothing", nothing=nothing, warnings=left_out)
    plan, wrong = _plan(ground, report, declared, signed=signed)
    base = ground.base.name if ground.base else None
    refused, doubts = gate(workspace, base, untrusted=asked.untrusted)
    problems = (
        *repository_problems(workspace),
        *(() if plan is None and refused else wrong),  # the gate says it better
        *signing_problems(workspace, signed=signed, interactive=asked.interactive),
        *remote_problems(ground.repository, asked.push),
        *refused,
    )
    warnings = (*opened_sides.notes, *_unpushed(ground.repository, asked), *doubts)
    return ReleaseReport(plan=plan, state="planned", problems=problems, warnings=warnings)


def _nothing(ground: Ground, report: DiffReport, declared: Declared) -> str:
    """Why there is nothing to release, or ""."""
    if not ground.workspace.catalog.ids:
        return "there are no prompts here (`promptops init` begins)"
    if report.bump or declared.bump or declared.version:
        return ""
    if ground.base is None:
        return "there is no prompt yet that is no draft"
    return f"nothing changed since {ground.base.name} that requires a version"


def _plan(
    ground: Ground, report: DiffReport, declared: Declared, *, signed: bool
) -> tuple[ReleasePlan | None, list[Problem]]:
    if ground.repository.shallow:
        return None, []
    try:
        plan = planned(ground, report, declared, signed=signed)
    except InputError as error:
        where = f"{error.where}: " if error.where else ""
        hint = error.hint or "promptops lint"
        return None, [Problem(message=f"{where}{error.message}", hint=hint)]
    problems = [
        *version_problems(ground, report, declared, plan.version),
        *name_problems(ground.repository, plan.tags),
    ]
    return plan, problems


def _unpushed(repository: Repository, asked: Asked) -> list[str]:
    ahead = unpushed(repository) if asked.push is not None else 0
    return (
        [f"the upstream branch lacks {counted(ahead, 'commit')} of it: git push"] if ahead else []
    )


def _pushed(
    repository: Repository, remote: str, plan: ReleasePlan, *, interactive: bool
) -> list[str]:
    try:
        return push(repository, remote, plan.tags, interactive=interactive)
    except GitError as error:
        message = f"{plan.record.tag!r} is made here, and could not be pushed: {error.message}"
        hint = "run it again with --push; to give it up: git tag --delete TAG"
        raise GitError(message, where=error.where, hint=hint) from None


def _refusal(remote: str, plan: ReleasePlan, refused: Sequence[str]) -> Problem:
    taken = any("stale info" in line or "already exists" in line for line in refused)
    hint = "what it says is the way out; then run it again"
    if taken:
        hint = f"another release was faster: git fetch --tags {remote}, then run it again"
    message = f"{remote} refused {plan.record.tag!r}"
    return Problem(message=message, hint=hint, details=more(refused))
