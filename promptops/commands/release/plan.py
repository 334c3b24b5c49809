"""The next release: its versions, changelog and digests, and what the remote lacks of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from promptops.bundles.build import bundle_of
from promptops.commands.diff import facts
from promptops.commands.diff.comparison import Sides
from promptops.commands.diff.diff import DiffOptions, diff
from promptops.commands.diff.facts import worst_first
from promptops.commands.release.tag_creation import missing_tags
from promptops.diff.changes import demanding, gate, lowered
from promptops.errors import GitError, InputError
from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.model.release import (
    PromptChange,
    Release,
    ReleasePlan,
    ReleaseProblem,
    ReleaseRecord,
    ReleaseReport,
)
from promptops.model.version import Bump, Version
from promptops.plurals import and_more, counted, some
from promptops.records import record, replace
from promptops.release.tags import (
    TagNames,
    VersionTable,
    read_record,
    release_records,
    releases,
    version_table,
    write_record,
)
from promptops.release.versions import (
    Declared,
    effective_bump,
    next_version,
    outranked,
    prompt_version,
)
from promptops.repo.interactive import act
from promptops.repo.process import decode
from promptops.repo.repository import Repository
from promptops.report.visible import visible
from promptops.runtime.bundle.format import FORMAT, read_bundle
from promptops.runtime.loading.source import shown
from promptops.workspace.preflight import shortened_list
from promptops.workspace.workspace import Workspace

BREAK_HINT = "only a waiver in the configuration, with a reason, lowers a breaking change"
FIRM_HINT = "leave out the option that lowers it"
REASON_HINT = "give the reason with --reason, or leave out the option that lowers it"


@record(frozen=True, slots=True, kw_only=True)
class ReleaseContext:
    """The state that a release is planned from.

    Attributes:
        releases: All releases, anywhere in history.
        base: The latest release that is an ancestor of HEAD; None before the first.
    """

    workspace: Workspace
    names: TagNames
    releases: tuple[Release, ...]
    base: Release | None

    @property
    def repository(self) -> Repository:
        return self.workspace.repository

    @property
    def versions(self) -> frozenset[Version]:
        """The versions of all releases of the repository."""
        return frozenset(release.version for release in self.releases)


def release_changes(sides: Sides) -> DiffReport:
    """The changes since the last release."""
    return diff(sides, DiffOptions())


def plan_release(
    context: ReleaseContext, report: DiffReport, declared: Declared, *, signed: bool
) -> ReleasePlan:
    """A release with what changed; raises InputError for a prompt that can't be built."""
    last = context.base.version if context.base else None
    version = next_version(last, report.bump, declared, context.versions)
    bump = effective_bump(last, report.bump, declared)
    has_reason = bump < report.bump or outranked(last, version, context.versions) is not None
    changes = tuple(_prompt_changes(context, report, version, bump))
    record = ReleaseRecord(
        tag=context.names.write(version),
        notes=notes(report),
        changes=changes,
        versions=_versions_after(context, changes, version),
        base=context.base.name if context.base else None,
        bump=bump,
        reason=" ".join(declared.reason.split()) if has_reason else "",
    )
    tags = release_tags(context, record)
    return ReleasePlan(
        version=version,
        commit=context.workspace.revision,
        record=_with_digests(context.workspace, record),
        required=report.bump,
        signed=signed,
        tags=tags,
        missing=tags,
    )


def version_problems(
    context: ReleaseContext, report: DiffReport, declared: Declared, version: Version
) -> Iterator[ReleaseProblem]:
    """The problems with a declared version or bump."""
    last = context.base.version if context.base else None
    found = gate(version, Bump.NONE, last)
    if found is not None:
        yield ReleaseProblem(message=f"{found.code}: {found.message}", hint="leave out --version")
        return
    bump = effective_bump(last, report.bump, declared)
    if last is None or version == last or bump >= report.bump:
        return  # a version in use is reported with its tag name
    changes = [change for prompt in report.prompts for change in prompt.changes]
    found = lowered(changes, bump, declared.reason)
    if found is not None:
        message = f"{found.code}: {found.message}"
        waivers = waiver_lines(context.repository, report.prompts, max(bump, Bump.MINOR))
        reasoned = lowered(changes, bump, "because") is None
        hint = REASON_HINT if reasoned else BREAK_HINT if waivers else FIRM_HINT
        details = waivers or shortened_list(demanding(report.prompts, bump))
        yield ReleaseProblem(message=message, hint=hint, details=details)


def release_tags(context: ReleaseContext, record: ReleaseRecord) -> tuple[str, ...]:
    """The names of all tags of a release: its own first, then those of prompts, if they get any."""
    if context.workspace.config.release.tags != "per-prompt":
        return (record.tag,)
    prompts = (
        context.names.write_of_prompt(change.prompt, change.after)
        for change in record.changes
        if change.after is not None
    )
    return (record.tag, *prompts)


def _prompt_changes(
    context: ReleaseContext, report: DiffReport, version: Version, bump: Bump
) -> Iterator[PromptChange]:
    """The change of each prompt whose version changes, by id."""
    released = _released_versions(context)
    taken = _taken_versions(context, [prompt.id for prompt in report.prompts])
    released_ids = _released_ids(context.workspace)
    for prompt in sorted(report.prompts, key=lambda found: found.id):
        is_new = prompt.state == "added"
        before = None if is_new else released.version(prompt.before_id or prompt.id)
        own = min(prompt.bump, bump)
        after = None
        if prompt.id in released_ids:
            after = prompt_version(before, own, version, taken.get(prompt.id, ()))
        if before != after:
            yield PromptChange(
                prompt=prompt.id, before=before, after=after, bump=own, codes=_codes(prompt)
            )


def _codes(prompt: PromptDiff) -> tuple[str, ...]:
    """The codes of changes that require a version, worst first."""
    return tuple(
        dict.fromkeys(change.code for change in worst_first(prompt.changes) if change.bump)
    )


def _released_versions(context: ReleaseContext) -> VersionTable:
    if context.base is None:
        return VersionTable({})
    return version_table(
        context.base, release_records(context.repository, (context.base,))[context.base.name]
    )


def _taken_versions(context: ReleaseContext, prompts: Sequence[str]) -> Mapping[str, set[Version]]:
    """The versions that prompts have in any release, on any line."""
    found: dict[str, set[Version]] = {name: set() for name in prompts}
    if prompts:
        for record in release_records(context.repository, context.releases).values():
            for name in found.keys() & record.versions.keys():
                found[name].add(record.versions[name])
    return found


def _released_ids(workspace: Workspace) -> frozenset[str]:
    """The prompts of a release: all except drafts."""
    loaded = (file.prompt for file in workspace.catalog.prompts())
    return frozenset(prompt.id for prompt in loaded if prompt and prompt.status != "draft")


def _versions_after(
    context: ReleaseContext, changes: Iterable[PromptChange], version: Version
) -> dict[str, Version]:
    """The versions of all prompts in the release; a new prompt gets the release's version."""
    released = _released_versions(context)
    after = {change.prompt: change.after for change in changes}
    found = {
        name: after.get(name) or released.version(name) for name in _released_ids(context.workspace)
    }
    return {name: own_version or version for name, own_version in sorted(found.items())}


def _with_digests(workspace: Workspace, record: ReleaseRecord) -> ReleaseRecord:
    """The record, with the digests of its bundle."""
    versions = {name: str(version) for name, version in record.versions.items()}
    data = bundle_of(workspace, release=record.tag, versions=versions, processes=0)
    contents = read_bundle(data, record.tag)
    built = replace(
        record,
        content_sha256=contents.origin.content,
        bundle_sha256=contents.digest,
        bundle_format=FORMAT,
    )
    if read_record(write_record(built)) != built:
        message = "the message of the tag could not be parsed again"
        raise InputError(message, hint="a prompt id must not contain white space: promptops lint")
    return built


# A waiver for each breaking change, to fill in.

MAX_WAIVERS_SHOWN = 5
WAIVER_PERIOD = timedelta(days=90)


def waiver_lines(
    repository: Repository, prompts: Sequence[PromptDiff], bump: Bump
) -> tuple[str, ...]:
    """A `[[diff.waivers]]` in TOML for each break above a bump, with an empty reason to fill in."""
    breaks = [(p, c) for p in prompts for c in p.changes if c.breaking and c.bump > bump]
    lines = [
        line for found in breaks[:MAX_WAIVERS_SHOWN] for line in _waiver_block(repository, *found)
    ]
    rest = len(breaks) - MAX_WAIVERS_SHOWN
    return (*lines, *((f"# and {counted(rest, 'more break')}",) if rest > 0 else ()))


def _waiver_block(repository: Repository, prompt: PromptDiff, change: Change) -> Iterator[str]:
    who = decode(repository.git.ask("config", "--get", "user.email").stdout).strip()
    expires = datetime.now(UTC).date() + WAIVER_PERIOD
    yield f"[[diff.waivers]]  # {prompt.id}: {change.code} {change.message}"
    yield f'fingerprint = "{change.fingerprint}"'
    yield 'reason = ""'
    yield f"who = {json.dumps(who, ensure_ascii=False)}"
    yield f"expires = {expires}"


# What is missing on a remote: earlier releases, and commits that were not reviewed there.

REMOTE_DEADLINE_S = 60.0
_REMOTE_BRANCHES = "refs/remotes/"


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
        refs = _remote_refs(context.repository, remote, interactive=interactive)
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
            message=message, hint=f"{hint}: {_push_command(context.repository, remote)}"
        )
        return replace(report, earlier=earlier, problems=(*report.problems, problem))
    return replace(report, earlier=earlier)


def next_command(repository: Repository, version: Version, commit: str) -> str:
    """The command that pushes an existing release from here; "" without a remote."""
    remote = default_remote(repository)
    if remote not in remote_names(repository):
        return ""
    push = (
        f"{_push_command(repository, remote)} && "
        if _missing_commits(repository, remote, (commit,), ())
        else ""
    )
    named = f" --version {version}" if version.pre else ""
    return f"{push}promptops release --yes{named} --push"


def _releases_by_promptops(context: ReleaseContext) -> tuple[Release, ...]:
    """The releases before HEAD that were created by promptops."""
    merged = releases(context.repository, context.names, merged=context.workspace.revision)
    tag_records = release_records(context.repository, merged)
    return tuple(
        release for release in merged if tag_records[release.name].content_sha256 is not None
    )


def _remote_refs(repository: Repository, remote: str, *, interactive: bool) -> Mapping[str, str]:
    """The branches and tags of a remote, with the ids of their objects."""
    answer = act(
        repository.git,
        *("ls-remote", "--heads", "--tags", "--refs", "--", remote),
        interactive=interactive,
        deadline_s=REMOTE_DEADLINE_S,
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
    return _missing_commits(repository, remote, commits, heads)


def _missing_commits(
    repository: Repository, remote: str, commits: Sequence[str], heads: Sequence[str]
) -> int:
    """How many commits are not on the upstream branch; without one, on no branch of the remote."""
    upstream = _upstream_branch(repository)
    there = [upstream] if upstream else [*_tracking_branches(repository, remote), *heads]
    arguments = ("--count", "--ignore-missing", *commits, "--not", *there)
    answer = repository.git.ask("rev-list", *arguments, "--")
    return 0 if answer.status else int(answer.stdout)


def _tracking_branches(repository: Repository, remote: str) -> list[str]:
    return [f"--remotes={remote}"] if remote in remote_names(repository) else []


def _upstream_branch(repository: Repository) -> str:
    """The upstream branch on a remote, or ""."""
    answer = repository.git.ask("rev-parse", "--symbolic-full-name", "@{upstream}")
    name = decode(answer.stdout).strip()
    return name if not answer.status and name.startswith(_REMOTE_BRANCHES) else ""


def _push_command(repository: Repository, remote: str) -> str:
    if _upstream_branch(repository):
        return "git push"
    branch = decode(repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout).strip()
    names = " ".join(map(shlex.quote, filter(None, (shown(remote), branch))))
    return f"git push --set-upstream {names}" if branch else f"git push {names} HEAD:BRANCH"


# The remotes of the repository.

ORIGIN = "origin"
_THIS_REPOSITORY = "."


def remote_names(repository: Repository) -> list[str]:
    """The names of the configured remotes."""
    return decode(repository.git.run("remote")).splitlines()


def default_remote(repository: Repository) -> str:
    """The remote of the branch, else the only remote, else `origin`."""
    branch = decode(repository.git.ask("symbolic-ref", "--quiet", "--short", "HEAD").stdout).strip()
    found = repository.git.ask("config", "--get", f"branch.{branch}.remote")
    tracked = decode(found.stdout).strip()
    known = remote_names(repository)
    if tracked and tracked != _THIS_REPOSITORY:
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


# The changelog of one release as plain text: the message of its tag.

SECTIONS = ("Breaking", "Added", "Removed", "Changed")
CHANGES_SHOWN = 5
"""The number of changes listed for one prompt; the others are counted."""
LINES_SHOWN = 50
"""The number of lines of one section; the others are counted."""
_NAMES_SHOWN = 3
_LONGEST = 200


def notes(report: DiffReport) -> str:
    """A paragraph for each kind of change; "" if no version bump is required."""
    found: dict[str, dict[str, list[str]]] = {section: {} for section in SECTIONS}
    for prompt in report.prompts:
        for section, text in _entries(prompt):
            found[section].setdefault(text, []).append(prompt.id)
    return "\n\n".join(
        "\n".join((f"{section}:", *_lines(entries)))
        for section, entries in found.items()
        if entries
    )


def _entries(prompt: PromptDiff) -> Iterator[tuple[str, str]]:
    """Section and text of each line; prompts with the same text share one."""
    if not prompt.bump:
        return
    if prompt.state in ("added", "removed"):
        yield ("Added" if prompt.state == "added" else "Removed"), ""
        return
    changes = [change for change in facts.worst_first(prompt.changes) if change.bump]
    for change in changes[:CHANGES_SHOWN]:
        yield ("Breaking" if change.breaking else "Changed"), _text(change)
    rest = len(changes) - CHANGES_SHOWN
    if rest > 0:
        yield "Changed", counted(rest, "more change")


def _text(change: Change) -> str:
    values = facts.values(change)
    what = change.message if values and not facts.are_short(values) else facts.risk(change)
    through = f", through {some(change.via, facts.NAMES_SHOWN)}" if change.via else ""
    waived = f"; waived: {change.waiver.reason}" if change.waiver else ""
    return visible(f"{what}{through}{waived} ({change.code})", _LONGEST)


def _lines(entries: dict[str, list[str]]) -> list[str]:
    lines = [line for text, prompts in entries.items() for line in _line(text, prompts)]
    rest = and_more(len(lines) - LINES_SHOWN)
    return [*lines[:LINES_SHOWN], *([f"- {rest}"] if rest else [])]


def _line(text: str, prompts: list[str]) -> list[str]:
    names = [visible(each) for each in prompts]
    if not text:
        return [f"- {name}" for name in names]
    return [f"- {some(names, _NAMES_SHOWN)}: {text}"]
