"""Check that the tag names of a release are free, and suggest fixes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from promptops.diff.gate import lowered
from promptops.jobs.release.plan import ReleaseContext
from promptops.model.bump import Bump
from promptops.model.change import DiffReport
from promptops.model.release import Release, ReleaseProblem
from promptops.model.version import Version
from promptops.patterns import lazy_pattern
from promptops.release.versions import Declared, outranked
from promptops.repo.process import decode
from promptops.repo.repository import Repository

_NO_NAME = lazy_pattern(r"^[-/]|[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|[./]$|(?:^|/)\.|\.lock(?:/|$)")
"""What `git check-ref-format` rejects; git would need one process per name."""


def name_problems(
    context: ReleaseContext, report: DiffReport, tags: Sequence[str]
) -> Iterator[ReleaseProblem]:
    """Problems with the tag names of a release: each must be free and valid in git."""
    refs = _refs(context.repository)
    folders = {ref[:at] for ref in refs for at, char in enumerate(ref) if char == "/"}
    own, *_ = tags
    known = {release.name: release for release in context.releases}
    for tag in tags:
        if tag == own and f"refs/tags/{tag}" in refs:
            yield _taken_name_problem(context, report, tag, known.get(tag))
            continue
        problem = _misfit(tag, refs, folders)
        if problem is not None:
            yield problem


def line_problems(
    context: ReleaseContext, report: DiffReport, declared: Declared, version: Version
) -> Iterator[ReleaseProblem]:
    """Problems with a version above a newer line of releases, whose readers would lose changes."""
    above = _outranked(context, version)
    if above is not None and not declared.reason.strip():
        name = context.names.write(above)
        message = f"{version} would be higher than {name!r}, which is not an ancestor of HEAD"
        hint = f"{_version_hint(context, report)}; or give the reason with --reason"
        yield ReleaseProblem(message=message, hint=hint)


def _refs(repository: Repository) -> set[str]:
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
    there = f"refs/tags/{context.names.write(version)}" in _refs(context.repository)
    return not there and _outranked(context, version) is None


def _outranked(context: ReleaseContext, version: Version) -> Version | None:
    last = context.base.version if context.base else None
    return outranked(last, version, context.versions)


def _misfit(tag: str, refs: Collection[str], folders: Collection[str]) -> ReleaseProblem | None:
    ref = f"refs/tags/{tag}"
    above = (ref[:at] for at, char in enumerate(ref) if char == "/")
    hint = "choose another version: --version"
    if _NO_NAME.search(tag):
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
