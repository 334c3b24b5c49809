"""What completion offers at the cursor of a prompt, a template or a file of cases."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from posixpath import dirname
from typing import Any

from lsprotocol.types import CompletionItemKind as Kind

from promptops.analysis import models
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.catalog.references import roots_of
from promptops.commands.lsp import scope
from promptops.commands.lsp.cursor import (
    PROFILE_POINTER,
    TEMPLATE_ENDINGS,
    Here,
    argument_docs,
    assertion_arguments,
    assertion_kind,
    assertion_summary,
    path_kind,
)
from promptops.commands.lsp.documents import OpenFile
from promptops.commands.lsp.prompt_schema import Key, keys_at, schemas_at, types_of, values_of
from promptops.commands.lsp.scope import (
    DefinedName,
    Named,
    Typed,
    inputs,
    items_at,
    macros_of,
    names_before,
    properties,
    properties_below,
    schemas_of,
    steps_in_case,
)
from promptops.evals.probe_library import family_names
from promptops.evals.subject import NAMES
from promptops.formats.prompt_file import scalar
from promptops.json_pointer import escaped
from promptops.lint.registry import built_in
from promptops.model.finding import Problem
from promptops.model.loaded import ReferenceKind
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.repo.tree import starting_with
from promptops.report.visible import visible
from promptops.source.cases import COLUMNS, CsvField, rows
from promptops.source.lines import Lines
from promptops.source.yaml_cursor import Cursor


@record(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing that can be typed.

    Attributes:
        label: What is shown and compared with what is typed.
        text: What is inserted; None for the label.
        detail: A few words beside the label.
        about: One or more sentences.
        rank: Offers of a lower rank are shown first; 0 to 9.
    """

    label: str
    kind: Kind
    text: str | None = None
    detail: str = ""
    about: str = ""
    rank: int = 5


@record(frozen=True, slots=True, kw_only=True)
class Offers:
    """What can be typed, and the columns of its line that it replaces: 1-based, end exclusive."""

    start: int
    end: int
    offers: tuple[Offer, ...]


def offers_of(words: Mapping[str, str], kind: Kind, *, rank: int, detail: str = "") -> list[Offer]:
    """An offer for each word with its description."""
    return [
        Offer(label=word, kind=kind, about=about, rank=rank, detail=detail)
        for word, about in words.items()
    ]


# Offers of values: lists of the schema, profiles, paths, names of inputs and of prompts.

_PLAIN_PATH = lazy_pattern(r"[A-Za-z./][\w./+-]*[./][\w./+-]*")
_MEDIA = r"/messages/\d+(?:/messages/\d+)?/content/\d+/(?:image|audio|document)"


def value_offers(here: Here) -> list[Offer]:
    """The values that can be typed at the position."""
    pointer = here.pointer
    found = [
        offer
        for pattern, offers in _OFFERS_BY_POINTER
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
    return [replace(offer, text=_value_text(here, offer)) for offer in found]


def _value_text(here: Here, offer: Offer) -> str:
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
            about=assertion_summary(name),
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
        Offer(
            label=f"/{escaped(name)}",
            kind=Kind.Field,
            about=str(_mapping(below).get("description", "")),
        )
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
            written = scalar(default) if isinstance(default, str) else json.dumps(default)
            yield Offer(label=written, kind=Kind.Value, detail="the default")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


_ON_ANSWERS = r"(?:/tests/\d+/(?:turns/\d+/)?output|/evaluation/assertions)"

_OFFERS_BY_POINTER: tuple[tuple[str, Callable[[Here], list[Offer]]], ...] = (
    (PROFILE_POINTER, lambda here: profile_offers(here.file)),
    (r"/model/provider", lambda _here: provider_offers()),
    (r"/model/id", lambda here: model_offers(here.cursor)),
    (r"/replaced_by|/evaluation/judge", _prompts),
    (rf"{_MEDIA}/input|/inputs/required/\d+", _inputs),
    (r"/messages/\d+/(?:for_each|history)", _lists),
    (r"/evaluation/probes/must/\d+", _families),
    (
        r"/tool_choice/name|/evaluation/probes/tools/\d+"
        r"|/tests/\d+/turns/\d+/tool(?:/\d+)?/name|/tests/\d+/conversation/\d+/value/\d+",
        _tools,
    ),
    (
        rf"(?:/tests/\d+/(?:rendered|conversation)|{_ON_ANSWERS})/\d+(?:/value/\d+)*/type",
        _assertion_types,
    ),
    (rf"{_ON_ANSWERS}/\d+(?:/value/\d+)*/path", _answer_paths),
)


# Offers of keys: of the schema of prompt files, of assertions, of inputs in a case.

_RETRIEVED_INPUTS = "/evaluation/retrieve"
_REQUIRED_KEY_RANK, _USUAL_KEY_RANK, _GENERAL_KEY_RANK = 2, 3, 7
_AS_IN_JSON_SCHEMA = "As in JSON Schema"


def key_offers(here: Here, mapping: str) -> list[Offer]:
    """The keys that can be added to the mapping at a pointer into a prompt."""
    present = here.cursor.siblings
    given = () if mapping == _RETRIEVED_INPUTS else steps_in_case(mapping)
    if given is not None:
        names = list((properties_below(here, given) if given else inputs(here)).values())
        offers = input_offers(names, rank=_USUAL_KEY_RANK, kind=Kind.Property)
        types = {each.name: types_of([each.schema]) for each in names}
    else:
        keys = list(_known_keys(here, mapping))
        offers = [_key_offer(key) for key in keys]
        types = {key.name: types_of(key.schemas) for key in keys}
    return [
        replace(each, text=_key_text(here, each.label, types.get(each.label, ())))
        for each in offers
        if each.label not in present
    ]


def _known_keys(here: Here, mapping: str) -> Iterator[Key]:
    found = keys_at(mapping, here.cursor.siblings)
    kind = here.assertion and here.cursor.siblings.get("type")
    arguments = assertion_arguments(kind) if kind else None
    docs = argument_docs(kind) if kind else {}
    for name, key in found.items():
        if arguments is None:
            yield key
        elif name in arguments:
            about = {"description": docs.get(name) or key.description}
            required = arguments[name]
            yield replace(key, schemas=(about, *key.schemas), required=required)


def _key_offer(key: Key) -> Offer:
    general = key.description.startswith(_AS_IN_JSON_SCHEMA)
    rank = _REQUIRED_KEY_RANK if key.required else _GENERAL_KEY_RANK if general else _USUAL_KEY_RANK
    detail = f"{key.kind}, required" if key.required and key.kind else key.kind
    return Offer(
        label=key.name, kind=Kind.Property, detail=detail, about=key.description, rank=rank
    )


def _key_text(here: Here, key: str, types: tuple[str, ...]) -> str:
    """The key as it is written, with its colon unless that is there."""
    quoted = here.cursor.style in ("single", "double")
    line = here.lines[here.line - 1]
    after = line[here.column - 1 + here.cursor.end - here.cursor.offset :]
    if quoted or after.lstrip("'\"").startswith(":"):
        return key if quoted else scalar(key)
    block = not here.cursor.in_brackets and types and set(types) <= {"object", "array"}
    name = json.dumps(key) if here.is_json_lines else scalar(key)
    return f"{name}:" if block else f"{name}: "


# Offers of paths: files of the repository, as they have to be written in a prompt.

_PATH_ENDINGS: Mapping[ReferenceKind, tuple[str, ...]] = {
    "template": TEMPLATE_ENDINGS,
    "body": TEMPLATE_ENDINGS,
    "extends": PROMPT_ENDINGS,
    "schema": (".schema.json", ".json"),
    "tool": (".tool.json", ".json"),
    "cases": (".cases.jsonl", ".cases.csv", ".cases.yaml", ".cases.yml", ".jsonl", ".csv"),
    "media": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".wav", ".mp3", ".txt", ".md"),
}
_UNWANTED_ENDINGS: Mapping[ReferenceKind, tuple[str, ...]] = {
    "cases": (".recordings.jsonl",),
    "schema": (".tool.json",),
}


def path_offers(here: Here, kind: ReferenceKind) -> list[Offer]:
    """The files that a path of a kind may name: below its roots or, after `./`, beside the file."""
    return [
        Offer(label=written, kind=Kind.File, detail=target, rank=rank)
        for written, target, rank in sorted(_written_paths(here, kind))
        if target != here.file.path
    ]


def _written_paths(here: Here, kind: ReferenceKind) -> Iterator[tuple[str, str, int]]:
    """Each path as written, from the root of the repository, and its rank."""
    config, own = here.file.live.catalog.config, here.file.path
    folder = dirname(own)
    first, *_ = _PATH_ENDINGS[kind]
    if here.cursor.typed.rpartition('"')[2].startswith("./") or kind == "cases":
        for target in _files_below(here, folder, kind):
            written = f"./{target[len(folder) + 1 :] if folder else target}"
            yield written, target, 4 if target.endswith(first) else 5
        return
    seen: set[str] = set()
    for root in roots_of(kind, config, own):
        for target in _files_below(here, root, kind):
            written = target[len(root) + 1 :] if root else target
            if written not in seen:
                seen.add(written)
                yield written, target, 4 if target.endswith(first) else 5


def _files_below(here: Here, folder: str, kind: ReferenceKind) -> Iterator[str]:
    entries = here.file.live.catalog.files.entries
    unwanted = _UNWANTED_ENDINGS.get(kind, ())
    for path in starting_with(entries, f"{folder}/") if folder else entries:
        if path.endswith(_PATH_ENDINGS[kind]) and not path.endswith(unwanted):
            yield path


def text_at(here: Here, written: str) -> str:
    """The text of a template that is named in the file of the position; "" if it is missing."""
    path = target_of(here, "template", written)
    found = here.file.live.catalog.files.text(path) if path else None
    return found.value if found is not None else ""


def target_of(here: Here, kind: ReferenceKind, written: str) -> str:
    """The path of an existing file, from the root of the repository; "" if it is missing."""
    catalog, own = here.file.live.catalog, here.file.path
    found = catalog.resolver.follow(kind, written, Place(own), own)
    return "" if isinstance(found, Problem) or not found.found else found.target


# Offers of profiles, providers and models.


def profile_offers(file: OpenFile) -> list[Offer]:
    """The profiles of the configuration."""
    return [
        Offer(label=each.name, kind=Kind.Constant, detail=f"{each.provider} {each.id}", rank=2)
        for each in file.live.catalog.config.models.values()
    ]


def provider_offers() -> list[Offer]:
    """The providers that the table of models knows."""
    return [Offer(label=name, kind=Kind.Constant) for name in sorted(models.providers())]


def model_offers(cursor: Cursor) -> list[Offer]:
    """The models that the table knows of the provider beside the cursor; none without one."""
    provider = cursor.siblings.get("provider", "")
    found = models.known(provider) if provider else {}
    return [
        Offer(
            label=name,
            kind=Kind.Constant,
            detail=f"retires on {each.retires_on}" if each.retires_on else "",
        )
        for name, each in found.items()
    ]


# Offers in comments: `promptops: ignore[CODE] reason`.

_IGNORED_CODE = lazy_pattern(r"[\s\S]*promptops:\s*ignore(?:-file)?\[(?:[^\]\n]*,)?\s*([\w-]*)")
_IGNORE_KEYWORD = lazy_pattern(r"[\s\S]*promptops:\s*([\w-]*)")
_COMMENT_BEGINNING = lazy_pattern(r"#?\s*(\w*)")

_IGNORE_KEYWORDS = {
    "ignore": "Suppress findings in this line or in the next one; a reason is required.",
    "ignore-file": "Suppress findings in this file; a reason is required.",
}


def comment_offers(comment: str) -> tuple[str, list[Offer]]:
    """What can be typed at the end of a comment, and the word that it replaces."""
    codes = _IGNORED_CODE.fullmatch(comment)
    if codes:
        return codes[1], [
            Offer(label=each.code, kind=Kind.Value, detail=each.name, about=f"{each.summary}.")
            for each in built_in().values()
            if not each.unsuppressable
        ]
    kind = _IGNORE_KEYWORD.fullmatch(comment)
    if kind:
        return kind[1], [
            Offer(label=word, text=f"{word}[", kind=Kind.Keyword, about=about)
            for word, about in _IGNORE_KEYWORDS.items()
        ]
    beginning = _COMMENT_BEGINNING.fullmatch(comment)
    if beginning and "promptops".startswith(beginning[1]):
        text = "promptops: ignore["
        return beginning[1], [
            Offer(label=text, kind=Kind.Keyword, about=_IGNORE_KEYWORDS["ignore"], rank=9)
        ]
    return "", []


# Offers of inputs and of what is below them.

_LONGEST_VALUE = 40
_MOST_ENUM_VALUES = 8


def input_offers(inputs: Iterable[Named], *, rank: int, kind: Kind = Kind.Variable) -> list[Offer]:
    """An offer for each input or property."""
    return [
        Offer(
            label=each.name,
            kind=kind,
            detail=input_summary(each),
            about=visible(str(each.schema.get("description", ""))),
            rank=rank,
        )
        for each in inputs
        if each.name.isidentifier()
    ]


def input_summary(named: Named) -> str:
    """The type of an input and whether it must be given: `integer, default 4`."""
    schema = named.schema
    listed = schema["enum"] if isinstance(schema.get("enum"), list) else []
    values = " | ".join(map(_short_value, listed[:_MOST_ENUM_VALUES]))
    parts = [values if "enum" in schema else " or ".join(types_of([schema]))]
    if "default" in schema:
        parts.append(f"default {_short_value(schema['default'])}")
    elif named.required:
        parts.append("required")
    if schema.get("x-untrusted") is True:
        parts.append("untrusted")
    return ", ".join(part for part in parts if part)


def _short_value(value: Any) -> str:
    text = visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


# Offers inside of `{{ }}`, `{% %}`, conditions and the expressions of assertions.

_LOCAL_RANK, _INPUT_RANK, _WORD_RANK = 0, 1, 6
"""What the template defines comes before inputs, and these before other words."""


def expression_offers(here: Here, typed: Typed) -> list[Offer]:
    """What can be typed at the end of a tag of a template."""
    return _OFFERS_BY_KIND[typed.kind](here, typed) if typed.kind in _OFFERS_BY_KIND else []


def assertion_offers(here: Here, typed: Typed) -> list[Offer]:
    """As `expression_offers`, in an expression of an assertion, which has other names."""
    checks = here.assertion[0] if here.assertion else "answer"
    if typed.kind == "name":
        names = NAMES["request" if checks == "request" else "answer"]
        shown = [Offer(label=name, kind=Kind.Variable, rank=_INPUT_RANK) for name in names]
        return [*shown, *_words({"not": scope.OPERATORS["not"]})]
    if typed.kind == "property":
        owner, dot, rest = typed.owner.partition(".")
        if owner != "inputs":
            return []
        if not dot:
            return input_offers(inputs(here).values(), rank=_INPUT_RANK)
        return input_offers(properties(here, rest, {}).values(), rank=_INPUT_RANK, kind=Kind.Field)
    return expression_offers(here, typed) if typed.kind in ("filter", "test", "operator") else []


def locals_at(here: Here, before: str) -> dict[str, DefinedName]:
    """The names that the template defines before the position, and the item of a `for_each`."""
    found: dict[str, DefinedName] = {}
    for prompt in here.prompts if here.is_prompt else ():
        found |= items_at(prompt, here.pointer)
    return {**found, **names_before(before)}


def _filters(_here: Here, _typed: Typed) -> list[Offer]:
    return offers_of(scope.filters(), Kind.Function, rank=_WORD_RANK, detail="filter")


def _tests(_here: Here, _typed: Typed) -> list[Offer]:
    tests = offers_of(scope.tests(), Kind.Function, rank=_WORD_RANK, detail="test")
    return [*tests, *_words({"not": "The opposite of the test."})]


def _names(here: Here, typed: Typed) -> list[Offer]:
    names = locals_at(here, typed.before)
    known = (each for name, each in inputs(here).items() if name not in names)
    return [
        *(_local_name_offer(each) for each in names.values()),
        *input_offers(known, rank=_INPUT_RANK),
        *offers_of(scope.GLOBALS, Kind.Function, rank=_WORD_RANK),
        *_words({"not": scope.OPERATORS["not"]}),
    ]


def _properties(here: Here, typed: Typed) -> list[Offer]:
    names = locals_at(here, typed.before)
    owner = names.get(typed.owner)
    if owner is not None and owner.kind == "loop":
        return offers_of(scope.LOOP, Kind.Field, rank=_INPUT_RANK)
    if owner is not None and owner.kind == "module":
        return _macros(here, owner.source)
    return input_offers(
        properties(here, typed.owner, names).values(), rank=_INPUT_RANK, kind=Kind.Field
    )


def _macros(here: Here, template: str) -> list[Offer]:
    return [_local_name_offer(each) for each in macros_of(text_at(here, template)).values()]


def _words(words: Mapping[str, str]) -> list[Offer]:
    return offers_of(words, Kind.Keyword, rank=_WORD_RANK)


def _local_name_offer(local: DefinedName) -> Offer:
    details = {
        "item": f"item of {local.source}",
        "set": f"set to {local.source}" if local.source else "",
        "macro": f"macro({local.source})",
        "argument": "argument",
        "module": local.source,
        "imported": f"from {local.source}",
        "loop": "the loop",
    }
    kind = Kind.Function if local.kind in ("macro", "imported") else Kind.Variable
    detail = visible(" ".join(details[local.kind].split()), 60)
    return Offer(label=local.name, kind=kind, detail=detail, rank=_LOCAL_RANK)


_OFFERS_BY_KIND: Mapping[str, Callable[[Here, Typed], list[Offer]]] = {
    "statement": lambda _here, _typed: _words(scope.STATEMENTS),
    "filter": _filters,
    "test": _tests,
    "operator": lambda _here, _typed: _words(scope.OPERATORS),
    "name": _names,
    "property": _properties,
    "import": lambda here, typed: _macros(here, typed.owner),
    "path": lambda here, _typed: path_offers(here, "template"),
}


# Offers in the header of a table of test cases: its columns.


def csv_offers(here: Here) -> Offers:
    """The columns that the header can have besides those that it has; nothing in other rows."""
    own = here.lines[here.line - 1]
    above = "".join(here.lines[: here.line - 1])
    fields = rows(Lines("", own))[0] if own.strip() else [[CsvField("", 0, len(own))]]
    at = here.column - 1
    field = next((each for row in fields for each in row if each.start <= at <= each.end), None)
    if above or field is None:
        return Offers(start=here.column, end=here.column, offers=())
    present = {each.value for row in fields for each in row if each is not field}
    quotes = 1 if own[field.start : field.start + 1] == '"' else 0
    return Offers(
        start=field.start + 1 + quotes,
        end=field.end + 1 - quotes,
        offers=tuple(each for each in _column_offers(here) if each.label not in present),
    )


def _column_offers(here: Here) -> Iterator[Offer]:
    for named in inputs(here).values():
        about = visible(str(named.schema.get("description", "")))
        types = types_of([named.schema])
        suffix = ":json" if types and "string" not in types else ""
        label = f"inputs.{named.name}{suffix}"
        yield Offer(label=label, kind=Kind.Field, detail=input_summary(named), about=about, rank=2)
    keys = keys_at("/tests/0", ())
    for name in COLUMNS:
        yield Offer(label=name, kind=Kind.Property, about=keys[name].description, rank=3)
