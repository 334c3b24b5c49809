"""Pack the prompts of all releases, each different one once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from promptops.bundles.build import PromptLines
from promptops.catalog.catalog import Catalog
from promptops.commands.score.part import FORMAT, Pack, PartSettings
from promptops.errors import PromptopsError
from promptops.evals.alert_metrics import CALLS, why_left_out, why_only_judged
from promptops.evals.case_assertions import WrittenAssertion, assertions_of_every_case
from promptops.evals.judge_answer import checks_output
from promptops.evals.parse import parse
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.model.release import Release
from promptops.model.score import LeftOutAssertion
from promptops.records import record
from promptops.release.tags import TagNames, VersionTable, release_records, releases, version_table
from promptops.runtime.bundle.format import json_string
from promptops.runtime.request.answers import Answers
from promptops.runtime.request.canonical import canonical_json
from promptops.runtime.request.render import Renderer
from promptops.source.recording_files import ENDING as RECORDINGS
from promptops.workspace.named_prompts import matching_prompts
from promptops.workspace.workspace import Workspace, workspace_at

_FileClosure = tuple[tuple[str, str | None], ...]
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
        self._files: dict[tuple[str, str], list[tuple[frozenset[str], _FileClosure, int]]] = {}
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
        config = catalog.config  # what a prompt depends on besides its files
        key = path, repr((config.prompts, config.schemas, config.models))
        for files, closure, index in self._files.get(key, ()):
            if _closure_of(catalog, files) == closure:
                return index
        found = self._new(catalog, path)
        if found is not None:
            files = frozenset(
                file for file in catalog.dependencies(path) if not file.endswith(RECORDINGS)
            ) | {path}
            self._files.setdefault(key, []).append((files, _closure_of(catalog, files), found))
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


def _closure_of(catalog: Catalog, files: frozenset[str]) -> _FileClosure:
    return tuple((file, catalog.files.blob(file)) for file in sorted(files))


# One prompt with its assertions, as a pack has it.

_UNNEEDED_LINE_KEYS = ("version", "contract", "digest", "blobs")
"""Keys of a line of a bundle that are not needed to render, or are beside the line."""


@record(frozen=True, slots=True)
class PackedPrompt:
    """A prompt as JSON data, and its assertions that are not checked on samples.

    `value` has `id`, `digest`, `prompt` (the line of a bundle), `parts` (included templates by
    path), `price`, `budget` (USD for a request, or null), `score`, `judge`, `output` (the place of
    the output contract, or null), and `assertions`, each with `written` (JSON text) and `place`.
    """

    value: dict[str, Any]
    left_out: tuple[LeftOutAssertion, ...]


def packed_prompt(catalog: Catalog, loaded: LoadedPrompt, prompt: Prompt) -> PackedPrompt:
    """The prompt for a pack; raises InputError for one that can't be shipped or rendered."""
    lines = PromptLines(catalog, lambda _: None, programs=False)
    line = lines.line(loaded)
    Renderer(prompt, catalog.load)
    chosen, left_out = _packed_and_left_out(prompt)
    profile = catalog.config.models.get(prompt.model.profile or "")
    value = {
        "id": prompt.id,
        "digest": line["digest"],
        "prompt": {key: item for key, item in line.items() if key not in _UNNEEDED_LINE_KEYS},
        "parts": {path: part["text"] for path, part in lines.parts.items()},
        "price": dict(profile.price) if profile is not None else {},
        "budget": prompt.budget.get("cost_usd"),
        "score": prompt.evaluation.get("score"),
        "judge": prompt.evaluation.get("judge"),
        "output": _output_place(prompt),
        "assertions": [
            {"written": json_string(dict(each.written)), "place": _values_of(each.at("", False))}
            for each in chosen
        ],
    }
    return PackedPrompt(value, left_out)


def _packed_and_left_out(
    prompt: Prompt,
) -> tuple[list[WrittenAssertion], tuple[LeftOutAssertion, ...]]:
    chosen: list[WrittenAssertion] = []
    left_out: list[LeftOutAssertion] = []
    for each in assertions_of_every_case(prompt):
        assertion, problems = parse(each.written, "answer")
        if assertion is None:
            why = problems[0].message
        else:
            why = why_left_out(assertion) or why_only_judged(assertion)
        if not why or why in CALLS:
            chosen.append(each)
        if why:
            written_type = str(each.written.get("type", ""))
            left_out.append(
                LeftOutAssertion(
                    prompt=prompt.id, type=written_type, place=each.at("", False), why=why
                )
            )
    return chosen, tuple(left_out)


def _output_place(prompt: Prompt) -> list[Any] | None:
    """The place of the output contract; None if answers are not checked against one."""
    if not checks_output(prompt):
        return None
    try:
        Answers(prompt.id, prompt.output)
    except ValueError:  # a schema that can't be used, which lint reports
        return None
    key = "schema" if prompt.output.schema is not None else "format"
    return _values_of(prompt.locate(f"/output/{key}", False))


def _values_of(place: Place) -> list[Any]:
    return list(place.as_json().values())


def all_left_out(packed: Iterable[PackedPrompt]) -> tuple[LeftOutAssertion, ...]:
    """The assertions that are left out, by prompt and place.

    One that several releases have is there once, at its place in the latest one.
    """
    found: dict[tuple[str, str, str, int], LeftOutAssertion] = {}
    for one in packed:
        seen = Counter[tuple[str, str]]()
        for each in one.left_out:
            seen[each.type, each.why] += 1
            found[each.prompt, each.type, each.why, seen[each.type, each.why]] = each
    return tuple(sorted(found.values(), key=lambda each: (each.prompt, each.place, each.type)))
