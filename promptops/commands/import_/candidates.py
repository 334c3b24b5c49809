"""What an import would read, without files and checks: `promptops import --list`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.commands.import_.findings import findings
from promptops.commands.import_.ids import Ids
from promptops.commands.import_.name_globs import NameGlobs
from promptops.commands.import_.options import ImportOptions
from promptops.commands.import_.reading import ReadFile, left_out, read_sources, self_check_loss
from promptops.commands.import_.sources import sources
from promptops.formats.document import Loss, SourceDocument
from promptops.formats.input_schema import input_schema
from promptops.formats.written_messages import written_messages
from promptops.model.imported import Candidate, CandidateList
from promptops.model.internal_error import CaughtBug


def candidates(paths: Sequence[str], options: ImportOptions) -> CandidateList:
    """The prompts of the sources, in their order; needs no repository, and writes nothing.

    Raises InputError for a source that can't be opened, UsageError for an unknown format.
    """
    globs = NameGlobs(options.select, options.exclude)
    found = sources(paths, globs, None)
    reads = tuple(read_sources(found, options.format, options.reading, globs))
    listed = tuple(_listed(reads))
    return CandidateList(
        candidates=tuple(one for one in listed if isinstance(one, Candidate)),
        findings=tuple(findings(reads, (("", one) for one in listed if isinstance(one, Loss)))),
        left_out=tuple(left_out(found, reads)),
    )


def _listed(reads: Iterable[ReadFile]) -> Iterator[Candidate | Loss]:
    """The prompts with their ids, and errors about other parts of their files."""
    ids = Ids("", ())
    for read in reads:
        for one in read.found:
            if isinstance(one, Loss):
                yield one
                continue
            with CaughtBug() as bug:
                yield _candidate(*ids.named(one, None))
            if bug.error is not None:
                yield self_check_loss(str(bug.error), one.place)


def _candidate(document: SourceDocument, _losses: Sequence[Loss]) -> Candidate:
    messages, _ = written_messages(document, tuple)
    inputs = input_schema(document, messages, lambda _origin, _name: None, optional=False)
    return Candidate(
        place=document.place,
        id=document.id,
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
