"""A release: planned, checked, created, and pushed if requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from promptops.counting import counted
from promptops.errors import GitError, InputError, PromptopsError
from promptops.jobs.bundles.contents import content_digest
from promptops.jobs.compare import comparison as two_sides
from promptops.jobs.compare.comparison import Sides, sides
from promptops.jobs.release.gate import gate, not_checked
from promptops.jobs.release.plan import ReleaseContext, compared, planned, tags_of, version_problems
from promptops.jobs.release.preflight import more, repository_problems, uncommitted, unpushed
from promptops.jobs.release.remote_state import beside_remote, next_command
from promptops.jobs.release.remotes import default_remote
from promptops.jobs.release.tag_names import line_problems, name_problems
from promptops.jobs.release.tag_signing import is_signed, signing_problems
from promptops.jobs.release.tags import RemoteRefusal, make, missing, push, take_back
from promptops.jobs.tags.tag import release_tag
from promptops.jobs.workspace.workspace import Workspace, configuration, opened
from promptops.model.bump import Bump
from promptops.model.change import DiffReport
from promptops.model.release import Release, ReleasePlan, ReleaseProblem, ReleaseReport
from promptops.records import field, record, replace
from promptops.release.names import TagNames
from promptops.release.tags import latest, record_of, releases
from promptops.release.versions import Declared
from promptops.repo.repository import Repository
from promptops.runtime.loading.source import shown


@record(frozen=True, slots=True, kw_only=True)
class ReleaseOptions:
    """Options of `promptops release`.

    Attributes:
        sign: None for the settings of configuration and git.
        push: A remote, "" for the default one; None for no push.
        interactive: There is a terminal.
        untrusted: Load no plug-ins.
    """

    declared: Declared = field(default_factory=Declared)
    sign: bool | None = None
    push: str | None = None
    interactive: bool = False
    untrusted: bool = False


def prepare(directory: Path, asked: ReleaseOptions, overrides: Sequence[str] = ()) -> ReleaseReport:
    """The release that HEAD would give, and all its problems. Creates nothing.

    Where something is to be pushed, the remote is asked what it has.

    Raises UsageError, InputError for a configuration that is wrong, GitError.
    """
    with _ground(directory, overrides) as (ground, opened_sides):
        done = _made_before(ground, asked.declared)
        if done is not None:
            report = _done(ground, done, asked)
        else:
            report = _prepared(ground, opened_sides, asked)
        if asked.push is not None:
            return beside_remote(ground, report, asked.push, interactive=asked.interactive)
        return report


def publish(directory: Path, report: ReleaseReport, asked: ReleaseOptions) -> ReleaseReport:
    """Create the missing tags of a plan, and push all of them if requested.

    Tags of earlier releases that are missing on the remote are pushed too.

    If the remote or a pre-push hook rejects the push, tags created by this run are deleted. Raises
    GitError.
    """
    with Repository.open(directory) as repository:
        done, made = _made(repository, report, interactive=asked.interactive)
        if asked.push is None:
            return done
        remote = asked.push or default_remote(repository)
        tags = (*(report.plan.tags if report.plan is not None else ()), *report.earlier)
        refused = _pushed(repository, remote, tags, interactive=asked.interactive)
        if refused is None:
            return replace(done, pushed=shown(remote))
        take_back(repository, made)
        return replace(report, problems=(_refusal(shown(remote), tags[0], refused),))


def _made(
    repository: Repository, report: ReleaseReport, *, interactive: bool
) -> tuple[ReleaseReport, dict[str, str]]:
    plan = report.plan
    if plan is None:
        return report, {}
    made = make(repository, plan, interactive=interactive)
    state: Literal["created", "done"] = "created" if plan.record.tag in made else "done"
    then = next_command(repository, plan.version, plan.commit)
    return replace(report, state=state, next=then), made


@contextmanager
def _ground(directory: Path, overrides: Sequence[str]) -> Iterator[tuple[ReleaseContext, Sides]]:
    with Repository.open(directory) as repository:
        head = repository.resolve("HEAD")
        config = configuration(repository, head, overrides)
        names = TagNames(config.release.tag_format)
        every = releases(repository, names)
        base = latest(repository, names, head)
        is_empty = base is None or _has_no_prompts(repository, base)
        compares = f"..{head}" if is_empty or base is None else f"{base.commit}..{head}"
    asked = two_sides.ComparisonOptions(arguments=(compares,), behind=0, root=is_empty)
    with sides(directory, asked, overrides) as found:
        assert found.repository is not None
        workspace = Workspace(found.repository, head, found.head.config, found.head.catalog)
        yield ReleaseContext(workspace=workspace, names=names, releases=every, base=base), found


def _has_no_prompts(repository: Repository, release: Release) -> bool:
    """Whether a release is older than the prompts: then all of them are new."""
    try:
        return not opened(repository, release.commit).catalog.ids
    except PromptopsError:
        return False


def _made_before(ground: ReleaseContext, declared: Declared) -> Release | None:
    """An existing release of this commit that matches the options."""
    here = [each for each in ground.releases if each.commit == ground.workspace.revision]
    if declared.version is not None and declared.pre is None:
        return next((each for each in here if each.version == declared.version), None)
    if declared.version is not None:
        here = [each for each in here if each.version.release == declared.version]
    series = (declared.pre,) if declared.pre is not None else ()
    return next(
        (e for e in reversed(here) if not e.version.pre or e.version.pre[:1] == series), None
    )


def _done(ground: ReleaseContext, release: Release, asked: ReleaseOptions) -> ReleaseReport:
    """The report on an existing release: its missing tags, and whether it matches its record."""
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
    problems = [*_other_content(workspace, plan), *_unsigned(ground, release, asked)]
    if lacking:
        problems += signing_problems(workspace, signed=signed, interactive=asked.interactive)
    return ReleaseReport(
        plan=plan,
        state="done",
        problems=tuple(problems),
        warnings=tuple(_uncommitted(workspace)),
        next=next_command(ground.repository, release.version, release.commit),
    )


def _unsigned(
    ground: ReleaseContext, release: Release, asked: ReleaseOptions
) -> Iterator[ReleaseProblem]:
    settings = ground.workspace.config.release
    if not (asked.sign or settings.sign == "always" or settings.allowed_signers):
        return
    tag = release_tag(ground.repository, release.name)
    if tag is None or not tag.signature:
        message = f"{release.name!r} exists already, and is not signed"
        hint = f"if it was not pushed yet: git tag --delete {release.name}, then run it again"
        yield ReleaseProblem(message=message, hint=hint)


def _uncommitted(workspace: Workspace) -> list[str]:
    paths = uncommitted(workspace)
    return [f"not committed, so not part of the release: {', '.join(more(paths))}"] if paths else []


def _other_content(workspace: Workspace, plan: ReleasePlan) -> Iterator[ReleaseProblem]:
    catalog = workspace.catalog
    if plan.record.content not in (None, content_digest(catalog, list(catalog.prompts()))):
        message = f"{plan.record.tag!r} records other content than its commit has"
        yield ReleaseProblem(message=message, hint=f"promptops verify {plan.record.tag}")


def _prepared(ground: ReleaseContext, opened_sides: Sides, asked: ReleaseOptions) -> ReleaseReport:
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
        *(() if plan is None and refused else wrong),  # the gate reports it better
        *signing_problems(workspace, signed=signed, interactive=asked.interactive),
        *refused,
        *((not_checked("promptops diff"),) if report.failed else ()),
    )
    warnings = (*opened_sides.notes, *_unpushed(ground.repository, asked), *doubts)
    return ReleaseReport(plan=plan, state="planned", problems=problems, warnings=warnings)


def _nothing(ground: ReleaseContext, report: DiffReport, declared: Declared) -> str:
    """Why there is nothing to release, or ""."""
    if not ground.workspace.catalog.ids:
        return "there are no prompts (`promptops init` creates one)"
    if report.bump or declared.bump or declared.version:
        return ""
    if ground.base is None:
        return "every prompt is a draft"
    return f"no change since {ground.base.name} requires a new version"


def _plan(
    ground: ReleaseContext, report: DiffReport, declared: Declared, *, signed: bool
) -> tuple[ReleasePlan | None, list[ReleaseProblem]]:
    if ground.repository.shallow:
        return None, []
    try:
        plan = planned(ground, report, declared, signed=signed)
    except InputError as error:
        where = f"{error.where}: " if error.where else ""
        hint = error.hint or "promptops lint"
        return None, [ReleaseProblem(message=f"{where}{error.message}", hint=hint)]
    problems = [
        *version_problems(ground, report, declared, plan.version),
        *line_problems(ground, report, declared, plan.version),
        *name_problems(ground, report, plan.tags),
    ]
    return plan, problems


def _unpushed(repository: Repository, asked: ReleaseOptions) -> list[str]:
    ahead = unpushed(repository) if asked.push is None else 0  # else it is a problem
    return [f"{counted(ahead, 'commit')} not on the upstream branch: git push"] if ahead else []


def _pushed(
    repository: Repository, remote: str, tags: tuple[str, ...], *, interactive: bool
) -> RemoteRefusal | None:
    try:
        return push(repository, remote, tags, interactive=interactive)
    except GitError as error:
        message = f"{tags[0]!r} was created here, but could not be pushed: {error.message}"
        hint = "run it again with --push; to discard it: git tag --delete TAG"
        raise GitError(message, where=error.where, hint=hint) from None


def _refusal(remote: str, tag: str, refused: RemoteRefusal) -> ReleaseProblem:
    hint = "fix what the hook reports, then run it again"
    if not refused.hook and any(_is_taken(line) for line in refused.said):
        bring = f"git fetch --tags {remote} && git pull"
        hint = f"another release was pushed first: merge it ({bring}), then run it again"
    details = [_in_words(line) if _is_taken(line) else line for line in refused.said]
    who = f"the hook `{refused.hook}`" if refused.hook else remote
    return ReleaseProblem(message=f"{who} rejected {tag!r}", hint=hint, details=more(details))


def _is_taken(line: str) -> bool:
    return "stale info" in line or "already exists" in line


def _in_words(line: str) -> str:
    """Of git's `refs/tags/v1.0.0: [rejected] (stale info)`."""
    name, _, _ = line.partition(": ")
    return f"{name.removeprefix('refs/tags/')} exists already, and is another one"
