"""What a name in a file refers to."""

from __future__ import annotations

from typing import Literal

from promptops.model.place import Place
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class Symbol:
    """What the name at a position refers to.

    Attributes:
        kind: `input`: of a prompt; `item`: of a `for_each`; `local`: defined by a template with
            `set`, `for`, `with`, a macro or an import; `file`: a file, or a prompt by its id.
        name: Of a file, its path.
        place: Of the name at the position: of an input or a local without quotes.
        homes: The files that define it: of an input the prompts in which it was found.
        definition: Where it is defined; None for an input, which is searched when needed.
    """

    kind: Literal["input", "item", "local", "file"]
    name: str
    place: Place
    homes: tuple[str, ...]
    definition: Place | None = None
