"""What a template language makes of a text, and the names that inputs get."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from keyword import iskeyword

from promptops.formats.document import Loss, TemplatePart
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.node_facts import SPECIAL

_NOT_IN_NAMES = lazy_pattern(r"[^A-Za-z0-9_]+")
_OF_JINJA = SPECIAL | {"true", "false", "none", "range", "namespace", "varargs", "super"}


MAX_INPUTS = 1_000
"""Of one prompt; a file with more is data."""


class TooManyInputs(Exception):
    """A source has more inputs than one prompt can have; the message says so."""


class InputNames:
    """The name here of each input of a source.

    Attributes:
        aliases: The name in the source, by the name here, where they differ.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.aliases: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._taken: set[str] = set()
        for name in names:
            self.name(name)

    def name(self, old: str) -> str:
        """The name for an input: the same where a template can read it.

        Raises TooManyInputs.
        """
        if old not in self._new:
            new = _readable(old)
            while new in self._taken:
                new += "_"
            if len(self._taken) >= MAX_INPUTS:
                raise TooManyInputs(f"a prompt has more than {MAX_INPUTS:,} inputs")
            self._new[old] = new
            self._taken.add(new)
            if new != old:
                self.aliases[new] = old
        return self._new[old]


def _readable(old: str) -> str:
    new = _NOT_IN_NAMES.sub("_", old).strip("_") or "input"
    if old.isidentifier() and old.isascii():
        new = old
    if new[0].isdigit():
        new = f"n{new}"
    return f"{new}_" if iskeyword(new) or new in _OF_JINJA else new


# What a template language makes of a text.


@record(frozen=True, slots=True, kw_only=True)
class Translation:
    """A text of another language."""

    parts: tuple[TemplatePart, ...]
    losses: tuple[Loss, ...] = ()


Translate = Callable[[Text, InputNames], Translation]
