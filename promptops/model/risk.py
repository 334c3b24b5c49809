"""Changes to the rules of the gate."""

from __future__ import annotations

from promptops.model.place import Place
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class Risk:
    """One thing in a change that makes the gate less strict.

    Attributes:
        message: One line: lower case, no full stop; without the prompt, the case and the place.
        prompt: The id of the prompt, or "".
        case: Name of the test case, or "".
        place: None if the change removed it.
        refused: Whether it fails the gate regardless of `check.fail-on`.
    """

    message: str
    prompt: str = ""
    case: str = ""
    place: Place | None = None
    refused: bool = False

    @property
    def sentence(self) -> str:
        """The message, with the prompt and the case in front."""
        case = f"case `{self.case}`" if self.case else ""
        return ": ".join(filter(None, (self.prompt, case, self.message)))

    def __str__(self) -> str:
        where = f" ({self.place.path}:{self.place.line})" if self.place is not None else ""
        return f"{self.sentence}{where}"
