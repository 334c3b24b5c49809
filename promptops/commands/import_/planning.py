"""Each document with its id, its files and what is lost, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from promptops.commands.import_.reading import ReadFile, self_check_loss
from promptops.errors import UsageError
from promptops.formats.document import (
    Loss,
    MediaContent,
    SourceDocument,
    SourceLoop,
    SourceMessage,
    SourceTurn,
    TagPart,
    TemplatePart,
    TextContent,
)
from promptops.formats.model_fields import without_connections
from promptops.formats.plain_texts import identity
from promptops.formats.prompt_file import PromptFiles, WriteOptions, prompt_files
from promptops.formats.source_file import ReadOptions
from promptops.formats.translation import jinja
from promptops.lint.ids import better, folded, is_fit
from promptops.model.config import ModelProfile
from promptops.model.internal_error import CaughtBug, InternalError
from promptops.model.place import Place
from promptops.model.prompt import provider_name
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.repo.repository import WORKTREE
from promptops.source.config import FILES
from promptops.workspace.new_files import DEFAULT_PROFILE, schema_path, usual_profile
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of `promptops import`.

    Attributes:
        to: A folder below a prompt root; None for the first root.
        format: Of all sources; None to recognise each file.
        identity: Of the only prompt of the only source, or None.
        include, exclude: Globs of paths below a source; after `::` of names inside of files.
        strict: A warning refuses its prompt.
        dry_run: Nothing is written.
        optional: Inputs that are only printed get the default "".
        tidy: Blank lines that tags leave are dropped.
        bodies: Messages of more lines than this go to files of their own; None for none.
        profiles: Prompts name model profiles.
    """

    to: str | None = None
    format: str | None = None
    identity: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    strict: bool = False
    dry_run: bool = False
    optional: bool = False
    tidy: bool = False
    bodies: int | None = None
    profiles: bool = False
    reading: ReadOptions


@record(frozen=True, slots=True, kw_only=True)
class Planned:
    """One prompt with its files, before anything is written.

    Attributes:
        losses: Those of the files first.
        write: The files of the document with other test cases.
    """

    document: SourceDocument
    read: ReadFile
    files: PromptFiles
    losses: tuple[Loss, ...]
    write: Callable[[SourceDocument], PromptFiles]


def planned(
    workspace: Workspace,
    reads: Sequence[ReadFile],
    target: Target,
    profiles: Profiles | None,
    options: ImportOptions,
) -> Iterator[Planned]:
    """The prompts of all files, in their order. Raises UsageError if --id names several."""
    found = [(read, one) for read in reads for one in read.found if isinstance(one, SourceDocument)]
    if options.identity is not None and len(found) > 1:
        hint = "leave out --id, or select one with --include 'FILE::NAME'"
        raise UsageError(f"--id names one prompt, and there are {len(found)}", hint=hint)
    documents = [document for _, document in found]
    planner = _Planner(workspace, documents, target, profiles, options)
    for read, document in found:
        with CaughtBug() as bug:
            yield planner.planned(read, document)
        if bug.error is not None:
            yield _failed(read, document, bug.error)


def _failed(read: ReadFile, document: SourceDocument, error: InternalError) -> Planned:
    """A prompt without files: a bug that only its document leads to is an error of it alone."""
    loss = self_check_loss(str(error), document.place)
    files = PromptFiles(id=document.id, path="", files={}, inputs=(), losses=())
    return Planned(
        document=document,
        read=read,
        files=files,
        losses=(*document.losses, loss),
        write=lambda _document: files,
    )


class _Planner:
    """The prompts of one import, which share ids, partials and profiles."""

    def __init__(
        self,
        workspace: Workspace,
        found: Sequence[SourceDocument],
        target: Target,
        profiles: Profiles | None,
        options: ImportOptions,
    ) -> None:
        root = workspace.repository.root
        self._root = os.path.realpath(root)
        self._identity = options.identity
        self._ids = Ids(target.prefix, workspace.catalog.ids.values(), found, target.root)
        self._partials = Partials(target.prefix)
        self._profiles = profiles
        self._writing = WriteOptions(
            root=target.root,
            schema=schema_path(root),
            optional=options.optional,
            tidy=options.tidy,
            bodies=options.bodies,
        )

    def planned(self, read: ReadFile, document: SourceDocument) -> Planned:
        """One prompt."""
        named, losses = self._ids.named(without_connections(document), self._identity)
        complete = self._partials.renamed(_without_repeated_title(named))
        uncallable: tuple[Loss, ...] = ()
        if self._profiles is not None:
            complete, uncallable = self._profiles.named(complete)
        write = partial(
            prompt_files, data=read.data, options=self._writing, origin=self._origin(read)
        )
        files = write(complete)
        return Planned(
            document=complete,
            read=read,
            files=files,
            losses=(*files.losses, *losses, *uncallable),
            write=write,
        )

    def _origin(self, read: ReadFile) -> str:
        """The path of a source from the root of the repository; outside of it, below the SOURCE."""
        inside = os.path.relpath(os.path.realpath(read.path), self._root).replace(os.sep, "/")
        return read.origin if inside.split("/")[0] == ".." else inside


def _without_repeated_title(document: SourceDocument) -> SourceDocument:
    """The document without a title that only repeats the end of its id, such as `chat`."""
    title = str(document.fields.get("title", "")).replace("_", "-")
    if not title or title != document.id.rpartition("/")[2].replace("_", "-"):
        return document
    fields = {name: value for name, value in document.fields.items() if name != "title"}
    return replace(document, fields=fields)


# The folder that imported prompts go to.


@record(frozen=True, slots=True, kw_only=True)
class Target:
    """A folder below a prompt root.

    Attributes:
        root: The prompt root, "" for the root of the repository.
        prefix: The folder below it, which begins each id; "" for the root itself.
    """

    root: str
    prefix: str


def target(workspace: Workspace, to: str | None) -> Target:
    """The folder of `--to`, by default the first prompt root.

    Raises UsageError for a folder outside of the prompt roots, and one whose name can't begin an
    id; GitError without a work tree.
    """
    workspace.repository.tree(WORKTREE, under=FILES)  # refuses a bare repository
    roots = {("" if root == "." else root.strip("/")): root for root in workspace.config.prompts}
    if to is None:
        return Target(root=next(iter(roots)), prefix="")
    inside = _path_in_repository(workspace.repository.root, to)
    for root in roots:
        if inside is not None and (not root or inside == root or inside.startswith(f"{root}/")):
            prefix = inside.removeprefix(root).strip("/")
            if prefix and not is_fit(prefix):
                near = better(prefix)
                hint = f"write {near!r}" if near else "use a-z, 0-9, '-', '_' and '/'"
                raise UsageError(f"`{to}` can't begin the ids of prompts", hint=hint)
            return Target(root=root, prefix=prefix)
    first = next(iter(roots.values()))
    raise UsageError(f"`{to}` is not below a prompt root", hint=_hint_for_folder(roots, first))


def _path_in_repository(root: Path, to: str) -> str | None:
    """The path from the root of the repository; None outside of it."""
    inside = os.path.relpath(os.path.realpath(to), os.path.realpath(root)).replace(os.sep, "/")
    if inside == ".":
        return ""
    return None if inside.split("/")[0] == ".." else inside


def _hint_for_folder(roots: Mapping[str, str], first: str) -> str:
    return "such as --to NAME" if "" in roots else f"such as --to {first}/NAME"


# The ids of imported prompts: fit, below the target folder, each used once.


class Ids:
    """Ids of one import."""

    def __init__(
        self,
        prefix: str,
        existing: Iterable[str],
        found: Iterable[SourceDocument],
        root: str = "prompts",
    ) -> None:
        """Args:
        existing: The ids of the repository.
        found: All prompts of the import.
        root: The prompt root, whose name no id repeats, unless another prompt has the rest.
        """
        self._prefix = prefix
        self._proposed = {identity(*one.id.split("/")) for one in found}
        self._root = root.rpartition("/")[2]
        self._existing = {folded(one): one for one in existing}
        self._taken: dict[str, tuple[Place, str]] = {}

    def named(
        self, document: SourceDocument, chosen: str | None
    ) -> tuple[SourceDocument, tuple[Loss, ...]]:
        """The document with its id, and an IMP006 if another prompt has it.

        The same id in two formats gets the name of the format: `triage-prompty`.
        """
        path = self._path(chosen or self._without_root(identity(*document.id.split("/"))))
        taken = self._taken.get(folded(path))
        if taken is not None and taken[1] != document.format:
            path = f"{path}-{document.format.split()[0]}"
            taken = self._taken.get(folded(path))
        named = replace(document, id=path)
        if taken is not None:
            return named, (
                _loss_of_taken_id(document, f"the id `{path}` is already that of {taken[0]}"),
            )
        self._taken[folded(path)] = (document.place, document.format)
        other = self._existing.get(folded(path), path)
        if other != path:
            message = f"the id `{path}` differs from `{other}` in case only"
            return named, (_loss_of_taken_id(document, message),)
        return named, ()

    def _path(self, wanted: str) -> str:
        return f"{self._prefix}/{wanted}" if self._prefix else wanted

    def _without_root(self, wanted: str) -> str:
        """`support/x` for `prompts/support/x`, which would be `prompts/prompts/support/x`."""
        first, _, rest = wanted.partition("/")
        is_free = any(map(str.isalpha, rest)) and rest not in self._proposed
        return rest if is_free and first == self._root else wanted


def _loss_of_taken_id(document: SourceDocument, message: str) -> Loss:
    hint = "rename one of the two, or import them into two folders with --to"
    return Loss(code="IMP006", message=message, place=document.place, hint=hint)


# Where the partials of imported prompts go: below `partials/`, equal texts to one file.

_INCLUDED = lazy_pattern(r"(?:include|import|from)\s+([\"'])([^\"']+)\1")


class Partials:
    """The files of one import."""

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}/" if prefix else ""
        self._texts: dict[str, str] = {}

    def renamed(self, document: SourceDocument) -> SourceDocument:
        """The document with the new paths of its partials, in the tags that include them, too."""
        if not document.partials:
            return document
        paths = {path: self._path(path, document.partials) for path in document.partials}
        partials = {
            paths[path]: tuple(_renamed_parts(parts, paths))
            for path, parts in document.partials.items()
        }
        turns = tuple(_renamed_turn(turn, paths) for turn in document.messages)
        return replace(document, messages=turns, partials=partials)

    def _path(self, path: str, partials: Mapping[str, Sequence[TemplatePart]]) -> str:
        """`partials/NAME`; another text of that name gets the folder of its source, or a number."""
        text = "\n".join(_reached_texts(path, partials, set()))
        for candidate in _candidate_paths(path):
            known = self._texts.setdefault(f"{self._prefix}partials/{candidate}", text)
            if known == text:
                return f"{self._prefix}partials/{candidate}"
        raise AssertionError("the candidates have no end")


def _reached_texts(
    path: str, partials: Mapping[str, Sequence[TemplatePart]], seen: set[str]
) -> Iterator[str]:
    """The text of a partial, and of those that it includes."""
    if path in seen or path not in partials:
        return
    seen.add(path)
    yield jinja(partials[path])
    for part in partials[path]:
        match = _INCLUDED.match(part.source) if isinstance(part, TagPart) else None
        if match is not None:
            yield from _reached_texts(match[2], partials, seen)


def _candidate_paths(path: str) -> Iterator[str]:
    *folders, name = path.split("/")
    own = [folder for folder in folders if folder != "partials"]
    yield name
    if own:
        name = f"{own[-1]}-{name}"
        yield name
    stem, dot, ending = name.partition(".")
    for number in range(2, 1_000_000):
        yield f"{stem}-{number}{dot}{ending}"


def _renamed_turn(turn: SourceTurn, paths: Mapping[str, str]) -> SourceTurn:
    if isinstance(turn, SourceLoop):
        return replace(turn, messages=tuple(_renamed_message(one, paths) for one in turn.messages))
    return _renamed_message(turn, paths) if isinstance(turn, SourceMessage) else turn


def _renamed_message(message: SourceMessage, paths: Mapping[str, str]) -> SourceMessage:
    content: list[TextContent | MediaContent] = [
        replace(one, parts=tuple(_renamed_parts(one.parts, paths)))
        if isinstance(one, TextContent)
        else one
        for one in message.content
    ]
    return replace(message, content=tuple(content))


def _renamed_parts(
    parts: Sequence[TemplatePart], paths: Mapping[str, str]
) -> Iterator[TemplatePart]:
    for part in parts:
        match = _INCLUDED.match(part.source) if isinstance(part, TagPart) else None
        if match is None or match[2] not in paths or not isinstance(part, TagPart):
            yield part
            continue
        start, end = match.span(2)
        source = f"{part.source[:start]}{paths[match[2]]}{part.source[end:]}"
        yield TagPart(source, part.alone)


# Model profiles for imported prompts: `{profile: NAME}` in place of a provider and an id.

_DEFAULT_NAME = "default"


class Profiles:
    """The profiles of one import.

    Attributes:
        new: The tables to add to the configuration: provider and id by name.
    """

    def __init__(self, existing: Mapping[str, ModelProfile]) -> None:
        self.new: dict[str, Mapping[str, str]] = {}
        self._known = {
            (provider_name(one.provider), one.id): name for name, one in existing.items()
        }
        self._names = set(existing)
        self._usual = usual_profile(existing) if existing else ""

    def named(self, document: SourceDocument) -> tuple[SourceDocument, tuple[Loss, ...]]:
        """The document with a profile as its model; without a model the default one.

        An IMP320 for a new profile that promptops can't call.
        """
        before = set(self.new)
        given: Mapping[str, Any] = document.fields.get("model", {})
        if "provider" in given:
            name = self._name(given["provider"], given["id"])
        else:
            name = self._default()
        others = {key: value for key, value in given.items() if key not in ("provider", "id")}
        fields = {**document.fields, "model": {"profile": name, **others}}
        losses = self._losses(name, document.place) if name not in before else ()
        return replace(document, fields=fields), tuple(losses)

    def _losses(self, name: str, place: Place) -> Iterator[Loss]:
        from promptops.evals.providers.registry import uncallable

        if name not in self.new:
            return
        new = self.new[name]
        found = uncallable(ModelProfile(name=name, provider=new["provider"], id=new["id"]))
        if found is not None:
            message = f"promptops can't call the profile `{name}`: {found[0]}"
            yield Loss(code="IMP320", message=message, place=place, hint=found[1])

    def _name(self, provider: str, model: str) -> str:
        known = (provider_name(provider), model)
        if known not in self._known:
            name = self._free(identity(model.rpartition("/")[2]))
            self._add(name, provider, model)
        return self._known[known]

    def _free(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted}-{number}", number + 1
        return name

    def _default(self) -> str:
        """The profile of prompts without a model, as `promptops new` chooses it."""
        if not self._usual:
            self._usual = self._free(_DEFAULT_NAME)
            self._add(self._usual, *DEFAULT_PROFILE)
        return self._usual

    def _add(self, name: str, provider: str, model: str) -> None:
        self._names.add(name)
        self._known[provider_name(provider), model] = name
        self.new[name] = {"provider": provider, "id": model}
