"""The readers: modules in `readers/`, and entry points `promptops.formats` of other packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, Protocol

from promptops.errors import InputError
from promptops.formats import readers
from promptops.formats.document import Loss, SourceDocument
from promptops.formats.source_file import SourceFile
from promptops.plugins import load, modules_in, offers
from promptops.records import field, record

GROUP = "promptops.formats"

Syntax = Literal["jinja", "double", "single", "format", "dollar", "mustache", "none"]


@record(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What the user decides about a source.

    Attributes:
        syntax: How plain texts mark variables; None to guess.
        role: Of a text whose role the source does not define.
        sample: Example inputs.
        by_name: The user selects prompts of the file by their names: what looks like data is one.
    """

    syntax: Syntax | None = None
    role: Literal["system", "user"] = "user"
    sample: Mapping[str, Any] = field(default_factory=dict)
    by_name: bool = False

    @property
    def samples(self) -> tuple[Mapping[str, Any], ...]:
        """The sample as the samples of a document."""
        return (self.sample,) if self.sample else ()


class Reader(Protocol):
    """A module that reads one format.

    Attributes:
        NAME: For `--from`.
        MARKS: How its files are recognised, for people: one line.
        RANK: Readers are tried in ascending order; a mark that is more exact has a lower rank.
    """

    NAME: str
    MARKS: str
    RANK: int

    @staticmethod
    def recognises(file: SourceFile) -> bool:
        """Whether the file has the marks of this format. Raises UnreadableSource."""

    @staticmethod
    def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
        """The prompts of a file, and errors about parts that are not written.

        Never raises anything but UnreadableSource. No code of the file is run.
        """


def other_format(file: SourceFile, name: str, marks: str) -> Loss:
    """An IMP002 for a file that the user gave to a reader of another format."""
    message = f"it is not a file of the format `{name}`"
    hint = f"leave out --from; its marks are: {marks}"
    return Loss(code="IMP002", message=message, place=file.place(), hint=hint)


@cache
def known_readers() -> tuple[Reader, ...]:
    """All readers by rank. Raises InputError for a plug-in that is broken, or a name used twice."""
    found: dict[str, Reader] = {}
    for reader in [*modules_in(readers), *(load(offer) for offer in offers(GROUP))]:
        if reader.NAME in found:
            raise InputError(f"two readers have the name `{reader.NAME}`")
        found[reader.NAME] = reader
    return tuple(sorted(found.values(), key=lambda reader: (reader.RANK, reader.NAME)))
