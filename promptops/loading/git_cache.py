"""A cache of fetched bare repositories with one commit each, by content.

A cached commit is never fetched again, and processes don't wait for each other: a repository is
fetched to a temporary folder and moved into place.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from promptops.errors import GitError, IntegrityError, NotFound, TransportError
from promptops.records import record
from promptops.repo.interactive import act
from promptops.repo.process import Git, ProcessOutput, decode, foreign_environment
from promptops.repo.repository import Repository
from promptops.runtime.loading.cache import cache_folder
from promptops.runtime.loading.private_files import (
    make_private_folder,
    read_private,
    why_not_private,
)
from promptops.runtime.loading.source import shown
from promptops.storage.atomic import PART, part_of
from promptops.storage.eviction import all_but_newest, is_abandoned, statuses

KEPT = 16
BRANCH = "refs/heads/fetched"
REVISION = "refs/promptops/fetched"
"""For what may be no commit: a tag."""
_LONGEST_S = 3600.0
_NAMES = {"HEAD", "config", "objects", "refs", "packed-refs", "shallow"}
_ABSENT = ("not found", "does not appear to be a git repository", "does not exist")
_QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "gc.auto=0", "-c", "maintenance.auto=false")


@record(frozen=True, slots=True)
class WantedCommit:
    """One ref, or one commit, of a repository elsewhere.

    Attributes:
        source: As that repository calls it.
        id: Of the object.
        kept: The ref that it becomes here.
    """

    source: str
    id: str
    kept: str


class Remote:
    """A repository at an address; all that it is asked ends at `until`, by `time.monotonic`.

    Raises NotFound where there is no repository, TransportError where there is no answer.
    """

    def __init__(self, url: str, until: float, *, offline: bool) -> None:
        self._url = url
        self._until = until
        self._offline = offline

    def refs(self, *patterns: str) -> dict[str, str]:
        """By full name the id of the object; of an annotated tag as `NAME^{}` also its commit."""
        root = Path(os.sep)  # no local repository whose settings could apply
        answer = self._ask(root, "ls-remote", "--quiet", "--", self._url, *patterns)
        rows = (line.split("\t") for line in decode(answer.stdout).splitlines())
        return {row[1]: row[0] for row in rows if len(row) == 2}

    @contextmanager
    def fetched(self, wanted: WantedCommit) -> Iterator[Repository]:
        """A repository that holds it, without its history."""
        cache = cache_folder()
        place = cache / "git" / _key(wanted) if cache is not None else None
        if place is not None and _is_whole(place, wanted):
            with suppress(OSError):
                os.utime(place)
        elif place is None or not self._keep(wanted, place):
            with self._scratch() as folder:
                self._fetch(wanted, folder)
                yield from _opened(folder)
            return
        yield from _opened(place)

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        try:
            made = TemporaryDirectory(prefix="promptops-", ignore_cleanup_errors=True)
        except OSError as error:
            message = f"it can't be stored: {(error.strerror or '').lower()}"
            raise TransportError(message, where=shown(self._url)) from None
        with made as folder:
            yield Path(folder)

    def _keep(self, wanted: WantedCommit, place: Path) -> bool:
        """Fetch it into its place; False where nothing can be kept."""
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
        branch = BRANCH.removeprefix("refs/heads/")
        form = (f"--object-format={kind}", f"--initial-branch={branch}")
        Git(folder, _environment()).run("init", "--quiet", "--bare", "--template=", *form)
        (folder / "config").write_bytes(_config(wanted))
        how = ("--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head")
        refspec = f"{wanted.source}:{wanted.kept}"
        self._ask(folder, "fetch", *how, "--", self._url, refspec)
        found = decode(Git(folder, _environment()).run("rev-parse", wanted.kept)).strip()
        if found != wanted.id:
            raise self._moved(wanted)

    def _moved(self, wanted: WantedCommit) -> IntegrityError | TransportError:
        where = shown(self._url)
        if wanted.kept in (BRANCH, REVISION):
            return TransportError(f"{wanted.source!r} changed while it was loaded", where=where)
        hint = "a release never changes: find out who moved the tag"
        return IntegrityError(f"{wanted.source!r} has changed", where=where, hint=hint)

    def _ask(self, folder: Path, *arguments: str) -> ProcessOutput:
        where = shown(self._url)
        if self._offline:
            hint = "load it once with network access"
            raise TransportError("PROMPTOPS_OFFLINE is set", where=where, hint=hint)
        left_s = min(self._until - time.monotonic(), _LONGEST_S)
        if left_s <= 0:
            raise TransportError("there is no answer in time", where=where)
        git = Git(folder, _environment())
        try:
            answer = act(git, *_QUIET, *arguments, interactive=False, deadline_s=left_s)
        except GitError:
            if time.monotonic() < self._until:
                raise
            raise TransportError("there is no answer in time", where=where) from None
        except OSError as error:
            message = f"git can't be run: {(error.strerror or '').lower()}"
            raise TransportError(message, where=where) from None
        if answer.status:
            raise self._failed(shown(git.error(answer).message))
        return answer

    def _failed(self, message: str) -> NotFound | TransportError:
        where = shown(self._url)
        if any(each in message for each in _ABSENT):
            return NotFound("there is no such repository", where=where)
        return TransportError(f"git could not reach it: {message}", where=where)


def _moved_into(part: Path, place: Path) -> bool:
    """Whether it is there now; False where another process was faster, or a damaged one is.

    Nothing is removed first: another process may use it already.
    """
    try:
        part.rename(place)
    except OSError:
        return False
    return True


def _remove_damaged(place: Path) -> None:
    """Move it out of the way in one step, then remove it."""
    aside = part_of(place)
    with suppress(OSError):
        place.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _is_whole(place: Path, wanted: WantedCommit) -> bool:
    """Whether the repository is complete and unchanged since it was fetched."""
    if not place.is_dir() or place.is_symlink() or not _is_plain(place, wanted):
        return False
    environment = {**_environment(), "GIT_DIR": str(place)}  # never one around it
    git = Git(place, environment)
    found = decode(git.ask("rev-parse", "--verify", "--quiet", wanted.kept).stdout).strip()
    whole = git.ask("rev-list", "--objects", "--quiet", "--end-of-options", wanted.kept)
    return found == wanted.id and whole.status == 0


def _is_plain(place: Path, wanted: WantedCommit) -> bool:
    """Whether it holds only data: settings and hooks of a repository can run programs."""
    try:
        names = {each.name for each in place.iterdir()}
    except OSError:
        return False
    config = read_private(place / "config", 4096)
    return why_not_private(place) is None and names <= _NAMES and config == _config(wanted)


def _config(wanted: WantedCommit) -> bytes:
    """All settings of a kept repository."""
    if len(wanted.id) == 64:
        return b"[core]\n\trepositoryformatversion = 1\n\tbare = true\n" + (
            b"[extensions]\n\tobjectformat = sha256\n"
        )
    return b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n"


def _opened(folder: Path) -> Iterator[Repository]:
    with Repository.open(folder, _environment()) as repository:
        yield repository


def _environment() -> dict[str, str]:
    """An environment in which git prompts for nothing and uses no protocol that runs programs."""
    inherited = foreign_environment()
    batch = {} if "GIT_SSH" in inherited else {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    return {**batch, **inherited, "GIT_ALLOW_PROTOCOL": "https:ssh:file"}


def _key(wanted: WantedCommit) -> str:
    return sha256(f"{wanted.kept}\0{wanted.id}".encode("utf-8", "surrogateescape")).hexdigest()


def _forget_old(spared: Path) -> None:
    """Remove all but the most recently used repositories, and leftovers of dead processes."""
    with suppress(OSError):
        found = statuses(path for path in spared.parent.iterdir() if path != spared)
        whole = [each for each in found if not each[0].name.endswith(PART)]
        abandoned = [path for path, status in found if is_abandoned(path, status)]
        for path in (*all_but_newest(whole, KEPT - 1), *abandoned):
            shutil.rmtree(path, ignore_errors=True)
