"""Prompts that Langfuse exports as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.described_fields import described
from promptops.formats.document import Loss, SourceDocument, SourceTurn
from promptops.formats.input_names import InputNames
from promptops.formats.langfuse_references import LangfuseReferences, LangfuseRows
from promptops.formats.model_fields import PARAMETERS, model_field
from promptops.formats.parts import TemplatePart
from promptops.formats.plain_texts import identity, text_message, translated
from promptops.formats.registry import ReadOptions, other_format
from promptops.formats.registry_rows import RegistryRows
from promptops.formats.request_fields import output_field, tools_field
from promptops.formats.source_file import SourceFile
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

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
