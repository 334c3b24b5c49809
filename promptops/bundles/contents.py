"""The bundle of a revision: all of its prompts, and the files they need."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from promptops.analysis.includes import includes
from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import MediaPart, Prompt, messages_of
from promptops.repo.process import decode
from promptops.repo.repository import WORKTREE
from promptops.runtime.bundle.format import (
    MAX_BYTES,
    BundleOrigin,
    EncodedPrompts,
    assembled,
    encoded,
)
from promptops.runtime.bundle.prompts import contract_hash, prompt_value, unplaced
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.template.limits import MAX_MEDIA_BYTES
from promptops.storage.gc_paused import uncollected
from promptops.workspace.workspace import Workspace

_HARMLESS = ("SCH003", "SCH010")
"""Duplicate keys and YAML aliases: lint reports them as errors, but their meaning is clear."""

_NO_ID = "0" * 40

VersionOf = Callable[[Prompt], str | None]
Versions = Mapping[str, str] | VersionOf

_NOT_SHIPPED = ("cases", "template")
"""Test cases are not shipped; templates are followed through their includes."""


def bundle_of(
    workspace: Workspace, *, release: str | None = None, versions: Versions | None = None
) -> bytes:
    """The bundle of a commit: the same bytes for the same commit, release and versions.

    Args:
        workspace: Opened at a commit; before the first commit a work tree, with zeros as ids.
        versions: Versions of prompts by id, or a function that gives a prompt its version or None.

    Raises:
        InputError: A prompt can't be read, or a file that it refers to is missing. Templates
            included with `ignore missing` may be missing.
    """
    with uncollected():
        version_of = versions if callable(versions) else _by_id(versions or {})
        return _bundle(workspace, release, version_of)


def _by_id(versions: Mapping[str, str]) -> VersionOf:
    return lambda prompt: versions.get(prompt.id)


def _bundle(workspace: Workspace, release: str | None, version_of: VersionOf) -> bytes:
    building = PromptLines(workspace.catalog, version_of)
    prompts = _encoded(building.line(loaded) for loaded in workspace.catalog.prompts_once())
    commit, tree = _commit_and_tree(workspace)
    origin = BundleOrigin(
        commit=commit,
        tree=tree,
        content=building.content_digest(),
        release=release,
    )
    try:
        data = assembled(origin, prompts, building.parts, building.files)
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
    building = PromptLines(catalog, _by_id({}))
    for prompt_file in loaded:
        building.line(prompt_file)
    return building.content_digest()


class PromptLines:
    """The lines of a bundle: one prompt after another; shared parts are stored once.

    Attributes:
        parts: The lines of the included templates so far, by path.
        files: The lines of the images, sounds and documents so far, by path.
    """

    def __init__(self, catalog: Catalog, version_of: VersionOf) -> None:
        self._catalog = catalog
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
            self._keep_file(path, loaded)
        value = prompt_value(prompt) | ({"includes": named} if named else {})
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
        return text

    def _keep_file(self, path: str, loaded: LoadedPrompt) -> None:
        data = self._catalog.files.data(path)
        if data is None or len(data) > MAX_MEDIA_BYTES:  # then it was not read to its end
            why = "can't be read" if data is None else "is larger than 2 MB"
            raise InputError(f"`{path}` {why}", where=loaded.path, hint=_hint(loaded))
        blob = self._catalog.files.blob(path)
        self.files[path] = {"path": path, "base64": b64encode(data).decode(), "blob": blob}

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
            reference for reference in loaded.references if reference.kind not in _NOT_SHIPPED
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
        if not reference.found and reference.kind not in _NOT_SHIPPED:
            message = f"there is no file `{reference.written}`"
            raise InputError(message, where=str(reference.place), hint=_hint(loaded))
    return loaded.prompt


def _hint(loaded: LoadedPrompt) -> str:
    return f"`promptops lint {loaded.id}` shows the details"


def _media(prompt: Prompt) -> Iterator[MediaPart]:
    for message in messages_of(prompt.messages):
        yield from (part for part in message.parts if isinstance(part, MediaPart))
