"""Each document with its id, its files and what is lost, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from promptops.commands.import_.ids import Ids
from promptops.commands.import_.options import ImportOptions
from promptops.commands.import_.profiles import Profiles
from promptops.commands.import_.reading import ReadFile, self_check_loss
from promptops.commands.import_.target import Target
from promptops.errors import UsageError
from promptops.formats.connections import without_connections
from promptops.formats.document import (
    Loss,
    MediaContent,
    SourceDocument,
    SourceLoop,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.emit import jinja
from promptops.formats.parts import TagPart, TemplatePart
from promptops.formats.prompt_file import PromptFiles, WriteOptions, prompt_files
from promptops.model.internal_error import CaughtBug, InternalError
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.workspace.new_files import schema_path
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class Planned:
    """One prompt with its files, before anything is written."""

    document: SourceDocument
    read: ReadFile
    files: PromptFiles
    losses: tuple[Loss, ...]


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
        hint = "leave out --id, or select one with --select 'FILE::NAME'"
        raise UsageError(f"--id names one prompt, and there are {len(found)}", hint=hint)
    planner = _Planner(workspace, target, profiles, options)
    for read, document in found:
        with CaughtBug() as bug:
            yield planner.planned(read, document)
        if bug.error is not None:
            yield _failed(read, document, bug.error)


def _failed(read: ReadFile, document: SourceDocument, error: InternalError) -> Planned:
    """A prompt without files: a bug that only its document leads to is an error of it alone."""
    loss = self_check_loss(str(error), document.place)
    files = PromptFiles(id=document.id, path="", files={}, inputs=(), losses=())
    return Planned(document=document, read=read, files=files, losses=(*document.losses, loss))


class _Planner:
    """The prompts of one import, which share ids, partials and profiles."""

    def __init__(
        self,
        workspace: Workspace,
        target: Target,
        profiles: Profiles | None,
        options: ImportOptions,
    ) -> None:
        root = workspace.repository.root
        self._root = os.path.realpath(root)
        self._identity = options.identity
        self._ids = Ids(target.prefix, workspace.catalog.ids.values())
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
        if self._profiles is not None:
            complete = self._profiles.named(complete)
        files = prompt_files(complete, read.data, self._writing, self._origin(read))
        return Planned(document=complete, read=read, files=files, losses=(*files.losses, *losses))

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


# Where the partials of imported prompts go: below `partials/`, equal texts to one file.

_NAMED = lazy_pattern(r"(?:include|import|from)\s+([\"'])([^\"']+)\1")


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
            paths[path]: tuple(_renamed(parts, paths)) for path, parts in document.partials.items()
        }
        turns = tuple(_turn(turn, paths) for turn in document.messages)
        return replace(document, messages=turns, partials=partials)

    def _path(self, path: str, partials: Mapping[str, Sequence[TemplatePart]]) -> str:
        """`partials/NAME`; another text of that name gets the folder of its source, or a number."""
        text = "\n".join(_reached(path, partials, set()))
        for candidate in _candidates(path):
            known = self._texts.setdefault(f"{self._prefix}partials/{candidate}", text)
            if known == text:
                return f"{self._prefix}partials/{candidate}"
        raise AssertionError("the candidates have no end")


def _candidates(path: str) -> Iterator[str]:
    *folders, name = path.split("/")
    own = [folder for folder in folders if folder != "partials"]
    yield name
    if own:
        name = f"{own[-1]}-{name}"
        yield name
    stem, dot, ending = name.partition(".")
    for number in range(2, 1_000_000):
        yield f"{stem}-{number}{dot}{ending}"


def _reached(
    path: str, partials: Mapping[str, Sequence[TemplatePart]], seen: set[str]
) -> Iterator[str]:
    """The text of a partial, and of those that it includes."""
    if path in seen or path not in partials:
        return
    seen.add(path)
    yield jinja(partials[path])
    for part in partials[path]:
        match = _NAMED.match(part.source) if isinstance(part, TagPart) else None
        if match is not None:
            yield from _reached(match[2], partials, seen)


def _turn(turn: SourceTurn, paths: Mapping[str, str]) -> SourceTurn:
    if isinstance(turn, SourceLoop):
        return replace(turn, messages=tuple(_message(one, paths) for one in turn.messages))
    return _message(turn, paths) if isinstance(turn, SourceMessage) else turn


def _message(message: SourceMessage, paths: Mapping[str, str]) -> SourceMessage:
    content: list[TextContent | MediaContent] = [
        replace(one, parts=tuple(_renamed(one.parts, paths)))
        if isinstance(one, TextContent)
        else one
        for one in message.content
    ]
    return replace(message, content=tuple(content))


def _renamed(parts: Sequence[TemplatePart], paths: Mapping[str, str]) -> Iterator[TemplatePart]:
    for part in parts:
        match = _NAMED.match(part.source) if isinstance(part, TagPart) else None
        if match is None or match[2] not in paths or not isinstance(part, TagPart):
            yield part
            continue
        start, end = match.span(2)
        source = f"{part.source[:start]}{paths[match[2]]}{part.source[end:]}"
        yield TagPart(source, part.alone)
