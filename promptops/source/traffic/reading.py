"""What a reader knows about the part that it reads, and what it yields besides samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from os.path import basename
from typing import Any, Protocol, cast

from promptops.model.score import BrokenLine, Part, PartEnd, Sample, SimilarKey
from promptops.plugins import module_named, module_names
from promptops.source.traffic import readers
from promptops.source.traffic.files import TrafficFile
from promptops.source.traffic.values import LineError
from promptops.suggestions import MAX_NAME_CHARS, nearest_name

Read = Sample | BrokenLine | SimilarKey | PartEnd

PART_BYTES = 16 * 1024 * 1024
"""The size of a part."""

MAX_KEYS = 200
"""Unknown keys of a part that are compared with the known ones; logs may have keys without end."""

_OTHER_NAMES = {
    **dict.fromkeys(("timestamp", "time", "ts", "created_at", "date"), "at"),
    **dict.fromkeys(("response", "answer", "completion"), "output"),
    **dict.fromkeys(("prompt_name", "prompt_id"), "prompt"),
}
"""Keys that logs often have in place of that of a sample."""

_SIMILAR = 0.8


class Reader(Protocol):
    """One format, in a file of `source/traffic/readers/`, as its `READER`."""

    def recognises(self, head: Head) -> int:
        """How surely a file has this format, by its first lines; 0 if it does not."""

    def parts(self, file: TrafficFile, size: int) -> Iterable[Part]:
        """Parts of about `size` bytes, in the order of the file; InputError if it has none."""

    def read(self, part: Part, fields: Mapping[str, str]) -> Iterator[Read]:
        """The samples of a part in order, with broken lines between; `PartEnd` comes last.

        `fields` has a JSON pointer for each field that is elsewhere in a line.
        """


class Head:
    """The beginning of a file.

    Attributes:
        data: The first bytes.
        row: The first line that is a JSON object; None if none of the first lines is one.
    """

    __slots__ = ("data", "row")

    def __init__(self, data: bytes, row: Mapping[str, Any] | None) -> None:
        self.data = data
        self.row = row


class Reading:
    """The state of reading one part.

    Attributes:
        fields: As in `Reader.read`.
        offset: Of the current line; see `Sample`.
        row: The 0-based number of the current row of a JSON document.
        row_place: Offset and column of that row, or of a key in it; None in lines.
        lines: That were read, broken ones included.
        ignored: Records that are not a request to a model, by kind.
        similar: Keys that are nearly known ones, not yet yielded.
    """

    __slots__ = (
        *("_compared", "_name", "fields", "ignored", "lines", "offset", "part", "row"),
        *("row_place", "similar"),
    )

    def __init__(self, part: Part, fields: Mapping[str, str]) -> None:
        self.part = part
        self.fields = fields
        self.offset = part.start
        self.row = 0
        self.row_place: Callable[[str], tuple[int, int]] | None = None
        self.lines = 0
        self.ignored: Counter[str] = Counter()
        self.similar: list[SimilarKey] = []
        self._name = basename(part.path)
        self._compared: set[str] = set()

    @property
    def identity(self) -> str:
        """The id of a sample that has none."""
        return f"{self._name}:{self.row if self.part.document else self.offset}"

    def sample(self, facts: dict[str, Any]) -> Sample:
        """The sample of the current line; missing fields keep their defaults."""
        if not facts.get("id"):
            facts["id"] = self.identity
        facts["path"], facts["offset"] = self.part.path, self.offset
        return Sample(**facts)

    def compare(self, keys: Iterable[str], known: frozenset[str], present: Any) -> None:
        """Note each new key that is nearly a known one which the line does not have."""
        for key in keys:
            if len(self._compared) >= MAX_KEYS:
                return
            if key in self._compared or len(key) > MAX_NAME_CHARS:
                continue
            self._compared.add(key)
            nearest = _OTHER_NAMES.get(key) or nearest_name(key, known, _SIMILAR)
            if nearest in known and nearest not in present:
                note = SimilarKey(path=self.part.path, key=key, nearest=nearest)
                self.similar.append(note)

    def noted(self) -> Iterator[SimilarKey]:
        """The similar keys since the last call."""
        yield from self.similar
        self.similar.clear()

    def broken(
        self, error: LineError, column: int = 1, lines: int = 1, offset: int | None = None
    ) -> BrokenLine:
        """The current line, or the one at an offset, as a broken one."""
        return BrokenLine(
            path=self.part.path,
            location=self.part.location,
            offset=self.offset if offset is None else offset,
            column=column,
            message=error.message,
            lines=lines,
        )

    @property
    def end(self) -> PartEnd:
        """The last value of the part."""
        return PartEnd(lines=self.lines, ignored=dict(self.ignored))


def reader_names() -> list[str]:
    """The names of all formats, sorted."""
    return module_names(readers)


def reader(name: str) -> Reader:
    """The reader of a format; UsageError for an unknown name."""
    unknown = f"`{name}` is not a format of samples"
    module = module_named(readers, name, unknown=unknown, known_as="formats")
    return cast(Reader, module.READER)
