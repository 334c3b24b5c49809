"""Read the sources of an import: find their files, read each by its format, select prompts."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from promptops.errors import InputError, UsageError
from promptops.formats.document import LeftOutText, Loss, SourceDocument
from promptops.formats.source_file import (
    Reader,
    ReadOptions,
    SourceFile,
    SourceFolder,
    UnreadableSource,
    known_readers,
    unread_format,
)
from promptops.formats.translation import TooManyInputs
from promptops.model.imported import EXCLUDED, NOT_SELECTED, LeftOut
from promptops.model.internal_error import HINT, CaughtBug
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.suggestions import did_you_mean
from promptops.workspace.workspace import Workspace

MAX_PROMPTS = 200
"""More prompts than this in one file are a data set."""

MAX_LOSSES = 1_000
"""A prompt of which more parts are lost or changed is not written."""

_NO_STRING = "no string looks like a prompt, by its name, length and words"
_WHY_NOTHING_FOUND: Mapping[str, str] = {
    "python": _NO_STRING,
    "typescript": _NO_STRING,
    "text": "part of the prompt of another file, which is not selected",
}
"""Why nothing was found, by the name of the reader."""

_PROMPTOPS_FORMAT = lazy_pattern(r"(?m)^format:\s*[\"']?promptops/")

Found = tuple[SourceDocument | Loss, ...]
_Read = tuple[SourceDocument | Loss | LeftOutText, ...]


@record(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """One file of a source.

    Attributes:
        source: The SOURCE that it belongs to, as the user named it.
        path: As it is shown.
        origin: The path below the SOURCE, with its name: the same wherever the command runs.
        format: The name of its reader; None for an unknown format, or an unreadable file.
        found: Its prompts, and errors about parts that are not prompts.
        left_out: The file if nothing was found in it, and prompts that are not selected: their
            names are `FILE::NAME`.
    """

    source: str
    path: str
    origin: str
    data: bytes
    format: str | None
    found: Found
    left_out: tuple[LeftOut, ...] = ()


def read_sources(
    sources: Iterable[Source], format_name: str | None, options: ReadOptions, globs: NameGlobs
) -> Iterator[ReadFile]:
    """The files of all sources; without a format the first reader that recognises a file reads it.

    A file that another file uses is not read by itself. Raises UsageError for an unknown format.
    """
    reader = reader_named(format_name) if format_name else None
    for source in sources:
        found = [
            (path, _read_path(source, path, reader, _with_names(options, path, globs)))
            for path in source.paths
        ]
        for path, read in found:
            if read is not None and path not in source.folder.used:
                yield _with_selected(read, path, globs)


def refuse_unmatched(globs: NameGlobs) -> None:
    """Raises UsageError for an `--include` that matches nothing, beside others that match."""
    unmatched = globs.unmatched()
    if unmatched is not None:
        hint = did_you_mean(unmatched.normal, globs.names_like(unmatched))
        message = f"--include '{unmatched.written}' matches nothing in the sources"
        raise UsageError(message, hint=hint or "list the names: the same command with --list")


def _with_names(options: ReadOptions, path: str, globs: NameGlobs) -> ReadOptions:
    if not globs.selects_names_in(path):
        return options
    return replace(options, selects=lambda name: globs.selects_name(path, name))


def reader_named(name: str) -> Reader:
    """The reader for `--from`. Raises UsageError."""
    readers = {reader.NAME: reader for reader in known_readers()}
    if name not in readers:
        hint = did_you_mean(name, readers) or "list them: promptops import --formats"
        raise UsageError(f"there is no format `{name}`", hint=hint)
    return readers[name]


def left_out(sources: Iterable[Source], reads: Iterable[ReadFile]) -> Iterator[LeftOut]:
    """The files from which nothing is imported: first those that are not read."""
    for source in sources:
        yield from source.left_out
    for read in reads:
        yield from read.left_out


def _read_path(
    source: Source, path: str, reader: Reader | None, options: ReadOptions
) -> ReadFile | None:
    """One file; a bug of a reader is an error of this file only."""
    shown = source.folder.path_shown(path)
    unread = ReadFile(
        source=source.shown,
        path=shown,
        origin=source.folder.origin(path),
        data=b"",
        format=None,
        found=(),
    )
    with CaughtBug() as bug:
        try:
            file = source.folder.file(path)
            return None if file is None else _read_file(file, unread, reader, options)
        except UnreadableSource as error:
            return replace(unread, found=(error.loss,))
    return replace(unread, found=(self_check_loss(str(bug.error), Place(shown)),))


def _read_file(
    file: SourceFile, unread: ReadFile, reader: Reader | None, options: ReadOptions
) -> ReadFile:
    unreadable = unread_format(file) if reader is None else None
    if unreadable is not None:
        return replace(unread, data=file.data, found=(unreadable,))
    chosen = reader or _reader_for(file)
    if chosen is None:
        return _of_unknown_format(file, replace(unread, data=file.data))
    try:
        read: _Read = _unless_data_set(file, tuple(chosen.documents(file, options)), options)
        found = tuple(
            _unless_overfull(file, one) for one in read if not isinstance(one, LeftOutText)
        )
        unread = replace(unread, left_out=tuple(_left_out_texts(unread.path, read)))
    except UnreadableSource as error:
        found = (error.loss,)
    except TooManyInputs as error:
        found = (_over_limit(file, str(error)),)
    return replace(unread, data=file.data, format=chosen.NAME, found=found)


def _left_out_texts(path: str, read: _Read) -> Iterator[LeftOut]:
    for one in read:
        if isinstance(one, LeftOutText):
            yield LeftOut(
                path=f"{path}::{one.name}", reason=one.reason, place=one.place, begins=one.begins
            )


def _unless_overfull(file: SourceFile, found: SourceDocument | Loss) -> SourceDocument | Loss:
    if isinstance(found, Loss) or len(found.losses) <= MAX_LOSSES:
        return found
    return _over_limit(file, f"more than {MAX_LOSSES:,} parts of it can't be carried over")


def _over_limit(file: SourceFile, message: str) -> Loss:
    hint = "split the file, or remove what is not a prompt"
    return Loss(code="IMP002", message=message, place=file.place(), hint=hint)


def _reader_for(file: SourceFile) -> Reader | None:
    """The first reader that recognises a file; one that can't parse it does not."""
    if file.suffix in (".yaml", ".yml") and _is_prompt_file(file):
        return None
    for reader in known_readers():
        try:
            if reader.recognises(file):
                return reader
        except UnreadableSource:
            continue
    return None


def _is_prompt_file(file: SourceFile) -> bool:
    try:
        return _PROMPTOPS_FORMAT.search(file.text.value) is not None
    except UnreadableSource:
        return False


def _of_unknown_format(file: SourceFile, unread: ReadFile) -> ReadFile:
    """An error for a file that the user named; another one is only left out."""
    if file.alone:
        return replace(unread, found=_unknown_error(file))
    reason = "unknown format" if _syntax_error(file) is None else "can't be parsed"
    return replace(unread, left_out=(LeftOut(path=unread.path, reason=reason),))


def _unknown_error(file: SourceFile) -> Found:
    invalid = _syntax_error(file)
    if invalid is not None:
        return (invalid,)
    message = "the format is not known"
    hint = "name it with --from; list the formats: promptops import --formats"
    if _is_prompt_file(file):
        message, hint = "it is a prompt file of promptops already", "it needs no import"
    return (Loss(code="IMP001", message=message, place=file.place(), hint=hint),)


def _syntax_error(file: SourceFile) -> Loss | None:
    """The error of a JSON or YAML file that can't be parsed."""
    try:
        if file.suffix == ".json":
            _ = file.json
        elif file.suffix in (".yaml", ".yml"):
            _ = file.yaml
    except UnreadableSource as error:
        return error.loss
    return None


def _unless_data_set(file: SourceFile, found: _Read, options: ReadOptions) -> _Read:
    prompts = [one for one in found if isinstance(one, SourceDocument)]
    if options.selects is not None:
        prompts = [one for one in prompts if options.selects(one.id)]
    if len(prompts) <= MAX_PROMPTS:
        return found
    message = f"there are more than {MAX_PROMPTS} prompts in it, so it is read as a data set"
    hint = "if its rows are test cases, make it a case file"
    if file.suffix in _CODE_ENDINGS:
        hint = f"select those that are prompts: --include '{file.path}::NAME'"
    return (Loss(code="IMP004", message=message, place=file.place(), hint=hint),)


def _with_selected(read: ReadFile, path: str, globs: NameGlobs) -> ReadFile:
    """The file with the prompts that the globs of names select."""
    if not read.found and not read.left_out:
        reason = _WHY_NOTHING_FOUND.get(read.format or "", "no prompt in it")
        return replace(read, left_out=(LeftOut(path=read.path, reason=reason),))
    if not globs.name_prompts:
        return read
    globs.note_names(path, (one.path.partition("::")[2] for one in read.left_out))
    refusals = [(one, globs.name_refusal(path, _proposed_id(one))) for one in read.found]
    return replace(
        read,
        found=tuple(one for one, reason in refusals if reason is None),
        left_out=(
            *(one for one in read.left_out if one.place is None),
            *(
                LeftOut(path=f"{read.path}::{_proposed_id(one).rpartition('/')[2]}", reason=reason)
                for one, reason in refusals
                if reason is not None and isinstance(one, SourceDocument)
            ),
        ),
    )


def _proposed_id(found: SourceDocument | Loss) -> str:
    """The proposed id of a prompt; "" for an error, which a glob of names leaves out."""
    return found.id if isinstance(found, SourceDocument) else ""


def self_check_loss(message: str, place: Place) -> Loss:
    """An IMP016 for a bug of a reader or a writer: its prompt is not written."""
    return Loss(code="IMP016", message=message, place=place, hint=HINT, refuses=True)


# The files that an import reads: those below the sources that can be prompts.

MAX_FILES = 5_000

_SKIPPED_FOLDERS = frozenset(
    str.split("node_modules vendor third_party dist build __pycache__ venv env site-packages")
)
_UNLISTED_FOLDERS = (".git", ".promptops")
"""Hidden folders that are not listed as left out."""
_DOCUMENTATION_STEMS = frozenset(str.split("readme license licence changelog contributing"))
_AGENT_INSTRUCTIONS = frozenset(("agents.md", "claude.md", "gemini.md", "llms.txt"))
_CODE_ENDINGS = frozenset((".py", ".ts", ".tsx", ".js", ".mjs", ".jsx", ".cjs", ".baml"))
_SETTINGS_STEMS = frozenset(str.split("promptops promptops-baseline"))
_BINARY_ENDINGS = frozenset(
    str.split(
        ".png .jpg .jpeg .gif .webp .ico .pdf .zip .gz .tar .whl .so .dll .exe .pyc .woff .woff2"
        " .ttf .mp3 .mp4 .wav .parquet .sqlite .db .bin .onnx .safetensors .lock"
    )
)

IsPrompt = Callable[[Path], bool]
"""Whether a file is a prompt file of promptops, or one that a prompt file uses."""


@record(frozen=True, slots=True, kw_only=True)
class Source:
    """A file or a folder that the user named.

    Attributes:
        shown: As the user named it.
        paths: Of the files to read, below the folder.
        left_out: The files and folders that are not read.
    """

    shown: str
    folder: SourceFolder
    paths: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


def sources(paths: Sequence[str], globs: NameGlobs, workspace: Workspace | None) -> list[Source]:
    """The files of all sources; of a workspace, not those of its prompts.

    Raises InputError for a source that does not exist or is a link, and for too many files.
    """
    is_prompt = _is_prompt(workspace) if workspace is not None else lambda _path: False
    found = [_source_at(path, globs, is_prompt) for path in paths]
    if sum(len(source.paths) for source in found) > MAX_FILES:
        raise _too_many(paths[0])
    return found


def _source_at(path: str, globs: NameGlobs, is_prompt: IsPrompt) -> Source:
    place = Path(path)
    if place.is_symlink():
        hint = f"name the file or folder itself: {os.path.realpath(path)}"
        raise InputError("a symbolic link is not followed", where=path, hint=hint)
    if place.is_file():
        folder = SourceFolder(place.parent, place.parent.as_posix(), alone=True)
        return Source(shown=path, folder=folder, paths=(place.name,))
    if not place.is_dir():
        raise InputError("there is no such file or folder", where=path)
    return _source_in_folder(place, globs, is_prompt)


def _source_in_folder(place: Path, globs: NameGlobs, is_prompt: IsPrompt) -> Source:
    found, left_out = list[str](), list[LeftOut]()
    folder = SourceFolder(place, place.as_posix())
    for name, unread in _files_below(place):
        reason = (
            unread
            or _why_no_prompt(name)
            or _why_used(is_prompt, place / name)
            or globs.refusal(name)
        )
        if reason is None:
            found.append(name)
        else:
            left_out.append(LeftOut(path=folder.path_shown(name), reason=reason))
        if len(found) > MAX_FILES:
            raise _too_many(str(place))
    return Source(shown=str(place), folder=folder, paths=tuple(found), left_out=tuple(left_out))


def _too_many(path: str) -> InputError:
    hint = "import its folders one by one, or use --include"
    return InputError(f"there are more than {MAX_FILES:,} files", where=path, hint=hint)


def _files_below(root: Path) -> Iterator[tuple[str, str | None]]:
    """The paths of all files below a folder, sorted; with a reason those that are not read.

    The files of a folder that is not read are not listed: its path ends with a slash.
    """
    for folder, folders, names in os.walk(root):
        reasons = {name: _unread_folder(folder, name) for name in sorted(folders)}
        folders[:] = [name for name, reason in reasons.items() if reason is None]
        inside = Path(folder).relative_to(root)
        for name, reason in reasons.items():
            if reason is not None and name not in _UNLISTED_FOLDERS:
                yield f"{(inside / name).as_posix()}/", reason
        for name in sorted(names):
            yield (inside / name).as_posix(), _unread_entry(folder, name)


def _unread_folder(folder: str, name: str) -> str | None:
    if name in _SKIPPED_FOLDERS:
        return "dependencies or build output"
    return _unread_entry(folder, name)


def _unread_entry(folder: str, name: str) -> str | None:
    if name[0] == ".":
        return "hidden"
    return "symbolic link" if os.path.islink(os.path.join(folder, name)) else None


def _why_no_prompt(path: str) -> str | None:
    """Why the name of a file is not that of a prompt, or None."""
    name = path.rpartition("/")[2].lower()
    stem = name.partition(".")[0]
    if stem in _DOCUMENTATION_STEMS and os.path.splitext(name)[1] not in _CODE_ENDINGS:
        return "documentation"
    if stem in _SETTINGS_STEMS:
        return "configuration of promptops"
    if name in _AGENT_INSTRUCTIONS:
        return "instructions for coding agents"
    return "binary or lock file" if os.path.splitext(name)[1] in _BINARY_ENDINGS else None


def _why_used(is_prompt: IsPrompt, path: Path) -> str | None:
    return "used by a prompt of this repository" if is_prompt(path) else None


def _is_prompt(workspace: Workspace) -> IsPrompt:
    """The test for the files of the prompts of a workspace; they are listed once it is needed."""
    root = os.path.realpath(workspace.repository.root)
    roots = [os.path.normpath(os.path.join(root, name)) for name in workspace.config.prompts]
    known = set[str]()

    def is_prompt(path: Path) -> bool:
        real = os.path.realpath(path)
        if not any(real.startswith(f"{folder}{os.sep}") for folder in roots):
            return False
        if not known:
            known.update(
                os.path.join(root, *name.split("/")) for name in _files_of_prompts(workspace)
            )
        return real in known

    return is_prompt


def _files_of_prompts(workspace: Workspace) -> Iterator[str]:
    for path in workspace.catalog.prompt_files:
        yield path
        yield from workspace.catalog.dependencies(path)


# Which files of a source, and which prompts in them, an import reads: `--include`, `--exclude`.

_BETWEEN_WORDS = lazy_pattern(r"[^a-z0-9*?\[\]!]+")


class NameGlobs:
    """Globs of paths below a source, `prompts/*.md`, and of names in files, `prompts.py::*_PROMPT`.

    Names are compared by their words: `SYSTEM_PROMPT`, `system-prompt` and `System.prompt` are
    equal.
    """

    def __init__(self, select: Iterable[str] = (), exclude: Iterable[str] = ()) -> None:
        self._select = tuple(map(_parsed_glob, select))
        self._exclude = tuple(map(_parsed_glob, exclude))
        self._matched: set[_Glob] = set()
        self._names: dict[str, None] = {}

    @property
    def name_prompts(self) -> bool:
        """Whether there is a glob of names in files."""
        return any(glob.name is not None for glob in (*self._select, *self._exclude))

    def selects_names_in(self, path: str) -> bool:
        """Whether prompts of a file are selected by their names."""
        return any(glob.name is not None and glob.is_of(path) for glob in self._select)

    def selects_name(self, path: str, identity: str) -> bool:
        """Whether a prompt of a file is selected by its name."""
        return any(
            glob.name is not None and glob.matches(path, identity) for glob in self._select
        ) and not any(glob.matches(path, identity) for glob in self._exclude)

    def refusal(self, path: str) -> str | None:
        """Why a file is not read, or None."""
        if any(glob.name is None and glob.is_of(path) for glob in self._exclude):
            return EXCLUDED
        matching = [glob for glob in self._select if glob.is_of(path)]
        self._matched.update(glob for glob in matching if glob.name is None)
        return NOT_SELECTED if self._select and not matching else None

    def name_refusal(self, path: str, identity: str) -> str | None:
        """Why a prompt of a file that is read is not imported, or None.

        `identity` is its id as its reader proposes it; globs are of the whole id, or of its end.
        """
        self.note_names(path, [identity.rpartition("/")[2]])
        if any(glob.matches(path, identity) for glob in self._exclude):
            return EXCLUDED
        matching = [glob for glob in self._select if glob.matches(path, identity)]
        self._matched.update(matching)
        return NOT_SELECTED if self._select and not matching else None

    def note_names(self, path: str, names: Iterable[str]) -> None:
        """Remember the names of a file that globs could have meant."""
        self._names.update(dict.fromkeys(f"{path}::{name}" for name in names if name))

    def unmatched(self) -> _Glob | None:
        """The first glob that selects nothing; None if no glob or each does."""
        others = (glob for glob in self._select if glob not in self._matched)
        return next(others, None) if self._matched else None

    def names_like(self, glob: _Glob) -> Collection[str]:
        """The names that a mistyped glob may mean: those of its file, or all."""
        return [name for name in self._names if glob.is_of(name.partition("::")[0])] or self._names


@record(frozen=True, slots=True)
class _Glob:
    """`path` of files; `name` of prompts in them, None for all; as it is `written`."""

    path: str
    name: str | None
    written: str

    @property
    def normal(self) -> str:
        """As names are listed: `prompts.py::greeting-prompt`."""
        return self.path if self.name is None else f"{self.path}::{self.name}"

    def is_of(self, path: str) -> bool:
        """Whether it is a glob of a path below a source, also written with the source before it."""
        return fnmatchcase(path, self.path) or self.path.endswith(f"/{path}")

    def matches(self, path: str, identity: str) -> bool:
        """Whether it is a glob of this prompt."""
        names = (identity, identity.rpartition("/")[2])
        return self.is_of(path) and (
            self.name is None or any(fnmatchcase(_words_of(name), self.name) for name in names)
        )


def _parsed_glob(written: str) -> _Glob:
    path, separator, name = written.partition("::")
    return _Glob(path or "*", _words_of(name) if separator else None, written)


def _words_of(name: str) -> str:
    return _BETWEEN_WORDS.sub("-", name.lower())
