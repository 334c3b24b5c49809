"""Texts of Langfuse that contain another prompt, `@@@langfusePrompt:name=…@@@`, as includes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss, SourceMessage, SourceTurn, TextContent
from promptops.formats.parts import TagPart, TemplatePart, TextPart
from promptops.formats.plain_texts import identity
from promptops.formats.registry_rows import Row
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import replace

ReadText = Callable[[str], tuple[TemplatePart, ...]]
"""The parts of the text at a JSON pointer."""

_REFERENCE = lazy_pattern(r"@@@langfusePrompt:([^\n]*?)@@@")
_MAX_DEPTH = 10
"""Texts in texts; deeper ones are refused as those that contain themselves."""
_HINT = "export both prompts to one file"


class LangfuseReferences:
    """The prompts of a file that other texts of it contain.

    Attributes:
        partials: The parts of each, by its path in `include` tags.
        losses: An IMP104 for each reference to what is no text of the file.
    """

    def __init__(self, rows: Sequence[Row], read: ReadText) -> None:
        self.partials: dict[str, tuple[TemplatePart, ...]] = {}
        self.losses: list[Loss] = []
        self._rows = rows
        self._read = read
        self._open: list[str] = []

    def included(self, turn: SourceTurn, place: Place) -> SourceTurn:
        """A message with an include in place of each reference."""
        if not isinstance(turn, SourceMessage):
            return turn
        content = tuple(
            replace(one, parts=self._parts(one.parts, place))
            if isinstance(one, TextContent)
            else one
            for one in turn.content
        )
        return replace(turn, content=content)

    def _parts(self, parts: Sequence[TemplatePart], place: Place) -> tuple[TemplatePart, ...]:
        return tuple(piece for part in parts for piece in self._pieces(part, place))

    def _pieces(self, part: TemplatePart, place: Place) -> Iterator[TemplatePart]:
        if not isinstance(part, TextPart):
            yield part
            return
        position = 0
        for match in _REFERENCE.finditer(part.text):
            yield TextPart(part.text[position : match.start()])
            path = self._partial(match[1], place)
            yield TextPart(match[0]) if path is None else TagPart(f'include "{path}"')
            position = match.end()
        yield TextPart(part.text[position:])

    def _partial(self, reference: str, place: Place) -> str | None:
        """The path of a partial; None, with a loss, for what can't be included."""
        found = next((row for row in self._rows if _is_meant(row[1], reference)), None)
        if found is None:
            self._lose(f"the text contains `{reference}`, which is no text of this file", place)
            return None
        pointer, row = found
        if pointer in self._open or len(self._open) == _MAX_DEPTH:
            self._lose(f"the text contains `{reference}`, which contains this text", place)
            return None
        version = f"-{row['version']}" if self._is_one_of_several(row) else ""
        path = f"partials/{identity(row['name'] + version)}.md.j2"
        if path not in self.partials:
            self._open.append(pointer)
            self.partials[path] = self._parts(self._read(f"{pointer}/prompt"), place)
            self._open.pop()
        return path

    def _is_one_of_several(self, row: Mapping[str, Any]) -> bool:
        """Whether the file has other versions of a prompt."""
        return "version" in row and sum(one["name"] == row["name"] for _, one in self._rows) > 1

    def _lose(self, message: str, place: Place) -> None:
        loss = Loss(code="IMP104", message=message, place=place, hint=_HINT, refuses=True)
        self.losses.append(loss)


def _is_meant(row: Mapping[str, Any], reference: str) -> bool:
    """Whether `name=…|label=…` or `name=…|version=…` means a row with a text."""
    steps = (step.partition("=") for step in reference.split("|"))
    given = {key.strip(): value.strip() for key, _, value in steps}
    if row["name"] != given.get("name") or not isinstance(row["prompt"], str):
        return False
    if "version" in given:
        return str(row.get("version")) == given["version"]
    labels = row.get("labels")
    return isinstance(labels, list) and given.get("label", "production") in labels
