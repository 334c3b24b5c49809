"""The documents in the files of the sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from promptops.commands.import_.name_globs import NameGlobs
from promptops.commands.import_.sources import Source
from promptops.errors import UsageError
from promptops.formats.document import Loss, SourceDocument
from promptops.formats.registry import Reader, ReadOptions, known_readers
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.formats.unread_formats import unread_format
from promptops.model.imported import LeftOut
from promptops.model.internal_error import HINT, CaughtBug
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.suggestions import did_you_mean

MAX_PROMPTS = 200
"""More prompts than this in one file are a data set."""

_NO_STRING = "no string looks like a prompt, by its name, length and words"
_NOTHING_FOUND: Mapping[str, str] = {
    "python": _NO_STRING,
    "typescript": _NO_STRING,
    "text": "part of the prompt of another file, which is not selected",
}
"""Why nothing was found, by the name of the reader."""

_OWN_FORMAT = lazy_pattern(r"(?m)^format:\s*[\"']?promptops/")

Found = tuple[SourceDocument | Loss, ...]


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


def reader_named(name: str) -> Reader:
    """The reader for `--from`. Raises UsageError."""
    readers = {reader.NAME: reader for reader in known_readers()}
    if name not in readers:
        hint = did_you_mean(name, readers) or "list them: promptops import --formats"
        raise UsageError(f"there is no format `{name}`", hint=hint)
    return readers[name]


def read_sources(
    sources: Iterable[Source], format_name: str | None, options: ReadOptions, globs: NameGlobs
) -> Iterator[ReadFile]:
    """The files of all sources; without a format the first reader that recognises a file reads it.

    A file that another file uses is not read by itself. Raises UsageError for an unknown format.
    """
    reader = reader_named(format_name) if format_name else None
    for source in sources:
        found = [(path, _read(source, path, reader, options)) for path in source.paths]
        for path, read in found:
            if read is not None and path not in source.folder.used:
                yield _selected(read, path, globs)


def left_out(sources: Iterable[Source], reads: Iterable[ReadFile]) -> Iterator[LeftOut]:
    """The files from which nothing is imported: first those that are not read."""
    for source in sources:
        yield from source.left_out
    for read in reads:
        yield from read.left_out


def _read(
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
    chosen = reader or _recognised(file)
    if chosen is None:
        return _unknown(file, replace(unread, data=file.data))
    try:
        found = _limited(file, tuple(chosen.documents(file, options)))
    except UnreadableSource as error:
        found = (error.loss,)
    return replace(unread, data=file.data, format=chosen.NAME, found=found)


def _unknown(file: SourceFile, unread: ReadFile) -> ReadFile:
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
    if _is_own(file):
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


def _is_own(file: SourceFile) -> bool:
    try:
        return _OWN_FORMAT.search(file.text.value) is not None
    except UnreadableSource:
        return False


def self_check_loss(message: str, place: Place) -> Loss:
    """An IMP016 for a bug of a reader or a writer: its prompt is not written."""
    return Loss(code="IMP016", message=message, place=place, hint=HINT, refuses=True)


def _recognised(file: SourceFile) -> Reader | None:
    """The first reader that recognises a file; one that can't parse it does not."""
    if file.suffix in (".yaml", ".yml") and _is_own(file):
        return None
    for reader in known_readers():
        try:
            if reader.recognises(file):
                return reader
        except UnreadableSource:
            continue
    return None


def _limited(file: SourceFile, found: Found) -> Found:
    if sum(isinstance(one, SourceDocument) for one in found) <= MAX_PROMPTS:
        return found
    message = f"there are more than {MAX_PROMPTS} prompts in it, so it is read as a data set"
    hint = "if its rows are test cases, make it a case file"
    return (Loss(code="IMP004", message=message, place=file.place(), hint=hint),)


def _selected(read: ReadFile, path: str, globs: NameGlobs) -> ReadFile:
    """The file with the prompts that the globs of names select."""
    if not read.found and not read.left_out:
        reason = _NOTHING_FOUND.get(read.format or "", "no prompt in it")
        return replace(read, left_out=(LeftOut(path=read.path, reason=reason),))
    if not globs.name_prompts:
        return read
    refusals = [(one, globs.name_refusal(path, _identity(one))) for one in read.found]
    return replace(
        read,
        found=tuple(one for one, reason in refusals if reason is None),
        left_out=tuple(
            LeftOut(path=f"{read.path}::{_identity(one).rpartition('/')[2]}", reason=reason)
            for one, reason in refusals
            if reason is not None and isinstance(one, SourceDocument)
        ),
    )


def _identity(found: SourceDocument | Loss) -> str:
    """The proposed id of a prompt; "" for an error, which a glob of names leaves out."""
    return found.id if isinstance(found, SourceDocument) else ""
