"""The bundle of a revision, or of a release with the record in its tag, and its files."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from promptops.analysis.includes import includes
from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.errors import InputError, IntegrityError, UsageError, os_reason
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import MediaPart, Prompt, messages_of
from promptops.model.release import BuiltFacts, Publication
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.release.tags import version_table
from promptops.repo.process import decode
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.runtime.bundle.format import (
    FORMAT,
    FORMATS,
    MAX_BYTES,
    BundleOrigin,
    Contents,
    EncodedPrompts,
    assembled,
    encoded,
    read_bundle,
)
from promptops.runtime.bundle.prompts import (
    add_program,
    add_programs,
    contract_hash,
    prompt_value,
    unplaced,
)
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.template.limits import MAX_MEDIA_BYTES
from promptops.storage.atomic import replace_whole
from promptops.storage.forked import in_processes
from promptops.storage.gc_paused import uncollected
from promptops.tags import ReleaseTag, release_tag
from promptops.workspace.workspace import Workspace, workspace_at, workspace_with


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


def build(
    directory: Path, revision: str, overrides: Sequence[str] = (), number: int | None = None
) -> Built:
    """The bundle of a commit, or of a release by the name of its tag.

    Args:
        number: The format; by default that of the tag, and the current one for another revision.

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
            data = revision_bundle(repository, revision, number or FORMAT, processes=0)
            contents = read_bundle(data, revision)
        else:
            contents = verified_bundle(repository, tag, number, processes=0)
    return Built(data=contents.data, contents=contents, tag=tag)


def save_bundle(built: Built, directory: Path, file: Path, *, sign: bool) -> Publication:
    """Write a bundle to a file, compressed for `.gz`, and its signature beside it.

    Raises InputError if it can't be written. If signing fails, writes nothing and raises the error
    of `signing.signature_of`.
    """
    data = gzipped(built.data) if file.suffix == ".gz" else built.data
    signature, signature_file = b"", file.with_name(f"{file.name}.sig")
    if sign:
        from promptops.bundles.site import signature_of

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


def revision_bundle(
    repository: Repository, revision: str, number: int = FORMAT, processes: int = 1
) -> bytes:
    """The bundle of a commit that is not a release: its prompts have no versions."""
    workspace = workspace_at(repository, repository.resolve(revision))
    return bundle_of(workspace, number=number, processes=processes)


def release_bundle(
    repository: Repository, tag: ReleaseTag, number: int | None = None, processes: int = 1
) -> bytes:
    """The bundle of a release, without comparing it with the record in its tag.

    By default in the format that the tag records, so that an old tag gives its old bytes.

    In a release tagged by hand all prompts have its version. A draft is included without a version.

    Raises IntegrityError for a misnamed tag.
    """
    release = tag.release
    workspace = workspace_with(repository, release.commit, tag.config)
    recorded = version_table(release, tag.record)
    texts = {name: str(version) for name, version in recorded.versions.items()}
    versions = texts if recorded.every is None else _every_but_drafts(str(recorded.every))
    number = number or recorded_format(tag)
    return bundle_of(
        workspace, release=release.name, versions=versions, number=number, processes=processes
    )


def recorded_format(tag: ReleaseTag) -> int:
    """The format of the bundle of a release: the first one if its tag records none.

    A channel or a site may have the digest of such a release. The current one for an unknown one.
    """
    recorded = tag.record.bundle_format
    if recorded is None:
        return FORMATS[0]
    return recorded if recorded in FORMATS else FORMAT


def verified_bundle(
    repository: Repository, tag: ReleaseTag, number: int | None = None, processes: int = 1
) -> Contents:
    """The bundle of a release; raises IntegrityError if the record in the tag differs."""
    data = release_bundle(repository, tag, number, processes)
    contents = recorded = read_bundle(data, tag.name)
    if tag.record.bundle_sha256 is not None and contents.format != recorded_format(tag):
        recorded = read_bundle(release_bundle(repository, tag, processes=processes), tag.name)
    for problem in record_differences(tag, recorded):
        hint = f"`promptops verify {tag.name}` shows the details"
        raise IntegrityError(problem, where=tag.name, hint=hint)
    return contents


def record_differences(tag: ReleaseTag, contents: Contents) -> list[str]:
    """Differences between a bundle and the record in its tag; none for an unknown format."""
    found = []
    content, bundle = contents.origin.content, contents.digest
    if tag.record.content_sha256 not in (None, content):
        found.append(
            f"the tag records the content {tag.record.content_sha256}, but its commit has {content}"
        )
    is_known = tag.record.bundle_format in (None, *FORMATS)
    if is_known and tag.record.bundle_sha256 not in (None, bundle):
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


# The bundle of a revision: all of its prompts, and the files they need.

_HARMLESS = ("SCH003", "SCH010")
"""Duplicate keys and YAML aliases: lint reports them as errors, but their meaning is clear."""

_NO_ID = "0" * 40

VersionOf = Callable[[Prompt], str | None]
Versions = Mapping[str, str] | VersionOf

_KINDS_NOT_SHIPPED = ("cases", "template")
"""Test cases are not shipped; templates are followed through their includes."""


def bundle_of(
    workspace: Workspace,
    *,
    release: str | None = None,
    versions: Versions | None = None,
    number: int = FORMAT,
    processes: int = 1,
) -> bytes:
    """The bundle of a commit: the same bytes for the same commit, release, versions and format.

    Args:
        number: The format, one of `FORMATS`.
        processes: The most processes; 0 for the number of cores. One in an application.
        workspace: Opened at a commit; before the first commit a work tree, with zeros as ids.
        versions: Versions of prompts by id, or a function that gives a prompt its version or None.

    Raises:
        InputError: A prompt can't be read, or a file that it refers to is missing. Templates
            included with `ignore missing` may be missing.
    """
    with uncollected():
        version_of = versions if callable(versions) else _by_id(versions or {})
        return _bundle(workspace, release, version_of, number, processes)


def _by_id(versions: Mapping[str, str]) -> VersionOf:
    return lambda prompt: versions.get(prompt.id)


def _bundle(
    workspace: Workspace, release: str | None, version_of: VersionOf, number: int, processes: int
) -> bytes:
    building = PromptLines(workspace.catalog, version_of, programs=number > 1)
    prompts = building.every_prompt(processes)
    commit, tree = _commit_and_tree(workspace)
    origin = BundleOrigin(
        commit=commit, tree=tree, content=building.content_digest(), release=release
    )
    try:
        data = assembled(origin, prompts, building.parts, building.files, number)
    except ValueError:
        raise _no_json() from None
    if len(data) > MAX_BYTES:
        hint = "reduce the number or size of images and documents"
        raise InputError(f"the bundle has more than {MAX_BYTES // 2**20} MB", hint=hint)
    return data


def _encoded(lines: Iterable[Mapping[str, Any]]) -> EncodedPrompts:
    try:
        return encoded(lines)
    except ValueError:
        raise _no_json() from None


def _no_json() -> InputError:
    hint = "the name of a file, or of the release, is not UTF-8"
    return InputError("the bundle can't be written as JSON", hint=hint)


def _commit_and_tree(workspace: Workspace) -> tuple[str, str]:
    """The ids of the commit and of its tree."""
    if workspace.revision == WORKTREE:
        return _NO_ID, _NO_ID
    repository = workspace.repository
    commit = repository.resolve(workspace.revision)
    return commit, decode(repository.git.run("rev-parse", f"{commit}^{{tree}}")).strip()


def content_digest(catalog: Catalog, loaded: Iterable[LoadedPrompt]) -> str:
    """SHA-256, in hexadecimal, of the paths and contents of all files that prompts need.

    The same for every builder: for each path in order the path, NUL, the SHA-256 of the content,
    and a newline. Includes the configuration, but neither case files nor recordings.
    """
    building = PromptLines(catalog, _by_id({}), programs=False)
    for prompt_file in loaded:
        building.line(prompt_file)
    return building.content_digest()


@record(frozen=True, slots=True)
class _Part:
    """The lines of some prompts, and the paths of all files that they need."""

    prompts: EncodedPrompts
    parts: dict[str, dict[str, Any]]
    files: dict[str, dict[str, Any]]
    paths: set[str]


class PromptLines:
    """The lines of a bundle: one prompt after another; shared parts are stored once.

    Attributes:
        parts: The lines of the included templates so far, by path.
        files: The lines of the images, sounds and documents so far, by path.
    """

    def __init__(self, catalog: Catalog, version_of: VersionOf, *, programs: bool) -> None:
        self._catalog = catalog
        self._programs = programs
        self._version_of = version_of
        self._paths = {catalog.config.path} if catalog.config.path is not None else set()
        self.parts: dict[str, dict[str, Any]] = {}
        self.files: dict[str, dict[str, Any]] = {}

    def line(self, loaded: LoadedPrompt) -> dict[str, Any]:
        """The line of a prompt; raises InputError for one that can't be shipped."""
        prompt = _readable(loaded)
        try:
            return self._line(loaded, prompt)
        except ValueError:
            message = (
                "it contains a value that JSON can't hold: an infinite number or half a character"
            )
            raise InputError(message, where=loaded.path, hint=_hint(loaded)) from None

    def every_prompt(self, processes: int) -> EncodedPrompts:
        """The lines of all prompts of the catalog, by several processes if they are many."""
        files = self._catalog.files
        lines: dict[str, bytes] = {}
        aliases: dict[str, tuple[str, ...]] = {}
        for part in in_processes(
            self._some_prompts,
            tuple(self._catalog.paths.values()),
            prepare=lambda: files.prefetch(files.entries),
            processes=processes,
        ):
            lines.update(part.prompts.lines)
            aliases.update(part.prompts.aliases)
            self.parts.update(part.parts)
            self.files.update(part.files)
            self._paths.update(part.paths)
        return EncodedPrompts(lines, aliases)

    def _some_prompts(self, paths: Sequence[str]) -> _Part:
        lines = PromptLines(self._catalog, self._version_of, programs=self._programs)
        prompts = _encoded(lines.line(loaded) for loaded in self._catalog.prompts_once(paths))
        return _Part(prompts, lines.parts, lines.files, lines._paths)

    def content_digest(self) -> str:
        """The digest of all lines built so far."""
        digest = sha256()
        for path in sorted(self._paths):
            data = self._catalog.files.data(path) or b""
            line = f"{path}\0{sha256(data).hexdigest()}\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def _line(self, loaded: LoadedPrompt, prompt: Prompt) -> dict[str, Any]:
        named = self._included(loaded, prompt)
        media = sorted({part.value for part in _media(prompt) if part.origin == "file"})
        for path in media:
            data = self._catalog.files.data(path)
            if data is None or len(data) > MAX_MEDIA_BYTES:  # then it was not read to its end
                why = "can't be read" if data is None else "is larger than 2 MB"
                raise InputError(f"`{path}` {why}", where=loaded.path, hint=_hint(loaded))
            blob = self._catalog.files.blob(path)
            self.files[path] = {"path": path, "base64": b64encode(data).decode(), "blob": blob}
        value = prompt_value(prompt) | ({"includes": named} if named else {})
        if self._programs:
            add_programs(value)
        parts = sorted({path for names in named.values() for path in names.values()})
        blobs = self._blobs(loaded, parts)
        self._paths.update(blobs)
        return value | {
            "version": self._version_of(prompt),
            "contract": contract_hash(prompt),
            "digest": self._digest(value, parts, media),
            "blobs": blobs,
        }

    def _included(self, loaded: LoadedPrompt, prompt: Prompt) -> dict[str, dict[str, str]]:
        """The path of an included template, by the path of the including one and the name in it."""
        found: dict[str, dict[str, str]] = {}
        waiting, visited, whole = list(texts(prompt)), set(), True
        while waiting:
            text = waiting.pop()
            for include in includes(text):
                target = self._catalog.load(text.path, include.name)
                whole = whole and target is not None
                if target is not None:
                    found.setdefault(text.path, {})[include.name] = target.path
                    if target.path not in visited:
                        visited.add(target.path)
                        waiting.append(self._keep_part(target))
        if not whole:
            self._refuse_missing(loaded, prompt)
        return found

    def _refuse_missing(self, loaded: LoadedPrompt, prompt: Prompt) -> None:
        """Raise InputError for a missing template that is not included with `ignore missing`."""
        from promptops.analysis.template_walk import (
            walk,  # it parses, and most templates are all there
        )

        for text in texts(prompt):
            for problem in walk(text, self._catalog.load).problems:
                if problem.code == "TPL003":
                    raise InputError(problem.message, where=str(problem.at), hint=_hint(loaded))

    def _keep_part(self, text: Text) -> Text:
        if text.path not in self.parts:
            blob = self._catalog.files.blob(text.path)
            self.parts[text.path] = {"path": text.path, "text": text.value, "blob": blob}
            if self._programs:
                add_program(self.parts[text.path])
        return text

    def _digest(self, value: Mapping[str, Any], parts: list[str], media: list[str]) -> str:
        """The digest of a prompt's content; its path and version are not part of it."""
        whole = {
            "prompt": unplaced(value),
            "parts": {path: self.parts[path]["text"] for path in parts},
            "files": {
                path: sha256(self._catalog.files.data(path) or b"").hexdigest() for path in media
            },
        }
        return sha256(canonical_json(whole).encode()).hexdigest()

    def _blobs(self, loaded: LoadedPrompt, parts: Iterable[str]) -> dict[str, str]:
        """Git's ids of the files that a prompt is made of, by path."""
        shipped = (
            reference for reference in loaded.references if reference.kind not in _KINDS_NOT_SHIPPED
        )
        paths = {loaded.path, *(reference.target for reference in shipped), *parts}
        found = ((path, self._catalog.files.blob(path)) for path in sorted(paths))
        return {path: blob for path, blob in found if blob is not None}


def _readable(loaded: LoadedPrompt) -> Prompt:
    problem = next((problem for problem in loaded.problems if problem.code not in _HARMLESS), None)
    if problem is not None or loaded.prompt is None:
        where = str(problem.at) if problem is not None else loaded.path
        message = problem.message if problem is not None else "it can't be read"
        raise InputError(message, where=where, hint=_hint(loaded))
    for reference in loaded.references:
        if not reference.found and reference.kind not in _KINDS_NOT_SHIPPED:
            message = f"there is no file `{reference.written}`"
            raise InputError(message, where=str(reference.place), hint=_hint(loaded))
    return loaded.prompt


def _hint(loaded: LoadedPrompt) -> str:
    return f"`{loaded.lint_command}` shows the details"


def _media(prompt: Prompt) -> Iterator[MediaPart]:
    for message in messages_of(prompt.messages):
        yield from (part for part in message.parts if isinstance(part, MediaPart))
