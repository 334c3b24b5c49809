"""Read the samples of one part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from promptops.model.sample import Part
from promptops.source.traffic.reading import Read
from promptops.source.traffic.registry import reader

_NO_FIELDS: Mapping[str, str] = {}


def samples(part: Part, fields: Mapping[str, str] = _NO_FIELDS) -> Iterator[Read]:
    """The samples of a part in the order of the file; `PartEnd` comes last.

    Lines that can't be read come between them as `BrokenLine`, and keys that are nearly known ones
    as `SimilarKey`. `fields` has JSON pointers by the names in `model.sample.FIELD_NAMES`. Raises
    InputError for a file that can't be opened (any more), UsageError for a missing package.
    """
    return reader(part.format).read(part, fields)
