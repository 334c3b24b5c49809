"""What a template language makes of a text."""

from __future__ import annotations

from collections.abc import Callable

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.parts import TemplatePart
from promptops.model.place import Text
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class Translation:
    """A text of another language."""

    parts: tuple[TemplatePart, ...]
    losses: tuple[Loss, ...] = ()


Translate = Callable[[Text, InputNames], Translation]
