"""What a template language loses at the tags of one text."""

from __future__ import annotations

from promptops.formats.document import Loss
from promptops.model.place import Text


class TagLosses:
    """The losses of one text, in their order."""

    def __init__(self, text: Text) -> None:
        self.found: list[Loss] = []
        self._text = text

    def lost(self, code: str, message: str, offset: int) -> None:
        """A tag without a counterpart, which refuses the prompt."""
        self.found.append(self._loss(code, message, offset, refuses=True))

    def note(self, code: str, message: str, offset: int) -> None:
        """What is carried in another way; the same note is kept once."""
        loss = self._loss(code, message, offset)
        if loss not in self.found:
            self.found.append(loss)

    def _loss(self, code: str, message: str, offset: int, *, refuses: bool = False) -> Loss:
        place = self._text.place(offset, offset + 2)
        return Loss(code=code, message=message, place=place, refuses=refuses)
