"""The bundle of a revision, or of a release with the record in its tag, and its files."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from promptops.bundles.contents import VersionOf, bundle_of
from promptops.errors import InputError, IntegrityError, UsageError, os_reason
from promptops.model.publication import BuiltFacts, Publication
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.release.tags import version_table
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.runtime.bundle.format import FORMAT, Contents, read_bundle
from promptops.storage.atomic import replace_whole
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
            content_sha256=origin.content,
            bundle_sha256=self.contents.digest,
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
    if tag.record.content_sha256 not in (None, content):
        found.append(
            f"the tag records the content {tag.record.content_sha256}, but its commit has {content}"
        )
    if tag.record.bundle_sha256 not in (None, bundle) and tag.record.bundle_format in (
        None,
        FORMAT,
    ):
        found.append(
            f"the tag records the bundle {tag.record.bundle_sha256}, but its commit builds {bundle}"
        )
    return found


def _every_but_drafts(version: str) -> VersionOf:
    return lambda prompt: None if prompt.status == "draft" else version


# Files that applications load: written atomically, compressed to the same bytes everywhere

_TEMPORARY_NAME = lazy_pattern(r"\..+\.(?:json|jsonl|jsonl\.sig)\.\d+")
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
"""A gzip header without name, time and system; Python's own header differs between versions."""


def gzipped(data: bytes) -> bytes:
    """The data in gzip format; one version of zlib always gives the same bytes."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return _GZIP_HEADER + pack.compress(data) + pack.flush() + tail


def write_artifact(file: Path, data: bytes, aside: Path | None = None) -> None:
    """Write a file atomically, or leave the existing one; raises InputError.

    A target that is not a regular file, such as a pipe, is written to directly.

    Args:
        aside: A folder for the temporary file, if it lies on the same file system; else, and by
            default, that file is beside the target, and stays there if this process is killed.
    """
    try:
        if _is_special(file):
            file.write_bytes(data)
        else:
            _replace_file(file.resolve(), data, aside)
    except OSError as error:
        raise InputError(f"can't be written: {os_reason(error)}", where=str(file)) from None


def write_new_artifact(file: Path, data: bytes, aside: Path | None = None) -> bool:
    """Write a new file; returns False if it exists already with the same content.

    `aside` is that of `write_artifact`. Raises InputError if the file has other content, because
    published files are immutable.
    """
    try:
        found = file.read_bytes() if os.path.lexists(file) else None
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=str(file)) from None
    if found is None:
        write_artifact(file, data, aside)
    elif found != data:
        hint = "a published file can't be changed: create another release"
        raise InputError("a file with other content exists already", where=str(file), hint=hint)
    return found is None


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed processes, in a folder and below it."""
    for root, _, names in os.walk(folder):
        for name in filter(_TEMPORARY_NAME.fullmatch, names):
            with suppress(OSError):
                Path(root, name).unlink()


def _replace_file(target: Path, data: bytes, aside: Path | None) -> None:
    name = f".{target.name}.{os.getpid()}"
    if aside is not None and aside.stat().st_dev == target.parent.stat().st_dev:
        try:
            replace_whole(target, data, aside / name)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:  # two mounts of one file system
                raise
    replace_whole(target, data, target.with_name(name))


def _is_special(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
