"""Releases and channels of a repository, on this machine or behind an address."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from promptops.errors import IntegrityError, NotFound, UsageError
from promptops.jobs.bundles.build import record_differences, revision_bundle, verified_bundle
from promptops.jobs.tags.signature import names_bundle, proof_of, signer_of
from promptops.jobs.tags.tag import PREFIX, ReleaseTag, release_tag
from promptops.jobs.workspace.default_branch import default_branch
from promptops.jobs.workspace.workspace import CHANNELS, configuration
from promptops.loading.git_cache import BRANCH, REVISION, Remote, WantedCommit
from promptops.model.config import ReleaseSettings
from promptops.model.version import Version
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.release.channels import channel_entries
from promptops.release.tag_format import TagNames
from promptops.release.tags import releases
from promptops.repo.process import foreign_environment
from promptops.repo.repository import Repository
from promptops.repo.revisions import OBJECT_ID
from promptops.runtime.loading.cache import BundleCache, cache_folder
from promptops.runtime.loading.source import shown

SCHEMES = ("git+https://", "git+ssh://", "git+file://")
_ODD = lazy_pattern(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock$")
"""Characters that no ref name may contain; some have another meaning for git."""


@record(frozen=True, slots=True, kw_only=True)
class ReleasedBundle:
    """The bundle of a release.

    Attributes:
        proof: The tag object, if it is signed and names the bundle; None without a trust store.
    """

    data: bytes
    proof: bytes | None = None


class GitSource(Protocol):
    """A repository as a source; errors are those of `runtime.loading.source.Source`."""

    def releases(self) -> Mapping[str, Version]:
        """The versions of releases, by the name of their annotated tag."""

    def channels(self) -> Mapping[str, Any]:
        """The entries of the default branch's `channels.yaml`; empty without the file."""

    def bundle(
        self, tag: str, trust: Path | None, version: Version | None = None
    ) -> ReleasedBundle:
        """The bundle of a release.

        With `trust`, one of the allowed signers must have signed its tag. With `version`, the
        configuration in its commit must give the tag that version.
        """

    def revision(self, revision: str) -> bytes:
        """The bundle of a commit, a branch, or a tag that is not a release."""


def open_source(where: str, *, offline: bool, deadline_s: float) -> GitSource:
    """A repository by its path or address; nothing is read yet.

    Args:
        offline: Call no remote repository; use only the cache.
        deadline_s: The limit for all calls to a remote repository.

    Raises UsageError for another kind of address.
    """
    if "://" not in where:
        return _LocalRepository(Path(where))
    if not where.startswith(SCHEMES):
        hint = f"one of {', '.join(SCHEMES)}"
        raise UsageError("not the address of a repository", where=shown(where), hint=hint)
    url = where.removeprefix("git+")
    return _RemoteRepository(url, Remote(url, time.monotonic() + deadline_s, offline=offline))


class _LocalRepository:
    """A local repository, read from its object database; nothing is checked out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def releases(self) -> Mapping[str, Version]:
        with self._open() as repository:
            return {
                release.name: release.version
                for release in releases(repository, _names(repository))
            }

    def channels(self) -> Mapping[str, Any]:
        with self._open() as repository:
            return _channels(repository)

    def bundle(
        self, tag: str, trust: Path | None, version: Version | None = None
    ) -> ReleasedBundle:
        with self._open() as repository:
            return _release(repository, tag, trust, version)

    def revision(self, revision: str) -> bytes:
        with self._open() as repository:
            return revision_bundle(repository, revision)

    def _open(self) -> Repository:
        return Repository.open(self._folder, foreign_environment())


class _RemoteRepository:
    """A remote repository: single commits are fetched when needed, without their history."""

    def __init__(self, url: str, remote: Remote) -> None:
        self._url = url
        self._remote = remote
        self._cache = BundleCache(cache_folder())
        self._found: Mapping[str, str] | None = None

    def releases(self) -> Mapping[str, Version]:
        with self._default() as repository:
            names = _names(repository) if repository else TagNames(ReleaseSettings().tag_format)
        tags = [ref.removeprefix(PREFIX) for ref in self._refs if ref.startswith(PREFIX)]
        found = {tag: names.read(tag) for tag in tags if f"{PREFIX}{tag}^{{}}" in self._refs}
        return {tag: version for tag, version in found.items() if version is not None}

    def channels(self) -> Mapping[str, Any]:
        with self._default() as repository:
            return _channels(repository) if repository else {}

    def bundle(
        self, tag: str, trust: Path | None, version: Version | None = None
    ) -> ReleasedBundle:
        name, identity = f"{PREFIX}{tag}", self._id(tag)
        with self._remote.fetched(WantedCommit(name, identity, name)) as repository:
            found = _release(repository, tag, trust, version)
            if trust is not None and found.proof is None:
                _refuse_forged_objects(repository)
        # Only after verification: a rejected tag must not be cached.
        self._cache.keep_pointer({"id": identity}, "tag", self._url, tag)
        return found

    def revision(self, revision: str) -> bytes:
        if OBJECT_ID.fullmatch(revision):
            wanted = WantedCommit(revision, revision, REVISION)
        else:
            names = ("HEAD",) if revision == "HEAD" else _full_names(revision)
            refs = self._remote.refs(*names)
            found = next((name for name in names if name in refs), None)
            if found is None:
                raise NotFound(f"there is no branch or tag {revision!r}", where=shown(self._url))
            wanted = WantedCommit(found, refs[found], REVISION)
        with self._remote.fetched(wanted) as repository:
            return revision_bundle(repository, REVISION)

    def _id(self, tag: str) -> str:
        """The id of the tag object. A release tag is immutable, so a cached id stays valid."""
        known = (self._cache.pointer("tag", self._url, tag) or {}).get("id")
        if isinstance(known, str) and OBJECT_ID.fullmatch(known):
            return known
        full = f"{PREFIX}{tag}"
        if _ODD.search(tag) or full not in (refs := self._remote.refs(full)):
            raise NotFound(f"there is no tag {tag!r}", where=shown(self._url))
        return refs[full]

    @property
    def _refs(self) -> Mapping[str, str]:
        """Not a `cached_property`: until Python 3.12 it takes a lock that all instances share."""
        if self._found is None:
            self._found = self._remote.refs("HEAD", f"{PREFIX}*")
        return self._found

    @contextmanager
    def _default(self) -> Iterator[Repository | None]:
        """The default branch; None before the first commit."""
        head = self._refs.get("HEAD")
        if head is None:
            yield None
            return
        with self._remote.fetched(WantedCommit("HEAD", head, BRANCH)) as repository:
            yield repository


def _full_names(revision: str) -> tuple[str, ...]:
    if _ODD.search(revision):
        raise UsageError(f"{revision!r} is not a branch, a tag or a full commit id")
    return (
        (revision,)
        if revision.startswith("refs/")
        else (
            f"refs/heads/{revision}",
            f"{PREFIX}{revision}",
        )
    )


def _names(repository: Repository) -> TagNames:
    branch = default_branch(repository)
    settings = configuration(repository, branch).release if branch else ReleaseSettings()
    return TagNames(settings.tag_format)


def _channels(repository: Repository) -> Mapping[str, Any]:
    branch = default_branch(repository)
    tree = repository.tree(branch, under=(CHANNELS,)) if branch is not None else None
    data = tree.read((CHANNELS,)).get(CHANNELS) if tree is not None else None
    return channel_entries(data or b"")


def _refuse_forged_objects(repository: Repository) -> None:
    """Raise IntegrityError for an object whose content does not match its id.

    Git trusts objects on disk. A tag that names no bundle gives no other way to detect a change.
    """
    answer = repository.git.ask("fsck", "--no-dangling", "--no-progress", "--no-reflogs")
    if answer.status:
        hint = f"remove it, and load again: rm -r {repository.git_dir}"
        raise IntegrityError(
            "the cached repository is damaged", where=str(repository.root), hint=hint
        )


def _release(
    repository: Repository, name: str, trust: Path | None, version: Version | None
) -> ReleasedBundle:
    """The bundle of a release: built once, then cached; its signature is verified each time.

    With `trust`, a cached bundle is used only if the signed tag names it.
    """
    tag = release_tag(repository, name)
    if tag is None:
        hint = "a release is an annotated tag, named as in `release.tag_format`"
        raise NotFound(f"there is no release {name!r}", where=str(repository.root), hint=hint)
    release = tag.release
    if version not in (None, tag.version):
        message = f"the tag {name!r} is that of version {tag.version}, not of {version}"
        raise IntegrityError(message, where=name)
    if trust is not None:
        signer_of(tag, repository.git, trust)
    cache, key = BundleCache(cache_folder()), ("built", release.name, release.tag)
    data = _cached(cache, key, tag) if trust is None or names_bundle(tag) else None
    if data is None:
        data = verified_bundle(repository, tag).data
        _keep(cache, key, data)
    return ReleasedBundle(data=data, proof=proof_of(repository, tag) if trust is not None else None)


def _cached(cache: BundleCache, key: tuple[str, ...], tag: ReleaseTag) -> bytes | None:
    """The cached bundle, unless it differs from the tag: then a faulty version built it."""
    digest = (cache.pointer(*key) or {}).get("bundle")
    contents = cache.bundle(digest) if isinstance(digest, str) else None
    return contents.data if contents is not None and not record_differences(tag, contents) else None


def _keep(cache: BundleCache, key: tuple[str, ...], data: bytes) -> None:
    from promptops.runtime.bundle.format import read_bundle

    digest = read_bundle(data, key[1]).digest
    cache.keep_bundle(digest, data)
    cache.keep_pointer({"bundle": digest}, *key)
