"""The bundle of a revision, or of a release with the record in its tag."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from promptops.bundles.artifacts import gzipped, write_artifact
from promptops.bundles.contents import VersionOf, bundle_of
from promptops.errors import IntegrityError, UsageError
from promptops.model.publication import BuiltFacts, Publication
from promptops.records import record
from promptops.release.tags import version_table
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.runtime.bundle.format import FORMAT, Contents, read_bundle
from promptops.tags.tag import ReleaseTag, release_tag
from promptops.workspace.workspace import workspace_at, workspace_with


@record(frozen=True, slots=True, kw_only=True)
class Built:
    """A bundle that was built.

    Attributes:
        tag: The tag of the release; None for a revision that is not a release.
    """

    data: bytes
    contents: Contents
    tag: ReleaseTag | None

    @property
    def facts(self) -> BuiltFacts:
        origin = self.contents.origin
        return BuiltFacts(
            release=origin.release,
            commit=origin.commit,
            content=origin.content,
            bundle=self.contents.digest,
            prompts=len(self.contents.prompts),
        )


def build(directory: Path, revision: str, overrides: Sequence[str] = ()) -> Built:
    """The bundle of a commit, or of a release by the name of its tag.

    Raises:
        UsageError: The revision is not a commit, or the configuration was overridden.
        InputError: A prompt can't be read.
        IntegrityError: The tag is misnamed, or its release differs from its record.
        GitError: There is no such revision.
    """
    if overrides:
        hint = "commit the change"
        raise UsageError("a bundle is built with the configuration in its commit", hint=hint)
    if revision in (INDEX, WORKTREE):
        hint = "name a commit, a branch or a tag"
        raise UsageError("a bundle is built from committed files", hint=hint)
    with Repository.open(directory) as repository:
        tag = release_tag(repository, revision)
        if tag is None:
            contents = read_bundle(revision_bundle(repository, revision), revision)
        else:
            contents = verified_bundle(repository, tag)
    return Built(data=contents.data, contents=contents, tag=tag)


def save_bundle(built: Built, directory: Path, file: Path, *, sign: bool) -> Publication:
    """Write a bundle to a file, compressed for `.gz`, and its signature beside it.

    Raises InputError if it can't be written. If signing fails, writes nothing and raises the error
    of `signing.signature_of`.
    """
    data = gzipped(built.data) if file.suffix == ".gz" else built.data
    signature, signature_file = b"", file.with_name(f"{file.name}.sig")
    if sign:
        from promptops.bundles.signing import signature_of

        with Repository.open(directory) as repository:
            signature = signature_of(data, repository.git)
    write_artifact(file, data)
    if sign:
        write_artifact(signature_file, signature)
    notes = (
        (f"{signature_file} is the signature of another file",)
        if not sign and signature_file.exists()
        else ()
    )
    files = (str(file), str(signature_file)) if sign else (str(file),)
    return Publication(built=built.facts, files=files, notes=notes)


def revision_bundle(repository: Repository, revision: str) -> bytes:
    """The bundle of a commit that is not a release: its prompts have no versions."""
    return bundle_of(workspace_at(repository, repository.resolve(revision)))


def release_bundle(repository: Repository, tag: ReleaseTag) -> bytes:
    """The bundle of a release, without comparing it with the record in its tag.

    In a release tagged by hand all prompts have its version. A draft is included without a version.

    Raises IntegrityError for a misnamed tag.
    """
    release = tag.release
    workspace = workspace_with(repository, release.commit, tag.config)
    recorded = version_table(release, tag.record)
    texts = {name: str(version) for name, version in recorded.versions.items()}
    versions = texts if recorded.every is None else _every_but_drafts(str(recorded.every))
    return bundle_of(workspace, release=release.name, versions=versions)


def verified_bundle(repository: Repository, tag: ReleaseTag) -> Contents:
    """The bundle of a release; raises IntegrityError if the record in the tag differs."""
    data = release_bundle(repository, tag)
    contents = read_bundle(data, tag.name)
    for problem in record_differences(tag, contents):
        hint = f"`promptops verify {tag.name}` shows the details"
        raise IntegrityError(problem, where=tag.name, hint=hint)
    return contents


def record_differences(tag: ReleaseTag, contents: Contents) -> list[str]:
    """Differences between a bundle and the record in its tag; none for another bundle format."""
    found = []
    content, bundle = contents.origin.content, contents.digest
    if tag.record.content not in (None, content):
        found.append(
            f"the tag records the content {tag.record.content}, but its commit has {content}"
        )
    if tag.record.bundle not in (None, bundle) and tag.record.bundle_format in (None, FORMAT):
        found.append(
            f"the tag records the bundle {tag.record.bundle}, but its commit builds {bundle}"
        )
    return found


def _every_but_drafts(version: str) -> VersionOf:
    return lambda prompt: None if prompt.status == "draft" else version
