"""A TypeScript module with the types of `get`, `render` and `parse` for one revision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from promptops.commands.stubs.module_text import (
    WIDTH,
    UniqueNames,
    class_name,
    header_text,
    names_by_id,
    output_schema,
    prompt_text,
    wrapped,
)
from promptops.commands.stubs.schema_types import (
    ANY,
    STRING,
    Declaration,
    Declarations,
    Field,
    ListOf,
    Literals,
    MappingOf,
    Named,
    Type,
    Types,
    Union,
)
from promptops.model.prompt import Prompt
from promptops.model.shipping import Stubs
from promptops.patterns import lazy_pattern
from promptops.report.visible import visible_characters

_MARGIN = "  "
_OWN_NAMES = frozenset(("DIGEST", "Prompt", "Prompts", "RELEASE"))
"""Names that types of prompts must not use."""
_NAMES = {
    "any": "unknown",
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_LARGEST_INTEGER = 2**53 - 1
_IDENTIFIER = lazy_pattern(r"[A-Za-z_$][A-Za-z0-9_$]*")
_TAG = lazy_pattern(r"(?:(?<=\{)|^\s*\**\s*)@")


def typescript_source(stubs: Stubs) -> str:
    """The source code; equal prompts have equal texts, whichever command wrote it."""
    names = UniqueNames(_OWN_NAMES)
    prompts = {prompt.id: names.new(class_name(prompt.id)) for prompt in stubs.prompts}
    blocks: list[Iterable[str]] = [_head(stubs)]
    for prompt in stubs.prompts:
        blocks += _prompt_blocks(prompt, prompts[prompt.id], names)
    blocks.append(_prompts(stubs, names_by_id(stubs, prompts)))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(stubs: Stubs) -> Iterator[str]:
    yield from _comment(header_text(stubs, " --format typescript"), "")
    yield "/* eslint-disable */"
    yield 'import type { Prompt } from "promptops";'
    yield ""
    yield "/** The release that these types describe: `release` of a bundle. */"
    yield f"export const RELEASE = {_quoted(stubs.release) if stubs.release else 'null'};"
    yield "/** Its bundle: `digest` of a bundle. */"
    yield f"export const DIGEST = {_quoted(stubs.digest) if stubs.digest else 'null'};"


def _prompt_blocks(prompt: Prompt, name: str, names: UniqueNames) -> Iterator[Iterable[str]]:
    """One prompt: the declarations of its inputs and of its answer, and its own type."""
    declarations = Declarations(names)
    types = Types(declarations, prompt.inputs, name, given=True, other_keys=True)
    inputs = types.parameters(f"{name}Inputs", f"What `{prompt.id}` takes.")
    given = len(declarations.found)
    output, alias = _output(prompt, name, declarations)
    for index, found in enumerate(declarations.found):
        yield _interface(found, given=index < given)
    if alias:
        yield alias
    status = "\n\n@deprecated" if prompt.status == "deprecated" else ""
    yield [
        *_comment(prompt_text(prompt), "", status),
        f"export type {name} = Prompt<{inputs}, {output}>;",
    ]


def _output(prompt: Prompt, name: str, declarations: Declarations) -> tuple[str, list[str]]:
    """The name of the type of the answer, and its declaration if it is not an interface."""
    schema = output_schema(prompt)
    wanted, names = f"{name}Output", declarations.names
    comment = list(_comment(f"What `{prompt.id}` answers.", ""))
    if schema is None:
        own = names.new(wanted)
        found: Type = ANY if prompt.output.format == "json" else STRING
        return own, [*comment, *_laid_out(f"export type {own} = ", found, "")]
    types = Types(declarations, schema, name, given=False, other_keys=True)
    if types.is_record:
        return _written(types.whole(wanted)), []
    own = names.new(wanted)
    described = schema.get("description")
    if isinstance(described, str) and described.strip():
        comment = list(_comment(described, ""))
    return own, [*comment, *_laid_out(f"export type {own} = ", types.whole(wanted), "")]


def _prompts(stubs: Stubs, prompts: dict[str, str]) -> Iterator[str]:
    yield from _comment(
        f"The prompts of {stubs.title} by id, for `load<Prompts>(…)` and `readBundle<Prompts>(…)`.",
        "",
    )
    yield "export interface Prompts {"
    yield from (f"{_MARGIN}{_quoted(identity)}: {name};" for identity, name in prompts.items())
    yield "}"


def _interface(found: Declaration, *, given: bool) -> Iterator[str]:
    yield from _comment(found.description, "")
    yield f"export interface {found.name} {{"
    for field in found.fields:
        yield from _comment(field.description, _MARGIN)
        yield from _property(field, given=given)
    if found.other_keys:
        yield f"{_MARGIN}[key: string]: unknown;"
    yield "}"


def _property(field: Field, *, given: bool) -> Iterator[str]:
    """A key; the package leaves out a value that is undefined, so callers may pass it."""
    key = field.key if _IDENTIFIER.fullmatch(field.key) else _quoted(field.key)
    is_optional = given and field.optional
    after = " | undefined" if is_optional and field.type != ANY else ""
    yield from _laid_out(f"{key}{'?' if field.optional else ''}: ", field.type, _MARGIN, after)


# TypeScript syntax: types, string literals and comments.


def _members(type_: Type) -> list[str]:
    """The members of a union, or the type alone."""
    if isinstance(type_, Union):
        members = [text for member in type_.members for text in _members(member)]
        return list(dict.fromkeys(members))
    if isinstance(type_, Literals):
        return list(dict.fromkeys(map(_literal, type_.values)))
    return [_single(type_)]


def _single(type_: Type) -> str:
    if isinstance(type_, str):
        return _NAMES[type_]
    if isinstance(type_, Named):
        return type_.name
    if isinstance(type_, ListOf):
        item = _written(type_.item)
        is_plain = len(_members(type_.item)) == 1 and not item.startswith("readonly ")
        return f"{'readonly ' if type_.given else ''}{item if is_plain else f'({item})'}[]"
    assert isinstance(type_, MappingOf)
    # An interface of the caller has no index signature, so it is not assignable to one.
    if type_.given and type_.value == ANY:
        return "object"
    return f"{{ [key: string]: {_written(type_.value)} }}"


def _written(type_: Type) -> str:
    """A type on one line."""
    return " | ".join(_members(type_))


def _laid_out(before: str, type_: Type, margin: str, after: str = "") -> Iterator[str]:
    """The lines of a type with the text before and after it; a long union has one for each."""
    line = f"{margin}{before}{_written(type_)}{after};"
    members = _members(type_)
    if len(line) <= WIDTH or len(members) == 1:
        yield line
        return
    yield f"{margin}{before.rstrip()}"
    for number, member in enumerate(members, 1):
        end = f"{after};" if number == len(members) else ""
        yield f"{margin}{_MARGIN}| {member}{end}"


def _literal(value: str) -> str:
    """A JSON text as a type; a whole number that JavaScript can't hold is any number."""
    found = json.loads(value)
    if isinstance(found, str):
        return _quoted(found)
    is_exact = isinstance(found, bool) or abs(found) <= _LARGEST_INTEGER
    return value if is_exact else "number"


def _quoted(text: str) -> str:
    """A string literal; invisible characters are escaped."""
    shown = zip(text, visible_characters(text), strict=True)
    return '"' + "".join(_character(char, seen) for char, seen in shown) + '"'


def _character(char: str, seen: str) -> str:
    if char in '\\"':
        return f"\\{char}"
    return f"\\u{{{ord(char):x}}}" if seen.startswith("\\U") else seen


def _comment(text: str, margin: str, after: str = "") -> Iterator[str]:
    """The lines of a doc comment; none for an empty text. `after`: tags, which a text has not."""
    lines = [_inside(line) for line in wrapped(text, WIDTH - len(margin) - 7)]
    if not lines:
        return
    lines += after.split("\n")[1:]
    if len(lines) == 1:
        yield f"{margin}/** {lines[0]} */"
        return
    yield f"{margin}/**"
    yield from (f"{margin} * {line}".rstrip() for line in lines)
    yield f"{margin} */"


def _inside(line: str) -> str:
    """A line that can't end the comment and has no tag: `@ts-expect-error` has an effect in one."""
    return _TAG.sub(lambda found: f"{found[0][:-1]}\\@", line.replace("*/", "*\\/"))
