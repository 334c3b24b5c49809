"""Texts of Langfuse that contain another prompt, `@@@langfusePrompt:name=…@@@`, as includes."""

from __future__ import annotations

from collections import Counter
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
"""Texts in texts; what contains deeper ones is refused."""
_OF_MISSING = "export both prompts to one file"
_OF_CYCLE = "remove one of the references"
_OF_DEPTH = "write a text in place of the reference to it"


class LangfuseRows:
    """The rows of a file, by what references to their texts contain."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._versions = Counter(row["name"] for _, row in rows)
        self._rows: dict[tuple[str, str, str], Row] = {}
        for pointer, row in rows:
            for key in _keys(row):
                self._rows.setdefault(key, (pointer, row))

    def meant(self, reference: str) -> Row | None:
        """The row with the text that `name=…|label=…` or `name=…|version=…` means."""
        steps = (step.partition("=") for step in reference.split("|"))
        given = {key.strip(): value.strip() for key, _, value in steps}
        kind = "version" if "version" in given else "label"
        return self._rows.get((given.get("name", ""), kind, given.get(kind, "production")))

    def has_others(self, row: Mapping[str, Any]) -> bool:
        """Whether the file has other versions of a prompt."""
        return "version" in row and self._versions[row["name"]] > 1


class LangfuseReferences:
    """The prompts of a file that other texts of it contain.

    Attributes:
        partials: The parts of each, by its path in `include` tags.
        losses: An IMP104 for each reference that can't be an include.
    """

    def __init__(self, rows: LangfuseRows, read: ReadText) -> None:
        self.partials: dict[str, tuple[TemplatePart, ...]] = {}
        self.losses: list[Loss] = []
        self._rows = rows
        self._read = read
        self._open: list[str] = []
        self._paths: dict[str, str] = {}
        self._taken: set[str] = set()
        self._numbers = Counter[str]()

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
        found = self._rows.meant(reference)
        if found is None:
            missing = "but this file has no text prompt of that name, label or version"
            self._lose(f"the text contains `{reference}`, {missing}", place, _OF_MISSING)
            return None
        pointer, row = found
        if pointer in self._open:
            message = f"the text contains `{reference}`, which contains it again"
            self._lose(message, place, _OF_CYCLE)
            return None
        if len(self._open) == _MAX_DEPTH:
            message = f"prompts are nested more than {_MAX_DEPTH} levels deep"
            self._lose(message, place, _OF_DEPTH)
            return None
        if pointer not in self._paths:
            self._add(pointer, row, place)
        return self._paths[pointer]

    def _add(self, pointer: str, row: Mapping[str, Any], place: Place) -> None:
        path = self._paths[pointer] = self._free_path(row)
        self._open.append(pointer)
        self.partials[path] = self._parts(self._read(f"{pointer}/prompt"), place)
        self._open.pop()

    def _free_path(self, row: Mapping[str, Any]) -> str:
        """A path of its own; of equal ones all but the first get a number."""
        version = f"-{row['version']}" if self._rows.has_others(row) else ""
        name = identity(row["name"] + version)
        while True:
            self._numbers[name] += 1
            number = self._numbers[name]
            path = f"partials/{name}.md.j2" if number == 1 else f"partials/{name}-{number}.md.j2"
            if path not in self._taken:
                self._taken.add(path)
                return path

    def _lose(self, message: str, place: Place, hint: str) -> None:
        loss = Loss(code="IMP104", message=message, place=place, hint=hint, refuses=True)
        self.losses.append(loss)


def _keys(row: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The name of a text with its version, and with each of its labels."""
    name, labels = row["name"], row.get("labels")
    if isinstance(row["prompt"], str):
        yield name, "version", str(row.get("version"))
        for label in labels if isinstance(labels, list) else ():
            if isinstance(label, str):
                yield name, "label", label
