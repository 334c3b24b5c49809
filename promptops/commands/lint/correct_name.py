"""The edit that replaces a misspelt word by the name that a hint suggests."""

from __future__ import annotations

from json import dumps

from promptops.catalog.catalog import Catalog
from promptops.model.finding import Edit
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

_SUGGESTED = lazy_pattern(r"""did you mean ([`"])([A-Za-z_][\w./-]*)\1\?""")


def correction(catalog: Catalog, place: Place, message: str, hint: str | None) -> Edit | None:
    """The edit for a hint such as "did you mean `ticket`?", which keeps the quotes of a string.

    None without such a hint, and where the place is not the misspelt word that the message names.
    """
    suggested = _SUGGESTED.fullmatch(hint or "")
    if suggested is None or place.line != place.end_line:
        return None
    written = catalog.line(place.path, place.line)[place.column - 1 : place.end_column - 1]
    word = _unquoted(written)
    if not word or (f"`{word}`" not in message and dumps(word) not in message):
        return None
    return Edit(place, written.replace(word, suggested[2]))


def _unquoted(written: str) -> str:
    is_quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "'\""
    return written[1:-1] if is_quoted else written
