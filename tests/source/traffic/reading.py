"""Read files with samples as `promptops score` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptops.model.score import BrokenLine, PartEnd, Sample, SimilarKey
from promptops.source.traffic.files import opened
from promptops.source.traffic.parts import AUTO, line_at, parts, samples
from promptops.source.traffic.reading import PART_BYTES

EXPORTS = Path(__file__).parent / "exports"


class Found:
    """All values of all parts of some files.

    Attributes:
        broken: Line, column and message of each broken line.
        parts: The number of parts.
    """

    def __init__(
        self,
        paths: Sequence[Path | str],
        fields: Mapping[str, str] = {},
        *,
        form: str = AUTO,
        size: int = PART_BYTES,
    ) -> None:
        values: list[Any] = []
        self.broken: list[tuple[int, int, str]] = []
        with opened([str(path) for path in paths]) as files:
            cut = list(parts(files, form, size))
            for part in cut:
                values += samples(part, fields)
            for each in values:
                if isinstance(each, BrokenLine):
                    line = line_at(each.location, each.offset)
                    self.broken.append((line, each.column, each.message))
        self.parts = len(cut)
        self.samples = [each for each in values if isinstance(each, Sample)]
        self.similar = [(each.key, each.nearest) for each in values if isinstance(each, SimilarKey)]
        ends = [each for each in values if isinstance(each, PartEnd)]
        self.lines = sum(end.lines for end in ends)
        self.ignored = {name: n for end in ends for name, n in end.ignored.items()}
        self.values = values


def exported(name: str) -> Found:
    """The samples of a file in `exports/`."""
    return Found([EXPORTS / name])
