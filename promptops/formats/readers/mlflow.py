"""Prompts of MLflow's registry, as JSON of `search_prompts` or `load_prompt`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.document import ExpressionPart, Loss, SourceDocument, SourceTurn
from promptops.formats.model_fields import model_field
from promptops.formats.plain_texts import identity, text_message, translated
from promptops.formats.source_file import ReadOptions, RegistryRows, SourceFile, other_format
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

NAME = "mlflow"
MARKS = "JSON with `name`, `version` and `template`; alone, in a list, or below `prompts`"
RANK = 210

_JINJA = lazy_pattern(r"\{%")
_OWN = frozenset(("version", "aliases", "model_config", "response_format", "commit_message"))


def recognises(file: SourceFile) -> bool:
    """Whether each of its prompts has the keys of this format."""
    return file.suffix == ".json" and bool(_ROWS.of(file))


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """Each name once, with its latest version."""
    rows = _ROWS.chosen(file)
    if not rows:
        yield other_format(file, NAME, MARKS)
    for pointer, row in rows:
        yield _document(file, options, pointer, row)


def _is_prompt(row: Mapping[str, Any]) -> bool:
    fits = isinstance(row.get("name"), str) and isinstance(row.get("template"), str | list)
    return fits and bool(_OWN & set(row))


def _version(row: Mapping[str, Any]) -> float:
    try:
        return float(row.get("version", 0))
    except (TypeError, ValueError):
        return 0


_ROWS = RegistryRows(below=("prompts",), is_prompt=_is_prompt, weight=_version)


def _document(
    file: SourceFile, options: ReadOptions, pointer: str, row: Mapping[str, Any]
) -> SourceDocument:
    document, names, losses = file.json, InputNames(), list[Loss]()
    at = f"{pointer}/template"
    turns: tuple[SourceTurn, ...]
    if isinstance(row["template"], list):
        turns = chat_turns(document, at, options, names, losses=losses)
    else:
        syntax = "jinja" if _JINJA.search(row["template"]) else "double"
        found = translated(document.template(at), options, names, syntax)
        losses += found.losses
        turns = (text_message(options.role, found),)
        replaced = {part.source for part in found.parts if isinstance(part, ExpressionPart)}
        if syntax == "double" and len(replaced) > 1:
            message = "MLflow also replaces a `{{name}}` in the value of another input"
            losses.append(Loss(code="IMP233", message=message, place=document.place(at, True)))

    def place(key: str) -> Place:
        return document.place(f"{pointer}/model_config/{key}" if key else pointer, True)

    given_config = row.get("model_config")
    config: Mapping[str, Any] = given_config if isinstance(given_config, Mapping) else {}
    named = ("model_name", "provider")
    given = {key: value for key, value in config.items() if key not in named and value is not None}
    provider = config.get("provider") if isinstance(config.get("provider"), str) else None
    fields = model_field(config.get("model_name"), given, place, losses, provider)
    if isinstance(row.get("response_format"), Mapping):
        fields["output"] = {"format": "json", "schema": row["response_format"]}
    tags = row.get("tags")
    known = {key: row[key] for key in ("version", "aliases", "commit_message") if row.get(key)}
    if isinstance(tags, Mapping) and tags:
        known["tags"] = tags
    if known:
        fields["metadata"] = {"mlflow": known}
    return SourceDocument(
        id=identity(*str(row["name"]).replace(".", "/").split("/")),
        format=NAME,
        place=document.place(pointer),
        fields=fields,
        messages=turns,
        aliases=names.aliases,
        samples=options.samples,
        losses=tuple(losses),
    )
