"""Prompts that Langfuse exports as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceMessage,
    SourceTurn,
    TagPart,
    TemplatePart,
    TextContent,
    TextPart,
)
from promptops.formats.model_fields import (
    PARAMETERS,
    described,
    model_field,
    output_field,
    tools_field,
)
from promptops.formats.plain_texts import identity, text_message, translated
from promptops.formats.source_file import ReadOptions, RegistryRows, Row, SourceFile, other_format
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import replace

NAME = "langfuse"
MARKS = "JSON with `name` and `prompt`, and `type` or `labels`; alone, in a list, or below `data`"
RANK = 200

_MUSTACHE = lazy_pattern(r"\{\{[#^/>&!{]")
_CONFIG = frozenset((*PARAMETERS, "model", "response_format", "tools", "tool_choice"))


def recognises(file: SourceFile) -> bool:
    """Whether each of its prompts has the keys of this format."""
    return file.suffix == ".json" and bool(_ROWS.of(file))


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """Each name once: the version with the label `production`, else the latest."""
    rows = _ROWS.chosen(file)
    if not rows:
        yield other_format(file, NAME, MARKS)
    others = LangfuseRows(_ROWS.of(file))
    for pointer, row in rows:
        yield _Reader(file, options, pointer, row).document(others)


def _is_prompt(row: Mapping[str, Any]) -> bool:
    fits = isinstance(row.get("name"), str) and isinstance(row.get("prompt"), str | list)
    return fits and ("type" in row or "labels" in row)


def _weight(row: Mapping[str, Any]) -> tuple[bool, float]:
    version = row.get("version")
    labels = row.get("labels")
    served = isinstance(labels, list) and "production" in labels
    return served, version if isinstance(version, int | float) else 0


_ROWS = RegistryRows(below=("data", "prompts"), is_prompt=_is_prompt, weight=_weight)


class _Reader:
    def __init__(
        self, file: SourceFile, options: ReadOptions, pointer: str, row: Mapping[str, Any]
    ) -> None:
        self._document = file.json
        self._options = options
        self._pointer = pointer
        self._row = row
        self._names = InputNames()
        self._losses: list[Loss] = []

    def document(self, rows: LangfuseRows) -> SourceDocument:
        """The prompt of one row; its text can contain those of other rows."""
        references = LangfuseReferences(rows, self._parts)
        place = self._document.place(f"{self._pointer}/prompt")
        turns = tuple(references.included(turn, place) for turn in self._turns())
        self._losses += references.losses
        return SourceDocument(
            id=identity(*str(self._row["name"]).split("/")),
            format=NAME,
            place=self._document.place(self._pointer),
            fields=self._fields(),
            messages=turns,
            aliases=self._names.aliases,
            samples=self._options.samples,
            partials=references.partials,
            losses=tuple(self._losses),
        )

    def _parts(self, pointer: str) -> tuple[TemplatePart, ...]:
        """The parts of a text that another one contains."""
        found = translated(self._document.template(pointer), self._options, self._names, "once")
        self._losses += found.losses
        return found.parts

    def _turns(self) -> tuple[SourceTurn, ...]:
        pointer = f"{self._pointer}/prompt"
        self._note_traps(pointer)
        if isinstance(self._row["prompt"], list):
            return chat_turns(
                self._document,
                pointer,
                self._options,
                self._names,
                losses=self._losses,
                syntax="once",
            )
        text = self._document.template(pointer)
        found = translated(text, self._options, self._names, "once")
        self._losses += found.losses
        message = f"a text prompt becomes one message of the role `{self._options.role}`"
        place = self._document.place(pointer)
        self._losses.append(Loss(code="IMP307", message=message, place=place))
        return (text_message(self._options.role, found),)

    def _note_traps(self, pointer: str) -> None:
        for at, text in self._texts(pointer):
            if _MUSTACHE.search(text):
                message = (
                    "Langfuse's Python client renders this as text, its JavaScript client does not"
                )
                hint = "to read it as Mustache: --syntax mustache"
                place = self._document.place(at)
                self._losses.append(Loss(code="IMP233", message=message, place=place, hint=hint))

    def _texts(self, pointer: str) -> Iterator[tuple[str, str]]:
        given = self._row["prompt"]
        if isinstance(given, str):
            yield pointer, given
            return
        for index, message in enumerate(given):
            content = message.get("content") if isinstance(message, Mapping) else None
            if isinstance(content, str):
                yield f"{pointer}/{index}/content", content

    def _fields(self) -> dict[str, Any]:
        row = self._row
        found = row.get("config")
        config: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
        given = {key: value for key, value in config.items() if key in PARAMETERS}
        fields = described({"tags": row.get("tags")}, title=(), tags=("tags",))
        fields |= model_field(config.get("model"), given, self._place, self._losses)
        fields |= output_field(config, self._place, self._losses)
        fields |= tools_field(config, self._place, self._losses)
        rest = {key: value for key, value in config.items() if key not in _CONFIG}
        if rest:
            fields["x-langfuse-config"] = rest
            message = "other keys of `config` are kept as `x-langfuse-config`"
            self._losses.append(Loss(code="IMP202", message=message, place=self._place("")))
        known = {key: row[key] for key in ("version", "labels", "commitMessage") if row.get(key)}
        if known:
            fields["metadata"] = {"langfuse": known}
        return fields

    def _place(self, key: str) -> Place:
        inner = f"/config/{key}" if key else "/config"
        return self._document.place(f"{self._pointer}{inner}", True)


# Texts of Langfuse that contain another prompt, `@@@langfusePrompt:name=…@@@`, as includes.

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
