"""What an import would read, without ids, files and checks: `promptops import --list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import SourceDocument
from promptops.formats.input_schema import input_schema
from promptops.formats.written_messages import written_messages
from promptops.jobs.importing.name_globs import NameGlobs
from promptops.jobs.importing.options import ImportOptions
from promptops.jobs.importing.reading import read_sources
from promptops.jobs.importing.sources import sources
from promptops.model.imported import Candidate


def candidates(paths: Sequence[str], options: ImportOptions) -> tuple[Candidate, ...]:
    """The prompts of the sources, in their order; needs no repository, and writes nothing.

    Raises InputError for a source that can't be opened, UsageError for an unknown format.
    """
    globs = NameGlobs(options.select, options.exclude)
    found = sources(paths, globs, None)
    reads = read_sources(found, options.format, options.reading, globs)
    documents = (one for read in reads for one in read.found if isinstance(one, SourceDocument))
    return tuple(map(_candidate, documents))


def _candidate(document: SourceDocument) -> Candidate:
    messages, _ = written_messages(document, tuple)
    inputs = input_schema(document, messages, lambda _origin, _name: None, optional=False)
    return Candidate(
        place=document.place,
        name=document.id.rpartition("/")[2],
        format=document.format,
        length=sum(map(len, _texts(messages))),
        variables=tuple(inputs.schema.get("properties", ())),
    )


def _texts(value: Iterable[Any]) -> Iterator[str]:
    """The texts of messages, at any depth."""
    for each in value:
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            yield from _texts(each[key] for key in ("content", "text", "messages") if key in each)
        elif isinstance(each, list):
            yield from _texts(each)
