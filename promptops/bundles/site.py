"""The files of a static host: an index of releases, their bundles, one file per channel."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from promptops.bundles.build import (
    Built,
    build,
    remove_leftovers,
    write_artifact,
    write_new_artifact,
)
from promptops.errors import GitError, InputError, UsageError, os_reason
from promptops.model.release import Publication
from promptops.model.version import Version, parse
from promptops.release.channels import PATH, read_channels
from promptops.repo.default_branch import default_branch, published_branch
from promptops.repo.process import Git, decode
from promptops.repo.repository import Repository
from promptops.repo.temporary import temporary_folder
from promptops.runtime.bundle.format import Misshapen, read_json
from promptops.runtime.loading.site import INDEX
from promptops.runtime.loading.source import Pointer
from promptops.runtime.loading.trust import NAMESPACE

_RELEASE_KEYS = ("release", "version", "bundle", "commit", "prompts")


def publish(
    directory: Path,
    revision: str | None,
    folder: Path,
    *,
    sign: bool,
    overrides: Sequence[str] = (),
) -> Publication:
    """Add a release to a site, if one is named, and update the channels.

    The channels are those of the remote default branch, if there is one, because a local commit may
    still be rejected there. Published files are not changed, except where a channel points. A file
    is written after those that it refers to.

    Raises:
        UsageError: The revision is not a release.
        InputError: The site has another release of that name, or a channel would go back.
    """
    built = build(directory, revision, overrides) if revision is not None else None
    if built is not None and built.tag is None:
        hint = "name the tag of a release: promptops log --releases"
        raise UsageError(
            f"{revision!r} is not a release, and a site contains only releases", hint=hint
        )
    with _locked(folder), Repository.open(directory) as repository, _aside(repository) as aside:
        remove_leftovers(folder)
        site = _Site(folder, aside)
        files = site.add(built, repository.git if sign else None) if built is not None else ()
        channels = _channels(repository, published_branch(repository))
        changed, notes = site.serve(channels)
        notes += _unpushed(repository, channels)
    return Publication(
        built=built.facts if built is not None else None,
        files=tuple(map(str, files)),
        channels=tuple(changed),
        notes=tuple(notes),
    )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Allow one process at a time: each reads the index before it writes it."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(
            f"can't create a site there: {os_reason(error)}", where=str(folder)
        ) from None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        hint = "wait until it ends, then run again"
        raise InputError("another process is writing to it", where=str(folder), hint=hint) from None
    finally:
        os.close(number)


@contextmanager
def _aside(repository: Repository) -> Iterator[Path | None]:
    """A folder in git's directory, which is never published; None if it can't be written."""
    folder = repository.git_dir / "promptops" / f"site.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _channels(repository: Repository, branch: str | None) -> Mapping[str, Pointer]:
    tree = repository.tree(branch, under=(PATH,)) if branch is not None else None
    return read_channels(tree.read((PATH,)).get(PATH, b"")) if tree is not None else {}


def _unpushed(repository: Repository, published: Mapping[str, Pointer]) -> Iterator[str]:
    """Channels of the local branch that are not pushed yet."""
    try:
        committed = _channels(repository, default_branch(repository))
    except InputError:  # reported when it is pushed
        return
    for name, here in committed.items():
        there = published.get(name)
        if there is None or there.serial < here.serial:
            yield f"`{name}` serves {here.release} in this clone only, so not changed: git push"


class _Site:
    """The files of a site below one folder."""

    def __init__(self, folder: Path, aside: Path | None) -> None:
        """`aside` is for temporary files: what is in `folder` may be published at any moment."""
        self._folder = folder
        self._aside = aside
        self._releases = dict(_read_index(folder / INDEX))

    def add(self, built: Built, signing: Git | None) -> tuple[Path, ...]:
        """Add a release, the index last; returns its files."""
        name, entry = built.contents.origin.release or "", _entry(built)
        if self._releases.get(name, entry) != entry:
            hint = "a release can't be changed: create another one"
            message = f"the index has another release {name!r}"
            raise InputError(message, where=str(self._folder / INDEX), hint=hint)
        file = self._folder / "bundles" / f"{name}.jsonl"
        write_new_artifact(file, built.data, self._aside)
        signature = file.with_name(f"{file.name}.sig")
        if signing is not None and not signature.exists():
            write_artifact(signature, signature_of(built.data, signing), self._aside)
        self._releases[name] = entry
        self._write_index()
        return (file, signature) if signature.exists() else (file,)

    def serve(self, channels: Mapping[str, Pointer]) -> tuple[list[str], list[str]]:
        """Update the channels; returns the names of the changed ones, and notes on the others."""
        changed, notes = [], []
        for name, pointer in sorted(channels.items()):
            if pointer.release not in self._releases:
                command = f"promptops build {pointer.release} --site {self._folder}"
                notes.append(
                    f"`{name}` serves {pointer.release}, which the site does not have: {command}"
                )
            elif self._point(name, pointer):
                changed.append(name)
        if changed and self._releases:
            self._write_index()
        gone = [file for file in self._channel_files() if file.stem not in channels]
        notes += [
            f"{file} belongs to a channel that {PATH} does not name: remove it" for file in gone
        ]
        return changed, notes

    def _channel_files(self) -> list[Path]:
        return sorted((self._folder / "channels").glob("*.json"))

    def _write_index(self) -> None:
        """The index names the channels for messages only: readers of a channel read its file."""
        text = _index_text(self._releases.values(), [file.stem for file in self._channel_files()])
        write_artifact(self._folder / INDEX, text.encode(), self._aside)

    def _point(self, name: str, pointer: Pointer) -> bool:
        bundle = self._releases[pointer.release]["bundle"]
        if pointer.digest is not None and f"sha256:{pointer.digest}" != bundle:
            message = f"`{name}` names another bundle than that of {pointer.release}: {bundle}"
            raise InputError(message, where=PATH, hint=f"promptops verify {pointer.release}")
        value = {"bundle": bundle, "release": pointer.release, "serial": pointer.serial}
        file = self._folder / "channels" / f"{name}.json"
        before = _read_object(file) or {"serial": 0}
        if before == value:
            return False
        serial = before.get("serial")
        if not isinstance(serial, int) or pointer.serial <= serial:
            message = (
                f"`{name}` is at serial {serial} in the site, "
                f"and at {pointer.serial} in the repository"
            )
            hint = "a serial never goes down: use promptops promote or promptops rollback"
            raise InputError(message, where=str(file), hint=hint)
        file.parent.mkdir(exist_ok=True)
        write_artifact(file, _line(value).encode() + b"\n", self._aside)
        return True


def _entry(built: Built) -> dict[str, Any]:
    assert built.tag is not None
    contents = built.contents
    versions = {
        name: contents.line(span).text_or_none("version") for name, span in contents.prompts.items()
    }
    return {
        "release": built.tag.name,
        "version": str(built.tag.version),
        "bundle": f"sha256:{contents.digest}",
        "commit": contents.origin.commit,
        "prompts": {name: version for name, version in versions.items() if version is not None},
    }


def _read_index(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    index = _read_object(file)
    if index is None:
        return
    releases = index.get("releases") if index.get("schema") == 1 else None
    if not isinstance(releases, list) or not all(map(_is_entry, releases)):
        raise InputError("not the index of a site", where=str(file), hint="name another folder")
    yield from ((entry["release"], entry) for entry in releases)


def _is_entry(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), dict if key == "prompts" else str) for key in _RELEASE_KEYS
    )


def _read_object(file: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None if the file is missing, InputError if it is not an object."""
    try:
        value = read_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"can't be read: {os_reason(error)}", where=str(file)) from None
    except Misshapen:
        value = None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", where=str(file), hint="name another folder")
    return value


def _index_text(releases: Iterable[Mapping[str, Any]], channels: list[str]) -> str:
    """One line per release, lowest version first, so that a diff shows one line per change."""
    ordered = sorted(releases, key=lambda entry: (_version(entry), entry["release"]))
    lines = ",\n".join(map(_line, ordered))
    named = json.dumps(channels, ensure_ascii=False)
    return f'{{"schema":1,"channels":{named},"releases":[\n{lines}\n]}}\n'


def _version(entry: Mapping[str, Any]) -> Version:
    return parse(entry["version"], prereleases=True) or Version(0, 0, 0)


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# A detached signature of a bundle, made with the key that git signs with.

DEADLINE_S = 60.0
"""Long enough for a hardware key that must be touched."""

_HOW_TO_SIGN = "git config gpg.format ssh; git config user.signingkey ~/.ssh/id_ed25519.pub"
_NO_PASSPHRASE_PROMPT = {"SSH_ASKPASS_REQUIRE": "never", "GIT_TERMINAL_PROMPT": "0"}


def signature_of(data: bytes, git: Git) -> bytes:
    """The signature in the format of `ssh-keygen -Y verify`; never prompts for a passphrase.

    Raises:
        UsageError: Git is not set up to sign with an SSH key.
        GitError: The key can't be used.
    """
    key = _key(git)
    with temporary_folder() as folder, _key_file(key, Path(folder)) as options:
        file = Path(folder, "bundle")
        file.write_bytes(data)
        _run([_program(git), "-Y", "sign", "-n", NAMESPACE, *options, str(file)], git)
        try:
            return Path(folder, "bundle.sig").read_bytes()
        except FileNotFoundError:
            raise GitError("the bundle was not signed", hint=_HOW_TO_SIGN) from None


def _key(git: Git) -> str:
    key = _setting(git, "user.signingkey")
    if _setting(git, "gpg.format") != "ssh" or not key:
        raise UsageError("there is no SSH key to sign with", hint=_HOW_TO_SIGN)
    return key


def _program(git: Git) -> str:
    """The program that git signs with; it may be that of a password manager."""
    return _setting(git, "gpg.ssh.program") or "ssh-keygen"


def _setting(git: Git, name: str) -> str:
    kind = ("--type=path",) if name == "gpg.ssh.program" else ()
    return decode(git.ask("config", *kind, "--get", name).stdout).removesuffix("\n")


@contextmanager
def _key_file(key: str, folder: Path) -> Iterator[list[str]]:
    """Arguments for the key: a file, or a public key whose private key an agent has."""
    if key.startswith(("key::", "ssh-", "ecdsa-", "sk-")):
        file = folder / "key.pub"
        file.write_text(f"{key.removeprefix('key::')}\n", encoding="utf-8")
        yield ["-U", "-f", str(file)]
    else:
        yield ["-f", os.path.expanduser(key)]


def _run(command: list[str], git: Git) -> None:
    """Run in a new session, so that no program finds a terminal to prompt on."""
    try:
        process = subprocess.Popen(
            command,
            cwd=git.directory,
            env={**git.environment, **_NO_PASSPHRASE_PROMPT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        hint = "install OpenSSH 8.2 or later"
        message = f"`{command[0]}` can't be started: {os_reason(error)}"
        raise GitError(message, hint=hint) from None
    with process:
        try:
            _, stderr = process.communicate(timeout=DEADLINE_S)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                hint = "it may wait for a passphrase: ssh-add"
                raise GitError(f"signing did not finish in {DEADLINE_S:g} s", hint=hint) from None
            raise
    if process.returncode:
        lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
        message = next(filter(None, reversed(lines)), f"status {process.returncode}")
        hint = "a key with a passphrase must be in an agent: ssh-add"
        raise GitError(f"the bundle can't be signed: {message}", hint=hint)
