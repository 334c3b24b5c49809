"""Prepare a release and report its problems; create its tags, and push them if requested."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from promptops.bundles.build import content_digest
from promptops.commands.check.check import check_release, failures
from promptops.commands.diff.comparison import ComparisonOptions, Sides, open_sides
from promptops.commands.release.plan import (
    ReleaseContext,
    default_remote,
    next_command,
    plan_release,
    release_changes,
    release_tags,
    version_problems,
    with_remote_state,
)
from promptops.commands.release.tag_creation import (
    RemoteRefusal,
    create_tags,
    delete_tags,
    missing_tags,
    push_tags,
    rejection_problem,
    signing_problems,
    wants_signature,
)
from promptops.diff.changes import lowered
from promptops.errors import GitError, InputError, PromptopsError
from promptops.model.change import DiffReport
from promptops.model.check import CheckReport
from promptops.model.release import Release, ReleasePlan, ReleaseProblem, ReleaseReport
from promptops.model.test_run import Decided, TestRun
from promptops.model.version import Bump, Version
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import field, record, replace
from promptops.release.tags import TagNames, latest_release, release_record, releases
from promptops.release.versions import Declared, outranked
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.runtime.loading.source import shown
from promptops.tags import release_tag
from promptops.testing.runner import RECORD_COMMAND
from promptops.workspace.preflight import (
    repository_problems,
    shortened_list,
    uncommitted_paths,
    unpushed_commits,
)
from promptops.workspace.workspace import Workspace, configuration, workspace_at


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


def prepare(
    directory: Path, options: ReleaseOptions, overrides: Sequence[str] = ()
) -> ReleaseReport:
    """The release that HEAD would give, and all its problems. Creates nothing.

    With `--push` it reads the tags and branches of the remote.

    Raises UsageError, InputError for a configuration that is wrong, GitError.
    """
    with _open_context(directory, overrides) as (context, sides):
        done = _existing_release(context, options.declared)
        if done is not None:
            report = _existing_report(context, done, options)
        else:
            report = _planned_report(context, sides, options)
        if options.push is not None:
            return with_remote_state(context, report, options.push, interactive=options.interactive)
        return report


def publish(directory: Path, report: ReleaseReport, options: ReleaseOptions) -> ReleaseReport:
    """Create the missing tags of a plan, and push all of them if requested.

    Tags of earlier releases that are missing on the remote are pushed too.

    If the remote or a pre-push hook rejects the push, tags created by this run are deleted. Raises
    GitError.
    """
    with Repository.open(directory) as repository:
        done, created = _create_missing_tags(repository, report, interactive=options.interactive)
        if options.push is None:
            return done
        remote = options.push or default_remote(repository)
        tags = (*(report.plan.tags if report.plan is not None else ()), *report.earlier)
        refused = _push_or_explain(repository, remote, tags, interactive=options.interactive)
        if refused is None:
            return replace(done, pushed=shown(remote))
        delete_tags(repository, created)
        return replace(report, problems=(rejection_problem(shown(remote), tags[0], refused),))


@contextmanager
def _open_context(
    directory: Path, overrides: Sequence[str]
) -> Iterator[tuple[ReleaseContext, Sides]]:
    with Repository.open(directory) as repository:
        head = repository.resolve("HEAD")
        config = configuration(repository, head, overrides)
        names = TagNames(config.release.tag_format)
        every = releases(repository, names)
        base = latest_release(repository, names, head)
        is_empty = base is None or _has_no_prompts(repository, base)
        compares = f"..{head}" if is_empty or base is None else f"{base.commit}..{head}"
    options = ComparisonOptions(arguments=(compares,), behind=0, root=is_empty)
    with open_sides(directory, options, overrides) as found:
        assert found.repository is not None
        workspace = Workspace(found.repository, head, found.head.config, found.head.catalog)
        yield ReleaseContext(workspace=workspace, names=names, releases=every, base=base), found


def _has_no_prompts(repository: Repository, release: Release) -> bool:
    """Whether a release is older than the prompts: then all of them are new."""
    try:
        return not workspace_at(repository, release.commit).catalog.ids
    except PromptopsError:
        return False


def _existing_release(context: ReleaseContext, declared: Declared) -> Release | None:
    """An existing release of this commit that matches the options."""
    here = [release for release in context.releases if release.commit == context.workspace.revision]
    if declared.version is not None and declared.pre is None:
        return next((release for release in here if release.version == declared.version), None)
    if declared.version is not None:
        here = [release for release in here if release.version.release == declared.version]
    series = (declared.pre,) if declared.pre is not None else ()
    return next(
        (
            release
            for release in reversed(here)
            if not release.version.pre or release.version.pre[:1] == series
        ),
        None,
    )


def _existing_report(
    context: ReleaseContext, release: Release, options: ReleaseOptions
) -> ReleaseReport:
    """The report on an existing release: its missing tags, and whether it matches its record."""
    workspace, record = context.workspace, release_record(context.repository, release)
    tags = release_tags(context, record)
    lacking = missing_tags(context.repository, tags)
    signed = wants_signature(context.repository, workspace.config.release.sign, options.sign)
    plan = ReleasePlan(
        version=release.version,
        commit=release.commit,
        record=record,
        required=record.bump or Bump.NONE,
        signed=signed,
        tags=tags,
        missing=lacking,
    )
    problems = [*_content_problems(workspace, plan), *_unsigned_problems(context, release, options)]
    if lacking:
        problems += signing_problems(workspace, signed=signed, interactive=options.interactive)
    return ReleaseReport(
        plan=plan,
        state="done",
        problems=tuple(problems),
        warnings=tuple(_uncommitted_warnings(workspace)),
        next=next_command(context.repository, release.version, release.commit),
    )


def _unsigned_problems(
    context: ReleaseContext, release: Release, options: ReleaseOptions
) -> Iterator[ReleaseProblem]:
    settings = context.workspace.config.release
    if not (options.sign or settings.sign == "always" or settings.allowed_signers):
        return
    tag = release_tag(context.repository, release.name)
    if tag is None or not tag.signature:
        message = f"{release.name!r} exists already, and is not signed"
        hint = f"if it was not pushed yet: git tag --delete {release.name}, then run it again"
        yield ReleaseProblem(message=message, hint=hint)


def _uncommitted_warnings(workspace: Workspace) -> list[str]:
    paths = uncommitted_paths(workspace)
    return (
        [f"not committed, so not part of the release: {', '.join(shortened_list(paths))}"]
        if paths
        else []
    )


def _content_problems(workspace: Workspace, plan: ReleasePlan) -> Iterator[ReleaseProblem]:
    catalog = workspace.catalog
    if plan.record.content_sha256 not in (None, content_digest(catalog, list(catalog.prompts()))):
        message = f"{plan.record.tag!r} records other content than its commit has"
        yield ReleaseProblem(message=message, hint=f"promptops verify {plan.record.tag}")


def _planned_report(
    context: ReleaseContext, sides: Sides, options: ReleaseOptions
) -> ReleaseReport:
    workspace, declared = context.workspace, options.declared
    report = release_changes(sides)
    signed = wants_signature(context.repository, workspace.config.release.sign, options.sign)
    nothing = _why_nothing(context, report, declared)
    if nothing and not context.repository.shallow:
        left_out = tuple(_uncommitted_warnings(workspace))
        return ReleaseReport(plan=None, state="nothing", nothing=nothing, warnings=left_out)
    plan, wrong = _plan_with_problems(context, report, declared, signed=signed)
    baseline = f"tags/{context.base.name}" if context.base else None
    checked = check_release(workspace, baseline, untrusted=options.untrusted)
    refused = gate_problems(checked)
    problems = (
        *repository_problems(workspace),
        *(() if plan is None and refused else wrong),  # the gate reports it better
        *signing_problems(workspace, signed=signed, interactive=options.interactive),
        *refused,
        *((not_checked("promptops diff"),) if report.failed else ()),
    )
    ahead = _unpushed_warnings(context.repository, options)
    warnings = (*sides.notes, *ahead, *gate_warnings(checked))
    return ReleaseReport(plan=plan, state="planned", problems=problems, warnings=warnings)


def _why_nothing(context: ReleaseContext, report: DiffReport, declared: Declared) -> str:
    """Why there is nothing to release, or ""."""
    if not context.workspace.catalog.ids:
        return "there are no prompts (`promptops init` creates one)"
    if report.bump or declared.bump or declared.version:
        return ""
    if context.base is None:
        return "every prompt is a draft"
    unchanged = f"no change since {context.base.name} requires a new version"
    return f"{unchanged}; test cases were not checked: run `promptops check`"


def _plan_with_problems(
    context: ReleaseContext, report: DiffReport, declared: Declared, *, signed: bool
) -> tuple[ReleasePlan | None, list[ReleaseProblem]]:
    if context.repository.shallow:
        return None, []
    try:
        plan = plan_release(context, report, declared, signed=signed)
    except InputError as error:
        where = f"{error.where}: " if error.where else ""
        hint = error.hint or "promptops lint --no-baseline"
        return None, [ReleaseProblem(message=f"{where}{error.message}", hint=hint)]
    problems = [
        *version_problems(context, report, declared, plan.version),
        *line_problems(context, report, declared, plan.version),
        *name_problems(context, report, plan.tags),
    ]
    return plan, problems


def _unpushed_warnings(repository: Repository, options: ReleaseOptions) -> list[str]:
    ahead = unpushed_commits(repository) if options.push is None else 0  # else it is a problem
    return [f"{counted(ahead, 'commit')} not on the upstream branch: git push"] if ahead else []


def _create_missing_tags(
    repository: Repository, report: ReleaseReport, *, interactive: bool
) -> tuple[ReleaseReport, dict[str, str]]:
    plan = report.plan
    if plan is None:
        return report, {}
    created = create_tags(repository, plan, interactive=interactive)
    state: Literal["created", "done"] = "created" if plan.record.tag in created else "done"
    then = next_command(repository, plan.version, plan.commit)
    return replace(report, state=state, next=then), created


def _push_or_explain(
    repository: Repository, remote: str, tags: tuple[str, ...], *, interactive: bool
) -> RemoteRefusal | None:
    try:
        return push_tags(repository, remote, tags, interactive=interactive)
    except GitError as error:
        message = f"{tags[0]!r} was created here, but could not be pushed: {error.message}"
        hint = "run it again with --push; to discard it: git tag --delete TAG"
        raise GitError(message, where=error.where, hint=hint) from None


# The result of the gate as problems and warnings of a release.


def gate_problems(report: CheckReport) -> list[ReleaseProblem]:
    """Why the gate prevents the release: one problem for each kind, with its details."""
    problems = [not_checked("promptops lint")] if report.lint.failed else []
    findings = report.failing_findings
    if findings:
        details = [f"{finding.place}: {finding.message} [{finding.code}]" for finding in findings]
        message = f"lint has {counted(len(findings), 'finding')}"
        problems.append(_gate_problem(message, "promptops lint", details))
    problems += _case_problems(report.test)
    if report.test.undercovered:
        message = f"the cases cover less than {report.test.fail_under:g}% of the branches"
        problems.append(_gate_problem(message, "promptops test --coverage"))
    if report.strict and report.inconclusive:
        message = f"{counted(len(report.inconclusive), 'score')} inconclusive"
        hint = "promptops test --live requests the answers that decide it"
        problems.append(_gate_problem(message, hint, _score_lines(report.inconclusive)))
    if report.refused_risks:
        message = f"{counted(len(report.refused_risks), 'risk')} refused by `check.fail-on`"
        problems.append(
            _gate_problem(message, "promptops check", [*map(str, report.refused_risks)])
        )
    return problems


def gate_warnings(report: CheckReport) -> list[str]:
    """What the gate reports but accepts: inconclusive scores and risks."""
    inconclusive = () if report.strict else report.inconclusive
    risks = [risk for risk in report.risks if risk not in report.refused_risks]
    return [
        *(f"inconclusive: {line}" for line in _score_lines(inconclusive)),
        *(f"risk: {risk}" for risk in risks),
    ]


def not_checked(command: str) -> ReleaseProblem:
    """The problem that an internal error prevented a check; `command` shows the error."""
    return _gate_problem("an internal error of promptops: not everything was checked", command)


def _gate_problem(message: str, hint: str, details: Sequence[str] = ()) -> ReleaseProblem:
    return ReleaseProblem(message=message, hint=hint, details=shortened_list(details))


def _case_problems(run: TestRun) -> Iterator[ReleaseProblem]:
    stale = [f"{c.place}: {c.prompt}: {c.name}" for c in run.cases if c.status == "stale"]
    if stale:
        yield _gate_problem(
            f"{counted(len(stale), 'case')} without a recording", RECORD_COMMAND, stale
        )
    failed = [
        ": ".join(filter(None, (str(place), case.prompt, case.name, reason)))
        for place, reason, case in failures(run)
        if case.status in ("failed", "error")
    ]
    number = run.count.failed + run.count.errors
    if number:
        message = f"{counted(number, 'case')} of {len(run.cases)} failed"
        yield _gate_problem(message, "promptops test", failed)
    worse = run.gated("fail")
    if worse:
        message = f"{counted(len(worse), 'score')} worse than before"
        yield _gate_problem(message, "promptops test", _score_lines(worse))


def _score_lines(decisions: Sequence[Decided]) -> list[str]:
    return [f"{score.prompt}: {score.score}: {score.plain}" for score in decisions]


# Check that the tag names of a release are free, and suggest fixes.

_INVALID_TAG_NAME = lazy_pattern(
    r"^[-/]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|[./]$|(?:^|/)\.|\.lock(?:/|$)"
)
"""What `git check-ref-format` rejects; git would need one process per name."""


def name_problems(
    context: ReleaseContext, report: DiffReport, tags: Sequence[str]
) -> Iterator[ReleaseProblem]:
    """Problems with the tag names of a release: each must be free and valid in git."""
    refs = _ref_names(context.repository)
    folders = {ref[:at] for ref in refs for at, char in enumerate(ref) if char == "/"}
    own, *_ = tags
    known = {release.name: release for release in context.releases}
    for tag in tags:
        if tag == own and f"refs/tags/{tag}" in refs:
            yield _taken_name_problem(context, report, tag, known.get(tag))
            continue
        problem = _tag_name_problem(tag, refs, folders)
        if problem is not None:
            yield problem


def line_problems(
    context: ReleaseContext, report: DiffReport, declared: Declared, version: Version
) -> Iterator[ReleaseProblem]:
    """Problems with a version above a newer line of releases, whose readers would lose changes."""
    above = _outranked_version(context, version)
    if above is not None and not declared.reason.strip():
        name = context.names.write(above)
        message = f"{version} would be higher than {name!r}, which is not an ancestor of HEAD"
        hint = f"{_version_hint(context, report)}; or give the reason with --reason"
        yield ReleaseProblem(message=message, hint=hint)


def _ref_names(repository: Repository) -> set[str]:
    return set(decode(repository.git.run("for-each-ref", "--format=%(refname)")).splitlines())


def _taken_name_problem(
    context: ReleaseContext, report: DiffReport, tag: str, release: Release | None
) -> ReleaseProblem:
    repository, head = context.repository, context.workspace.revision
    if release is not None and not _is_behind(repository, release.commit, head):
        message = f"CHG901: {tag!r} exists already, and is not an ancestor of HEAD"
        if _is_behind(repository, release.commit, "@{upstream}"):
            return ReleaseProblem(message=message, hint="merge it first: git pull")
        if _is_behind(repository, head, release.commit):
            return ReleaseProblem(
                message=message, hint=f"merge it first: git merge --ff-only {tag}"
            )
        return ReleaseProblem(message=message, hint=_version_hint(context, report))
    message = f"CHG901: there is a tag {tag!r} already"
    return ReleaseProblem(message=message, hint=_version_hint(context, report))


def _is_behind(repository: Repository, commit: str, other: str) -> bool:
    return not repository.git.ask("merge-base", "--is-ancestor", commit, other).status


def _version_hint(context: ReleaseContext, report: DiffReport) -> str:
    """The version that fits the line of HEAD: the proved one, or its next patch."""
    if context.base is None:
        return "choose another version: --version"
    last = context.base.version
    proved, patch = last.after(report.bump), Version(last.major, last.minor, last.patch + 1)
    if report.bump and _is_free(context, proved):
        return f"the proved version is free: {proved}"
    if not _is_free(context, patch):
        return "merge the other line of releases first, or choose another version: --version"
    if report.bump <= Bump.PATCH:
        return f"the next free version of this line: --version {patch}"
    changes = [change for prompt in report.prompts for change in prompt.changes]
    firm = lowered(changes, Bump.PATCH, "because")
    if firm is None:
        return f"the next free version of this line: --version {patch} --reason TEXT"
    return f"only {patch} is free in this line, and the changes require more: leave them out of it"


def _is_free(context: ReleaseContext, version: Version) -> bool:
    there = f"refs/tags/{context.names.write(version)}" in _ref_names(context.repository)
    return not there and _outranked_version(context, version) is None


def _outranked_version(context: ReleaseContext, version: Version) -> Version | None:
    last = context.base.version if context.base else None
    return outranked(last, version, context.versions)


def _tag_name_problem(
    tag: str, refs: Collection[str], folders: Collection[str]
) -> ReleaseProblem | None:
    ref = f"refs/tags/{tag}"
    above = (ref[:at] for at, char in enumerate(ref) if char == "/")
    hint = "choose another version: --version"
    if _INVALID_TAG_NAME.search(tag):
        return ReleaseProblem(
            message=f"{tag!r} is not a valid tag name", hint="change `release.tag_format`"
        )
    if ref in refs:
        return ReleaseProblem(message=f"CHG901: there is a tag {tag!r} already", hint=hint)
    if f"refs/heads/{tag}" in refs:
        return ReleaseProblem(message=f"there is a branch {tag!r}", hint=f"rename it, or {hint}")
    if ref in folders or any(folder in refs for folder in above):
        return ReleaseProblem(
            message=f"git can't create the tag {tag!r} beside another tag", hint=hint
        )
    return None
