"""Load bundles from git repositories: releases and channels, and the prompts of a work tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import monotonic
from typing import Any

from promptops.bundles.build import bundle_of, record_differences, revision_bundle, verified_bundle
from promptops.errors import (
    GitError,
    InputError,
    IntegrityError,
    NotFound,
    TransportError,
    UsageError,
    os_reason,
)
from promptops.model.config import CHANNELS_FILE, ReleaseSettings
from promptops.model.version import Version
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.release.channels import channel_entries
from promptops.release.tags import TagNames, releases
from promptops.repo.default_branch import default_branch
from promptops.repo.interactive import act
from promptops.repo.process import Git, ProcessOutput, decode, foreign_environment
from promptops.repo.repository import WORKTREE, Repository
from promptops.repo.revisions import OBJECT_ID
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import Contents, read_bundle
from promptops.runtime.loading.bundle_file import make_private_folder, read_private, why_not_private
from promptops.runtime.loading.cache import BundleCache, cache_folder
from promptops.runtime.loading.site import CANARY_HINT, MISSHAPEN, CanaryRefused, pointer_of
from promptops.runtime.loading.snapshots import named_source, opened
from promptops.runtime.loading.source import Delivery, Listed, Pointer, checked, shown, wrong_name
from promptops.runtime.loading.trust import Trust
from promptops.runtime.template.limits import ENTRIES_OF_A_SERVICE, limit_entries
from promptops.storage.atomic import PART, part_of
from promptops.storage.eviction import all_but_newest, is_abandoned, statuses
from promptops.tags import (
    TAG_PREFIX,
    ReleaseTag,
    names_bundle,
    proof_of,
    release_tag,
    signer_of,
    verify_proof,
)
from promptops.workspace.diagnosis import Diagnosis
from promptops.workspace.workspace import configuration, managed_paths, workspace_at


class GitReleases:
    """The releases and channels of a local or remote repository."""

    def __init__(self, where: str, *, offline: bool) -> None:
        self.where = where
        self.remote = "://" in where
        self._offline = offline
        self._opened: tuple[float, _LocalRepository | _RemoteRepository] | None = None

    def releases(self, until: float) -> Mapping[str, Listed]:
        found = self._source(until).releases()
        return {
            tag: Listed(release=tag, version=version, digest=None) for tag, version in found.items()
        }

    def channel(self, name: str, until: float) -> Pointer | None:
        try:
            entry = self._source(until).channels().get(name)
        except IntegrityError:
            raise
        except InputError as error:
            raise IntegrityError(error.message, where=shown(self.where), hint=error.hint) from None
        if entry is None:
            return None
        try:
            return pointer_of(entry)
        except CanaryRefused as error:
            where = f"{shown(self.where)}: {CHANNELS_FILE}: {name}"
            raise IntegrityError(str(error), where=where, hint=CANARY_HINT) from None
        except MISSHAPEN:
            message = f"`{CHANNELS_FILE}` names no release for the channel {name!r}"
            hint = f"set it in that repository: promptops promote TAG {name}"
            raise IntegrityError(message, where=shown(self.where), hint=hint) from None

    def channels(self, until: float) -> tuple[str, ...]:
        return tuple(self._source(until).channels())

    def bundle(self, listed: Listed, trust: Trust | None, until: float) -> Delivery:
        file = trust.file if trust is not None else None
        found = self._source(until).bundle(listed.release or "", file, listed.version)
        return Delivery(contents=checked(found.data, shown(self.where)), proof=found.proof)

    def prove(self, cached: Delivery, trust: Trust, until: float) -> None:
        if cached.proof is None:
            hint = "remove the cached bundle, and load the release again from its repository"
            raise IntegrityError(
                "the cache has no signed tag for the bundle", where=shown(self.where), hint=hint
            )
        verify_proof(cached.proof, cached.contents, trust.file)

    def revision(self, revision: str, until: float) -> Contents:
        return checked(self._source(until).revision(revision), shown(self.where))

    def _source(self, until: float) -> _LocalRepository | _RemoteRepository:
        """The source for all calls with the same deadline."""
        if self._opened is None or self._opened[0] != until:
            left_s = until - monotonic()
            source = open_source(self.where, offline=self._offline, deadline_s=left_s)
            self._opened = until, source
        return self._opened[1]


# Repositories on this machine or behind an address

SCHEMES = ("git+https://", "git+ssh://", "git+file://")
_NOT_A_REF_NAME = lazy_pattern(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock$")
"""Characters that no ref name may contain; some have another meaning for git."""


@record(frozen=True, slots=True, kw_only=True)
class ReleasedBundle:
    """The bundle of a release.

    Attributes:
        proof: The tag object, if it is signed and names the bundle; None without a trust store.
    """

    data: bytes
    proof: bytes | None = None


def open_source(
    where: str, *, offline: bool, deadline_s: float
) -> _LocalRepository | _RemoteRepository:
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
    return _RemoteRepository(url, Remote(url, monotonic() + deadline_s, offline=offline))


class _LocalRepository:
    """A local repository, read from its object database; nothing is checked out.

    Errors are those of `runtime.loading.source.BundleSource`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def releases(self) -> Mapping[str, Version]:
        """The versions of releases, by the name of their annotated tag."""
        with self._open() as repository:
            return {
                release.name: release.version
                for release in releases(repository, _tag_names(repository))
            }

    def channels(self) -> Mapping[str, Any]:
        """The entries of the default branch's `channels.yaml`; empty without the file."""
        with self._open() as repository:
            return _channels(repository)

    def bundle(
        self, tag: str, trust: Path | None, version: Version | None = None
    ) -> ReleasedBundle:
        """The bundle of a release.

        With `trust`, one of the allowed signers must have signed its tag. With `version`, the
        configuration in its commit must give the tag that version.
        """
        with self._open() as repository:
            return _released_bundle(repository, tag, trust, version)

    def revision(self, revision: str) -> bytes:
        """The bundle of a commit, a branch, or a tag that is not a release."""
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
        with self._default_branch() as repository:
            names = _tag_names(repository) if repository else TagNames(ReleaseSettings().tag_format)
        tags = [ref.removeprefix(TAG_PREFIX) for ref in self._refs if ref.startswith(TAG_PREFIX)]
        found = {tag: names.read(tag) for tag in tags if f"{TAG_PREFIX}{tag}^{{}}" in self._refs}
        return {tag: version for tag, version in found.items() if version is not None}

    def channels(self) -> Mapping[str, Any]:
        with self._default_branch() as repository:
            return _channels(repository) if repository else {}

    def bundle(
        self, tag: str, trust: Path | None, version: Version | None = None
    ) -> ReleasedBundle:
        name, identity = f"{TAG_PREFIX}{tag}", self._tag_id(tag)
        with self._remote.fetched(WantedCommit(name, identity, name)) as repository:
            found = _released_bundle(repository, tag, trust, version)
            if trust is not None and found.proof is None:
                _refuse_forged_objects(repository)
        # Only after verification: a rejected tag must not be cached.
        self._cache.keep_pointer({"id": identity}, "tag", self._url, tag)
        return found

    def revision(self, revision: str) -> bytes:
        if OBJECT_ID.fullmatch(revision):
            wanted = WantedCommit(revision, revision, FETCHED_REVISION)
        else:
            names = ("HEAD",) if revision == "HEAD" else _full_names(revision)
            refs = self._remote.refs(*names)
            found = next((name for name in names if name in refs), None)
            if found is None:
                raise NotFound(f"there is no branch or tag {revision!r}", where=shown(self._url))
            wanted = WantedCommit(found, refs[found], FETCHED_REVISION)
        with self._remote.fetched(wanted) as repository:
            return revision_bundle(repository, FETCHED_REVISION)

    def _tag_id(self, tag: str) -> str:
        """The id of the tag object. A release tag is immutable, so a cached id stays valid."""
        known = (self._cache.pointer("tag", self._url, tag) or {}).get("id")
        if isinstance(known, str) and OBJECT_ID.fullmatch(known):
            return known
        full = f"{TAG_PREFIX}{tag}"
        if _NOT_A_REF_NAME.search(tag) or full not in (refs := self._remote.refs(full)):
            raise NotFound(f"there is no tag {tag!r}", where=shown(self._url))
        return refs[full]

    @property
    def _refs(self) -> Mapping[str, str]:
        """Not a `cached_property`: until Python 3.12 it takes a lock that all instances share."""
        if self._found is None:
            self._found = self._remote.refs("HEAD", f"{TAG_PREFIX}*")
        return self._found

    @contextmanager
    def _default_branch(self) -> Iterator[Repository | None]:
        """The default branch; None before the first commit."""
        head = self._refs.get("HEAD")
        if head is None:
            yield None
            return
        with self._remote.fetched(WantedCommit("HEAD", head, FETCHED_BRANCH)) as repository:
            yield repository


def _full_names(revision: str) -> tuple[str, ...]:
    if _NOT_A_REF_NAME.search(revision):
        raise UsageError(f"{revision!r} is not a branch, a tag or a full commit id")
    if revision.startswith("refs/"):
        return (revision,)
    return f"refs/heads/{revision}", f"{TAG_PREFIX}{revision}"


def _tag_names(repository: Repository) -> TagNames:
    branch = default_branch(repository)
    settings = configuration(repository, branch).release if branch else ReleaseSettings()
    return TagNames(settings.tag_format)


def _channels(repository: Repository) -> Mapping[str, Any]:
    branch = default_branch(repository)
    tree = repository.tree(branch, under=(CHANNELS_FILE,)) if branch is not None else None
    data = tree.read((CHANNELS_FILE,)).get(CHANNELS_FILE) if tree is not None else None
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


def _released_bundle(
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
    data = _cached_bundle(cache, key, tag) if trust is None or names_bundle(tag) else None
    if data is None:
        data = verified_bundle(repository, tag).data
        _keep_built(cache, key, data)
    return ReleasedBundle(data=data, proof=proof_of(repository, tag) if trust is not None else None)


def _cached_bundle(cache: BundleCache, key: tuple[str, ...], tag: ReleaseTag) -> bytes | None:
    """The cached bundle, unless it differs from the tag: then a faulty version built it."""
    digest = (cache.pointer(*key) or {}).get("bundle")
    contents = cache.bundle(digest) if isinstance(digest, str) else None
    return contents.data if contents is not None and not record_differences(tag, contents) else None


def _keep_built(cache: BundleCache, key: tuple[str, ...], data: bytes) -> None:
    digest = read_bundle(data, key[1]).digest
    cache.keep_bundle(digest, data)
    cache.keep_pointer({"bundle": digest}, *key)


# A cache of fetched bare repositories with one commit each, by content
#
# A cached commit is never fetched again, and processes don't wait for each other: a repository is
# fetched to a temporary folder and moved into place.

MAX_CACHED_REPOSITORIES = 16
FETCHED_BRANCH = "refs/heads/fetched"
FETCHED_REVISION = "refs/promptops/fetched"
"""The ref for objects that need not be commits, such as tags."""
_LONGEST_CALL_S = 3600.0
_REPOSITORY_FILES = {"HEAD", "config", "objects", "refs", "packed-refs", "shallow"}
_ABSENT_MESSAGES = ("not found", "does not appear to be a git repository", "does not exist")
_QUIET_GIT = (
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
)


@record(frozen=True, slots=True)
class WantedCommit:
    """One ref, or one commit, of a remote repository.

    Attributes:
        source: The ref or id in the remote repository.
        id: The id of the object.
        kept: The ref in the cached repository.
    """

    source: str
    id: str
    kept: str


class Remote:
    """A repository at an address. All calls end by `until`, as `time.monotonic` counts.

    Its methods raise NotFound if there is no repository, TransportError if it does not answer.
    """

    def __init__(self, url: str, until: float, *, offline: bool) -> None:
        self._url = url
        self._until = until
        self._offline = offline

    def refs(self, *patterns: str) -> dict[str, str]:
        """The ids of objects by the full name of their ref; `NAME^{}` is the commit of a tag."""
        root = Path(os.sep)  # no local repository whose settings could apply
        answer = self._ask(root, "ls-remote", "--quiet", "--", self._url, *patterns)
        rows = (line.split("\t") for line in decode(answer.stdout).splitlines())
        return {row[1]: row[0] for row in rows if len(row) == 2}

    @contextmanager
    def fetched(self, wanted: WantedCommit) -> Iterator[Repository]:
        """A repository that contains the commit, without its history."""
        cache = cache_folder()
        place = cache / "git" / _cache_name(wanted) if cache is not None else None
        if place is not None and _is_whole(place, wanted):
            with suppress(OSError):
                os.utime(place)
        elif place is None or not self._keep(wanted, place):
            with self._scratch() as folder:
                self._fetch(wanted, folder)
                with Repository.open(folder, _environment()) as repository:
                    yield repository
            return
        with Repository.open(place, _environment()) as repository:
            yield repository

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        try:
            temporary = TemporaryDirectory(prefix="promptops-", ignore_cleanup_errors=True)
        except OSError as error:
            message = f"it can't be stored: {os_reason(error)}"
            raise TransportError(message, where=shown(self._url)) from None
        with temporary as folder:
            yield Path(folder)

    def _keep(self, wanted: WantedCommit, place: Path) -> bool:
        """Fetch a commit into the cache; False if the cache can't be written."""
        part = part_of(place)
        try:
            make_private_folder(part)
        except OSError:
            return False
        try:
            self._fetch(wanted, part)
            if not _moved_into(part, place) and not _is_whole(place, wanted):
                _remove_damaged(place)
                _moved_into(part, place)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        _forget_old(place)
        return place.is_dir()

    def _fetch(self, wanted: WantedCommit, folder: Path) -> None:
        kind = "sha256" if len(wanted.id) == 64 else "sha1"
        branch = FETCHED_BRANCH.removeprefix("refs/heads/")
        form = (f"--object-format={kind}", f"--initial-branch={branch}")
        Git(folder, _environment()).run("init", "--quiet", "--bare", "--template=", *form)
        (folder / "config").write_bytes(_git_config(wanted))
        how = ("--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head")
        refspec = f"{wanted.source}:{wanted.kept}"
        self._ask(folder, "fetch", *how, "--", self._url, refspec)
        found = decode(Git(folder, _environment()).run("rev-parse", wanted.kept)).strip()
        if found != wanted.id:
            raise self._moved_error(wanted)

    def _moved_error(self, wanted: WantedCommit) -> IntegrityError | TransportError:
        where = shown(self._url)
        if wanted.kept in (FETCHED_BRANCH, FETCHED_REVISION):
            return TransportError(f"{wanted.source!r} changed while it was loaded", where=where)
        hint = "a release tag is immutable: find out who moved the tag"
        return IntegrityError(f"{wanted.source!r} has changed", where=where, hint=hint)

    def _ask(self, folder: Path, *arguments: str) -> ProcessOutput:
        where = shown(self._url)
        if self._offline:
            hint = "load it once with network access"
            raise TransportError("PROMPTOPS_OFFLINE is set", where=where, hint=hint)
        left_s = min(self._until - monotonic(), _LONGEST_CALL_S)
        if left_s <= 0:
            raise TransportError("there is no answer in time", where=where)
        git = Git(folder, _environment())
        try:
            answer = act(git, *_QUIET_GIT, *arguments, interactive=False, deadline_s=left_s)
        except GitError:
            if monotonic() < self._until:
                raise
            raise TransportError("there is no answer in time", where=where) from None
        except OSError as error:
            message = f"git can't be run: {os_reason(error)}"
            raise TransportError(message, where=where) from None
        if answer.status:
            raise self._failed(shown(git.error(answer).message))
        return answer

    def _failed(self, message: str) -> NotFound | TransportError:
        where = shown(self._url)
        if any(words in message for words in _ABSENT_MESSAGES):
            return NotFound("there is no such repository", where=where)
        return TransportError(f"git could not reach it: {message}", where=where)


def _moved_into(part: Path, place: Path) -> bool:
    """Whether the rename worked; False if the place is taken, by another process or damaged.

    Nothing is removed first, because another process may use it already.
    """
    try:
        part.rename(place)
    except OSError:
        return False
    return True


def _remove_damaged(place: Path) -> None:
    """Rename the repository in one step, then remove it."""
    aside = part_of(place)
    with suppress(OSError):
        place.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _is_whole(place: Path, wanted: WantedCommit) -> bool:
    """Whether the repository is complete and unchanged since it was fetched."""
    if not place.is_dir() or place.is_symlink() or not _is_plain(place, wanted):
        return False
    environment = {**_environment(), "GIT_DIR": str(place)}  # not a repository around the folder
    git = Git(place, environment)
    found = decode(git.ask("rev-parse", "--verify", "--quiet", wanted.kept).stdout).strip()
    whole = git.ask("rev-list", "--objects", "--quiet", "--end-of-options", wanted.kept)
    return found == wanted.id and whole.status == 0


def _is_plain(place: Path, wanted: WantedCommit) -> bool:
    """Whether it contains only data: settings and hooks of a repository can run programs."""
    try:
        names = {path.name for path in place.iterdir()}
    except OSError:
        return False
    config = read_private(place / "config", 4096)
    return (
        why_not_private(place) is None
        and names <= _REPOSITORY_FILES
        and config == _git_config(wanted)
    )


def _git_config(wanted: WantedCommit) -> bytes:
    """The whole configuration of a cached repository."""
    if len(wanted.id) == 64:
        return b"[core]\n\trepositoryformatversion = 1\n\tbare = true\n" + (
            b"[extensions]\n\tobjectformat = sha256\n"
        )
    return b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"


def _environment() -> dict[str, str]:
    """An environment in which git prompts for nothing and uses no protocol that runs programs."""
    inherited = foreign_environment()
    batch = {} if "GIT_SSH" in inherited else {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    return {**batch, **inherited, "GIT_ALLOW_PROTOCOL": "https:ssh:file"}


def _cache_name(wanted: WantedCommit) -> str:
    return sha256(f"{wanted.kept}\0{wanted.id}".encode("utf-8", "surrogateescape")).hexdigest()


def _forget_old(spared: Path) -> None:
    """Remove all but the most recently used repositories, and leftovers of dead processes."""
    with suppress(OSError):
        found = statuses(path for path in spared.parent.iterdir() if path != spared)
        whole = [stored for stored in found if not stored[0].name.endswith(PART)]
        abandoned = [path for path, status in found if is_abandoned(path, status)]
        for path in (*all_but_newest(whole, MAX_CACHED_REPOSITORIES - 1), *abandoned):
            shutil.rmtree(path, ignore_errors=True)


# The current prompts of a work tree, for an application in development.

_FileState = tuple[str, int, int]


class LiveTree:
    """Reads the work tree again if a file changed since the last call."""

    ready = False

    def __init__(self, folder: Path) -> None:
        limit_entries(ENTRIES_OF_A_SERVICE)
        self._folder = folder.absolute()
        self._roots: tuple[Path, ...] = ()
        self._states: tuple[_FileState, ...] = ()
        self._bundle: Bundle | None = None
        self._lock = Lock()

    def get(self, refresh_s: float, timeout_s: float) -> Bundle:
        """The bundle, built again if a file changed.

        Raises InputError if a prompt can't be read, GitError if there is no repository.
        """
        with self._lock:
            bundle = self._bundle
            if bundle is None or self._states != tuple(_file_states(self._roots)):
                bundle = self._bundle = self._build()
            return bundle

    def forked(self) -> None:
        self._lock = Lock()

    def _build(self) -> Bundle:
        self._bundle = None
        with self._open() as repository:
            found = workspace_at(repository, WORKTREE)
            self._roots = tuple(repository.root / path for path in managed_paths(found.config))
            # Later changes are found in the next call.
            self._states = tuple(_file_states(self._roots))
            if repository.find("HEAD") is not None:
                found = replace(found, revision="HEAD")  # the commit that it is based on
            data = bundle_of(found)
        where = str(self._folder)
        return Bundle(read_bundle(data, where), where=where)

    def _open(self) -> Repository:
        try:
            return Repository.open(self._folder, foreign_environment())
        except GitError as error:
            message = f"PROMPTOPS_OVERRIDE is not a work tree: {error.message}"
            raise GitError(message, where=error.where, hint=error.hint) from None


def _file_states(roots: Iterable[Path]) -> Iterator[_FileState]:
    """Path, time of the last change and size of each file."""
    for root in roots:
        for file in (root, *root.rglob("*")) if root.is_dir() else (root,):
            with suppress(OSError):
                status = file.stat()
                yield str(file), status.st_mtime_ns, status.st_size


# Forget the state of a channel on this machine.


def reset_channel(directory: Path, channel: str, source: str | None) -> Diagnosis:
    """Forget the last serial and release of a channel on this machine.

    Args:
        source: As `promptops.load` takes it; by default PROMPTOPS_SOURCE, else the repository
            around `directory`.

    Raises UsageError for no source, or for what can't be a channel; NotFound for a missing source.
    """
    problem = wrong_name(channel)
    if problem is not None:
        message = f"{channel!r} can't be the name of a channel: {problem}"
        raise UsageError(message, hint="such as `production`")
    named = named_source(source, directory.absolute)
    where = opened(named, lambda where: GitReleases(where, offline=True)).where
    serial, answers = BundleCache(cache_folder()).forget_channel(where, channel)
    name = f"channel {channel}"
    if not serial and not answers:
        hint = "name the source that the program passes: --source SOURCE"
        return Diagnosis(name, "note", f"nothing is remembered about it at {shown(where)}", hint)
    message = f"forgot serial {serial} and {answers} remembered answers of {shown(where)}"
    return Diagnosis(name, "ok", message, "restart the programs that load it")
