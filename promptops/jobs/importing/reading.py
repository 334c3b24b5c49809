"""The documents in the files of a source."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from promptops.errors import UsageError
from promptops.formats.document import Loss, SourceDocument
from promptops.formats.registry import Reader, ReadOptions, known_readers
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.jobs.importing.sources import Source
from promptops.model.internal_error import HINT, CaughtBug
from promptops.records import record
from promptops.suggestions import did_you_mean

MAX_PROMPTS = 200
"""More prompts than this in one file are a data set."""


@record(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """One file of a source.

    Attributes:
        found: Its prompts, and errors about parts that are none; empty for an unknown format.
    """

    path: str
    data: bytes
    known: bool
    found: tuple[SourceDocument | Loss, ...]


def reader_named(name: str) -> Reader:
    """The reader for `--from`. Raises UsageError."""
    readers = {reader.NAME: reader for reader in known_readers()}
    if name not in readers:
        hint = did_you_mean(name, readers) or "list them: promptops import --formats"
        raise UsageError(f"there is no format `{name}`", hint=hint)
    return readers[name]


def read_source(
    source: Source, reader: Reader | None, options: ReadOptions, select: tuple[str, ...] = ()
) -> Iterator[ReadFile]:
    """The files of a source; without a reader the first one that recognises a file reads it.

    A file that another file uses is not read by itself. `select` has globs of names inside of
    files, after `::`.
    """
    wanted = tuple(glob.partition("::")[2] for glob in select if "::" in glob)
    found = [(path, _read(source, path, reader, options)) for path in source.paths]
    for path, read in found:
        if read is not None and path not in source.folder.used:
            yield _selected(read, wanted)


def _read(
    source: Source, path: str, reader: Reader | None, options: ReadOptions
) -> ReadFile | None:
    try:
        file = source.folder.file(path)
    except UnreadableSource as error:
        return ReadFile(
            path=source.folder.path_shown(path), data=b"", known=True, found=(error.loss,)
        )
    if file is None:
        return None
    chosen = reader or _recognised(file)
    found = _documents(file, chosen, options) if chosen is not None else ()
    if chosen is None and source.alone:
        message = "the format is not known"
        hint = "name it with --from; list the formats: promptops import --formats"
        found = (Loss(code="IMP001", message=message, place=file.place(), hint=hint),)
    return ReadFile(
        path=file.shown, data=file.data, known=chosen is not None, found=_limited(file, found)
    )


def _documents(
    file: SourceFile, reader: Reader, options: ReadOptions
) -> tuple[SourceDocument | Loss, ...]:
    found: tuple[SourceDocument | Loss, ...] = ()
    with CaughtBug() as bug:
        try:
            found = tuple(reader.documents(file, options))
        except UnreadableSource as error:
            return (error.loss,)
    if bug.error is None:
        return found
    return (Loss(code="IMP016", message=str(bug.error), place=file.place(), hint=HINT),)


def _recognised(file: SourceFile) -> Reader | None:
    """The first reader that recognises a file; one that can't parse it does not."""
    for reader in known_readers():
        try:
            if reader.recognises(file):
                return reader
        except UnreadableSource:
            continue
    return None


def _limited(
    file: SourceFile, found: tuple[SourceDocument | Loss, ...]
) -> tuple[SourceDocument | Loss, ...]:
    if sum(isinstance(one, SourceDocument) for one in found) <= MAX_PROMPTS:
        return found
    message = f"there are more than {MAX_PROMPTS} prompts in it, so it is read as a data set"
    hint = "if its rows are test cases, make it a case file"
    return (Loss(code="IMP004", message=message, place=file.place(), hint=hint),)


def _selected(read: ReadFile, wanted: tuple[str, ...]) -> ReadFile:
    if not wanted:
        return read
    kept = tuple(
        one
        for one in read.found
        if isinstance(one, SourceDocument)
        and any(fnmatch(one.id.rpartition("/")[2], glob) for glob in wanted)
    )
    return ReadFile(path=read.path, data=read.data, known=read.known, found=kept)
