"""Pack the prompts of all releases, each different one once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.errors import PromptopsError
from promptops.jobs.scoring.pack import FORMAT, Pack, PartSettings
from promptops.jobs.scoring.packed_prompts import PackedPrompt, all_left_out, packed_prompt
from promptops.jobs.workspace.named_prompts import matching_prompts
from promptops.jobs.workspace.workspace import Workspace, workspace_at
from promptops.model.release import Release
from promptops.model.score import LeftOutAssertion
from promptops.records import record
from promptops.release.tag_format import TagNames
from promptops.release.tags import VersionTable, release_records, releases, version_table
from promptops.runtime.request.canonical import canonical_json
from promptops.source.recording_files import ENDING as RECORDINGS

_Closure = tuple[tuple[str, str | None], ...]
"""The files of a prompt with the ids of their blobs; equal ones make equal prompts."""


@record(frozen=True, slots=True)
class Packed:
    """A pack, and the assertions that no sample is checked with."""

    pack: Pack
    left_out: tuple[LeftOutAssertion, ...]


def pack_of(
    workspace: Workspace, at: str, prompts: Sequence[str], settings: PartSettings
) -> Packed:
    """The prompts of all releases and of the revision `at`.

    The JSON has `prompts` (each different one), and by the name of a prompt, former ids included,
    the index of its prompt: `releases` by tag with `[index, version]`; `versions` by version with
    `[index, tag]`, of the latest release; and `by_id`, that of `at`. `others` are names that
    `prompts` does not select. A prompt that can't be read is missing.
    """
    packing = _Packing(_Chosen(workspace, prompts))
    names = TagNames(workspace.config.release.tag_format)
    found = releases(workspace.repository, names)
    records = release_records(workspace.repository, found)
    for release in found:
        packing.add_release(workspace, release, version_table(release, records[release.name]))
    packing.by_id = dict(packing.names(workspace_at(workspace.repository, at).catalog))
    return packing.packed(settings)


class _Chosen:
    """Which prompts the user selected, by their id at any release."""

    def __init__(self, workspace: Workspace, patterns: Sequence[str]) -> None:
        catalog = workspace.catalog
        paths = (matching_prompts(catalog, workspace.repository, name) for name in patterns)
        self._ids = {catalog.id_of(path) for found in paths for path in found}
        self._patterns = patterns

    def __contains__(self, name: str) -> bool:
        matches = any(fnmatchcase(name, pattern) for pattern in self._patterns)
        return not self._patterns or name in self._ids or matches


class _Packing:
    def __init__(self, chosen: _Chosen) -> None:
        self._chosen = chosen
        self._packed: list[PackedPrompt] = []
        self._indices: dict[str, int] = {}
        self._files: dict[tuple[str, str], list[tuple[frozenset[str], _Closure, int]]] = {}
        self._others: set[str] = set()
        self._releases: dict[str, dict[str, list[Any]]] = {}
        self._versions: dict[str, dict[str, list[Any]]] = {}
        self.by_id: dict[str, int] = {}

    def add_release(self, workspace: Workspace, release: Release, versions: VersionTable) -> None:
        """Add a release; the latest one last."""
        try:
            catalog = workspace_at(workspace.repository, release.commit).catalog
        except PromptopsError:  # its configuration can't be read: its samples can't be joined
            return
        self._releases[release.name] = {}
        for name, index in self.names(catalog):
            version = versions.version(self._id(index))
            text = "" if version is None else str(version)
            self._releases[release.name][name] = [index, text]
            if text:
                self._versions.setdefault(name, {})[text] = [index, release.name]

    def names(self, catalog: Catalog) -> Iterator[tuple[str, int]]:
        """The names of the selected prompts with their index; ids come before former ids."""
        found = [(identity, self._index(catalog, path)) for identity, path in catalog.paths.items()]
        indices = {identity: index for identity, index in found if index is not None}
        for index in list(indices.values()):
            for alias in self._aliases(index):
                indices.setdefault(alias, index)
        for name, index in indices.items():
            if self._id(index) in self._chosen:
                yield name, index
            else:
                self._others.add(name)

    def packed(self, settings: PartSettings) -> Packed:
        """The pack of all that was added."""
        value = {
            "pack": FORMAT,
            "prompts": [each.value for each in self._packed],
            "releases": self._releases,
            "versions": self._versions,
            "by_id": self.by_id,
            "others": sorted(self._others),
        }
        left_out = all_left_out(each for each in self._packed if each.value["id"] in self._chosen)
        return Packed(Pack(text=canonical_json(value), settings=settings), left_out)

    def _id(self, index: int) -> str:
        return str(self._value(index)["id"])

    def _aliases(self, index: int) -> list[str]:
        aliases: list[str] = self._value(index)["prompt"].get("aliases", [])
        return aliases

    def _value(self, index: int) -> Mapping[str, Any]:
        return self._packed[index].value

    def _index(self, catalog: Catalog, path: str) -> int | None:
        """The index of a prompt; None for one that can't be read."""
        key = path, _settings(catalog)
        for files, closure, index in self._files.get(key, ()):
            if _closure(catalog, files) == closure:
                return index
        found = self._new(catalog, path)
        if found is not None:
            files = frozenset(
                file for file in catalog.dependencies(path) if not file.endswith(RECORDINGS)
            ) | {path}
            self._files.setdefault(key, []).append((files, _closure(catalog, files), found))
        return found

    def _new(self, catalog: Catalog, path: str) -> int | None:
        loaded = catalog.loaded(path)
        if loaded.prompt is None:
            return None
        try:
            packed = packed_prompt(catalog, loaded, loaded.prompt)
        except PromptopsError:
            return None
        digest = sha256(canonical_json(packed.value).encode()).hexdigest()
        if digest not in self._indices:
            self._indices[digest] = len(self._packed)
            self._packed.append(packed)
        return self._indices[digest]


def _closure(catalog: Catalog, files: frozenset[str]) -> _Closure:
    return tuple((file, catalog.files.blob(file)) for file in sorted(files))


def _settings(catalog: Catalog) -> str:
    """The configuration that a prompt depends on."""
    config = catalog.config
    return repr((config.prompts, config.schemas, config.models))
