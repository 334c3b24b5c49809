"""Names for the rows of lists, so that an id has `triage` in place of an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from promptops.formats.plain_texts import id_step

_NAMES = ("id", "key", "slug", "name", "label", "title", "act")
_LONGEST = 60


def row_names(rows: Sequence[Any]) -> Mapping[int, str]:
    """The name of each row by its index, as a step of an id; none for a name that two rows have."""
    found = {index: name for index, row in enumerate(rows) if (name := id_step(_name(row)))}
    count = Counter(found.values())
    return {index: name for index, name in found.items() if count[name] == 1}


def _name(row: Any) -> str:
    """What a row is called by the first of some keys; "" without a short text there."""
    given = (row.get(key) for key in _NAMES) if isinstance(row, Mapping) else ()
    texts = (one.strip() for one in given if isinstance(one, str) and len(one) <= _LONGEST)
    return next((one for one in texts if one and not one.isdigit()), "")
