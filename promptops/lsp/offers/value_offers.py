"""Offers of values: lists of the schema, profiles, paths, names of inputs and of prompts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lsprotocol.types import CompletionItemKind as Kind

from promptops.evals.probes.library import family_names
from promptops.formats.yaml_file import scalar
from promptops.json_pointer import escaped
from promptops.lsp.at_cursor.assertion_kinds import assertion_kind, summary
from promptops.lsp.at_cursor.here import PROFILE, Here
from promptops.lsp.at_cursor.input_names import inputs, schemas_of, steps_in_case
from promptops.lsp.at_cursor.path_kinds import path_kind
from promptops.lsp.at_cursor.prompt_schema import schemas_at, types_of, values_of
from promptops.lsp.offers.input_offers import input_offers
from promptops.lsp.offers.model_offers import model_offers, profile_offers, provider_offers
from promptops.lsp.offers.offer import Offer, offers_of
from promptops.lsp.offers.path_offers import path_offers
from promptops.patterns import lazy_pattern
from promptops.records import replace

_PLAIN_PATH = lazy_pattern(r"[A-Za-z./][\w./+-]*[./][\w./+-]*")
_MEDIA = r"/messages/\d+(?:/messages/\d+)?/content/\d+/(?:image|audio|document)"


def value_offers(here: Here) -> list[Offer]:
    """The values that can be typed at the position."""
    pointer = here.pointer
    found = [
        offer
        for pattern, offers in _SPECIAL
        if re.fullmatch(pattern, pointer)
        for offer in offers(here)
    ]
    kind, given = path_kind(pointer), steps_in_case(pointer)
    if kind is not None:
        found += path_offers(here, kind)
    elif given:
        found += _case_values(here, given)
    elif not found:
        found = offers_of(values_of(schemas_at(pointer)), Kind.EnumMember, rank=3)
    return [replace(offer, text=_text(here, offer)) for offer in found]


def _text(here: Here, offer: Offer) -> str:
    """The value as it is written at the position."""
    text = offer.label if offer.text is None else offer.text
    style, line = here.cursor.style, here.lines[here.line - 1]
    if style == "double":
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if style == "single":
        return text.replace("'", "''")
    start = here.column - 1 - (here.cursor.offset - here.cursor.start)
    space = " " if line[:start].endswith(":") else ""
    is_text = offer.kind not in (Kind.Value, Kind.EnumMember)
    if here.is_json_lines:
        return space + (json.dumps(text) if is_text or offer.kind == Kind.EnumMember else text)
    return space + (scalar(text) if is_text and not _PLAIN_PATH.fullmatch(text) else text)


def _profiles(here: Here) -> list[Offer]:
    return profile_offers(here.file.live.catalog.config)


def _providers(_here: Here) -> list[Offer]:
    return provider_offers()


def _models(here: Here) -> list[Offer]:
    return model_offers(here.cursor.siblings.get("provider", ""))


def _prompts(here: Here) -> list[Offer]:
    catalog = here.file.live.catalog
    own = catalog.ids.get(here.file.path)
    ids = [each for each in catalog.ids.values() if each != own]
    return [Offer(label=each, kind=Kind.Reference) for each in ids]


def _inputs(here: Here) -> list[Offer]:
    return input_offers(inputs(here).values(), rank=2)


def _lists(here: Here) -> list[Offer]:
    found = inputs(here).values()
    lists = [each for each in found if "array" in (types_of([each.schema]) or ("array",))]
    return input_offers(lists, rank=2)


def _tools(here: Here) -> list[Offer]:
    names = {tool.name: tool.description for each in here.prompts for tool in each.tools}
    return offers_of(names, Kind.Function, rank=2)


def _families(_here: Here) -> list[Offer]:
    return [Offer(label=name, kind=Kind.Constant) for name in family_names()]


def _assertion_types(here: Here) -> list[Offer]:
    checks = here.assertion[0] if here.assertion else ""
    return [
        Offer(
            label=name,
            kind=Kind.Class,
            about=summary(name),
            rank=4 if name.startswith("not-") else 3,
        )
        for name in values_of(schemas_at(here.pointer))
        if (kind := assertion_kind(name)) is not None and checks in kind.on
    ]


def _answer_paths(here: Here) -> list[Offer]:
    if here.assertion is None or here.assertion[0] != "answer":
        return []
    schemas = (each.output.schema or {} for each in here.prompts)
    return [
        Offer(label=f"/{escaped(name)}", kind=Kind.Field, about=_description(below))
        for schema in schemas
        for name, below in _mapping(schema.get("properties")).items()
    ]


def _case_values(here: Here, path: tuple[str, ...]) -> Iterator[Offer]:
    """The values that the schema of an input lists, and its default."""
    schemas = list(schemas_of(here, path))
    for each in schemas:
        yield from offers_of(values_of([each]), Kind.EnumMember, rank=2)
    for each in schemas:
        default = each.get("default")
        if isinstance(default, (str, int, float)) and "enum" not in each:
            yield Offer(label=_written(default), kind=Kind.Value, detail="the default")


def _written(value: Any) -> str:
    return scalar(value) if isinstance(value, str) else json.dumps(value)


def _description(schema: Any) -> str:
    return str(_mapping(schema).get("description", ""))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


_SPECIAL: tuple[tuple[str, Callable[[Here], list[Offer]]], ...] = (
    (PROFILE, _profiles),
    (r"/model/provider", _providers),
    (r"/model/id", _models),
    (r"/replaced_by|/evaluation/judge", _prompts),
    (rf"{_MEDIA}/input|/inputs/required/\d+", _inputs),
    (r"/messages/\d+/(?:for_each|history)", _lists),
    (r"/evaluation/probes/must/\d+", _families),
    (r"/tool_choice/name|/evaluation/probes/tools/\d+", _tools),
    (
        r"(?:/tests/\d+/(?:rendered|output)|/evaluation/assertions)/\d+(?:/value/\d+)*/type",
        _assertion_types,
    ),
    (r"(?:/tests/\d+/output|/evaluation/assertions)/\d+(?:/value/\d+)*/path", _answer_paths),
)
