"""A Python module that types `load`, `render` and `parse` for the prompts of one revision."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from keyword import iskeyword

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
    Named,
    Type,
    Types,
    Union,
)
from promptops.model.prompt import Prompt
from promptops.model.shipping import Stubs
from promptops.records import record
from promptops.report.visible import visible_characters

_MARGIN = " " * 4


def python_source(stubs: Stubs) -> str:
    """The source code; equal prompts have equal texts, whichever command wrote it."""
    names = UniqueNames(_OWN_NAMES)
    classes = {prompt.id: names.new(class_name(prompt.id)) for prompt in stubs.prompts}
    blocks = [_ANY_PROMPT.rstrip("\n")]
    for prompt in stubs.prompts:
        blocks += _prompt_blocks(prompt, classes[prompt.id], names)
    blocks += ["\n".join(_prompts_type(stubs, classes)), _LOADING.rstrip("\n")]
    body = "\n\n\n".join(blocks)
    return f"{_header(stubs)}\n\n{_imports(body)}\n\n{_constants(stubs)}\n\n\n{body}\n"


def _header(stubs: Stubs) -> str:
    # CI may compare the file with a new one byte by byte, so formatters must not change it.
    return "\n".join((*docstring(header_text(stubs), ""), "# fmt: off", "# ruff: noqa"))


def _imports(body: str) -> str:
    """The imports that the module needs."""
    used = set(re.findall(r"\w+", body)) | {"TYPE_CHECKING"}
    typing = [name for name in _TYPING_NAMES if name in used]
    return "\n".join(
        (
            "from collections.abc import Mapping",
            "from os import PathLike",
            "from typing import (",
            *(f"{_MARGIN}{name}," for name in typing),
            ")",
            "",
            "import promptops",
            "",
            "if TYPE_CHECKING:",
            f"{_MARGIN}from promptops import Bundle, RenderedRequest",
        )
    )


def _constants(stubs: Stubs) -> str:
    release = quoted(stubs.release) if stubs.release is not None else None
    digest = quoted(stubs.digest) if stubs.digest is not None else None
    text = docstring("Of the bundle that these types are of: `promptops.Bundle.digest`.", "")
    return "\n".join((f"RELEASE = {release}", f"DIGEST = {digest}", *text))


def _prompt_blocks(prompt: Prompt, name: str, names: UniqueNames) -> Iterator[str]:
    """One prompt, as declarations."""
    declarations = Declarations(names)
    types = Types(declarations, prompt.inputs, name, given=True, other_keys=False)
    inputs = types.parameters(f"{name}Inputs", f"What `{prompt.id}` takes.")
    answer = _answer(prompt, name, declarations)
    yield from ("\n".join(_typed_dict(found)) for found in declarations.found)
    yield "\n".join(_class(prompt, name, inputs, answer))


def _answer(prompt: Prompt, name: str, declarations: Declarations) -> Type:
    schema = output_schema(prompt)
    if schema is None:
        return ANY if prompt.output.format == "json" else STRING
    types = Types(declarations, schema, name, given=False, other_keys=False)
    return types.whole(f"{name}Output")


def _class(prompt: Prompt, name: str, inputs: str | None, answer: Type) -> Iterator[str]:
    yield f"class {name}(AnyPrompt, Protocol):"
    yield from docstring(prompt_text(prompt), _MARGIN)
    yield ""
    keywords = f"Unpack[{inputs}]" if inputs else "Any"
    values = inputs or "Mapping[str, Any]"
    yield from _signature("render", f"self, /, **inputs: {keywords}", '"RenderedRequest"')
    yield from _signature("render_from", f"self, inputs: {values}", '"RenderedRequest"')
    yield from laid_out("def parse(self, answer: Any) -> ", expression(answer), ": ...", _MARGIN)


def _prompts_type(stubs: Stubs, classes: Mapping[str, str]) -> Iterator[str]:
    """A `TypedDict`: for a typo, type checkers suggest the nearest id; overloads would list all."""
    yield "Prompts = TypedDict("
    yield f'{_MARGIN}"Prompts",'
    yield f"{_MARGIN}{{"
    for identity, name in names_by_id(stubs, classes).items():
        yield f"{_MARGIN * 2}{quoted(identity)}: {name},"
    yield f"{_MARGIN}}},"
    yield ")"
    yield from docstring(f"The prompts of {stubs.title}, by id; read only.", "")


def _signature(name: str, parameters: str, returns: str) -> Iterator[str]:
    line = f"{_MARGIN}def {name}({parameters}) -> {returns}: ..."
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{_MARGIN}def {name}("
    yield f"{_MARGIN * 2}{parameters}"
    yield f"{_MARGIN}) -> {returns}: ..."


# The common part of every module of typed prompts

_ANY_PROMPT = '''\
class AnyPrompt(Protocol):
    """What each prompt has; see `promptops.Prompt`."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def digest(self) -> str: ...
    @property
    def contract(self) -> str: ...
    @property
    def release(self) -> str | None: ...
    @property
    def channel(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def metadata(self) -> Mapping[str, Any]: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def output(self) -> Mapping[str, Any] | None: ...
'''

_LOADING = '''\
class Options(TypedDict, total=False):
    """What `promptops.load` takes beside a ref."""

    source: str | PathLike[str] | None
    trust: str | PathLike[str] | None
    refresh_s: float
    timeout_s: float


def load(ref: str, **options: Unpack[Options]) -> Prompts:
    """As `promptops.load`, with types."""
    return cast("Prompts", promptops.load(ref, **options))


async def aload(ref: str, **options: Unpack[Options]) -> Prompts:
    """As `promptops.aload`, with types."""
    return cast("Prompts", await promptops.aload(ref, **options))


def bundle(prompts: Prompts) -> "Bundle":
    """What was loaded as what it is: its release, its digest, any prompt by any text."""
    return cast("Bundle", prompts)
'''

_TYPING_NAMES = (
    "TYPE_CHECKING",
    "Any",
    "Literal",
    "NotRequired",
    "Protocol",
    "TypedDict",
    "Unpack",
    "cast",
)
"""Names to import from `typing`, in the order of import sorters."""

_OWN_NAMES = frozenset(
    (
        "AnyPrompt", "Bundle", "DIGEST", "Mapping", "Options", "PathLike", "Prompts", "RELEASE",
        "RenderedRequest", "False", "None", "True", *_TYPING_NAMES,
    )
)  # fmt: skip
"""Names that classes of prompts must not use."""


# Declarations of objects with known keys as `TypedDict`

_TYPE_NAMES = frozenset(("bool", "dict", "float", "int", "list", "str"))
"""Names that a key of a class can't have, because types of other keys would refer to it."""


def _typed_dict(found: Declaration) -> Iterator[str]:
    """A class, or a call if a key is not a valid attribute."""
    is_class = all(_can_be_attribute(field.key) for field in found.fields)
    return (_class_lines if is_class else _call_lines)(found)


def _class_lines(found: Declaration) -> Iterator[str]:
    yield f"class {found.name}(TypedDict):"
    yield from docstring(found.description, _MARGIN)
    if found.description and found.fields:
        yield ""
    for field in found.fields:
        yield from laid_out(f"{field.key}: ", _field_type(field), "", _MARGIN)
        yield from docstring(field.description, _MARGIN)
    if not found.fields and not found.description:
        yield f"{_MARGIN}pass"


def _call_lines(found: Declaration) -> Iterator[str]:
    yield f"{found.name} = TypedDict("
    yield f'{_MARGIN}"{found.name}",'
    yield f"{_MARGIN}{{"
    for field in found.fields:
        for line in docstring(field.description, _MARGIN * 2):
            comment = line.strip().removeprefix('"""').removesuffix('"""')
            if comment:
                yield f"{_MARGIN * 2}# {comment}"
        yield from laid_out(f"{quoted(field.key)}: ", _field_type(field), ",", _MARGIN * 2)
    yield f"{_MARGIN}}},"
    yield ")"
    yield from docstring(found.description, "")


def _field_type(field: Field) -> Expression:
    found = expression(field.type)
    if field.recursive:
        found = quoted(on_one_line(found))
    return Of("NotRequired", (found,)) if field.optional else found


def _can_be_attribute(key: str) -> bool:
    """Whether a key can be an attribute: Python mangles or reserves other names."""
    is_name = key.isascii() and key.isidentifier() and not iskeyword(key)
    return is_name and not key.startswith("__") and not key[0].isupper() and key not in _TYPE_NAMES


# Python syntax: string literals, docstrings, and types over several lines.

_QUOTED = {"\\": "\\\\", '"': '\\"'}
_NAMES = {
    "any": "Any",
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}


def quoted(text: str) -> str:
    """A Python string literal; invisible characters are escaped."""
    shown = zip(text, visible_characters(text), strict=True)
    return '"' + "".join(_QUOTED.get(char, seen) for char, seen in shown) + '"'


def docstring(text: str, margin: str) -> Iterator[str]:
    """The lines of a docstring; none for an empty text."""
    lines = [_inside(line) for line in wrapped(text, WIDTH - len(margin) - 6)]
    if not lines:
        return
    if len(lines) == 1:
        yield f'{margin}"""{lines[0]}"""'
        return
    yield f'{margin}"""{lines[0]}'
    yield from (f"{margin}{line}" if line else "" for line in lines[1:])
    yield f'{margin}"""'


def _inside(line: str) -> str:
    """A line escaped so that it can't end the docstring."""
    line = line.replace("\\", "\\\\")
    return line.replace('"', '\\"') if '"""' in line or line.endswith('"') else line


@record(frozen=True, slots=True)
class Of:
    """A type with arguments, `head[…]`: a list, a mapping, a literal."""

    head: str
    arguments: tuple[Expression, ...]


@record(frozen=True, slots=True)
class AnyOf:
    """A union of types."""

    members: tuple[Expression, ...]


Expression = str | Of | AnyOf
"""A type as Python writes it."""


def expression(type_: Type) -> Expression:
    """A type in the words of Python."""
    if isinstance(type_, str):
        return _NAMES[type_]
    if isinstance(type_, Named):
        return type_.name
    if isinstance(type_, Union):
        return AnyOf(tuple(map(expression, type_.members)))
    if isinstance(type_, Literals):
        return Of("Literal", tuple(_literal(json.loads(value)) for value in type_.values))
    if isinstance(type_, ListOf):
        return Of("list", (expression(type_.item),))
    return Of("Mapping" if type_.given else "dict", ("str", expression(type_.value)))


def _literal(value: str | int) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def on_one_line(type_: Expression) -> str:
    """A type on one line, regardless of its length."""
    if isinstance(type_, str):
        return type_
    if isinstance(type_, AnyOf):
        return " | ".join(map(on_one_line, type_.members))
    return f"{type_.head}[{', '.join(map(on_one_line, type_.arguments))}]"


def laid_out(before: str, type_: Expression, after: str, margin: str) -> Iterator[str]:
    """The lines of a type with the text before and after it."""
    line = f"{margin}{before}{on_one_line(type_)}{after}"
    if len(line) <= WIDTH or isinstance(type_, str):
        yield line
    elif isinstance(type_, AnyOf):
        yield from _in_brackets(f"{before}(", type_, f"){after}", margin)
    elif len(type_.arguments) == 1:
        yield from _in_brackets(f"{before}{type_.head}[", type_.arguments[0], f"]{after}", margin)
    else:
        yield f"{margin}{before}{type_.head}["
        for argument in type_.arguments:
            yield from laid_out("", argument, ",", f"{margin}    ")
        yield f"{margin}]{after}"


def _in_brackets(before: str, type_: Expression, after: str, margin: str) -> Iterator[str]:
    inner = f"{margin}    "
    yield f"{margin}{before}"
    if isinstance(type_, AnyOf) and len(inner + on_one_line(type_)) > WIDTH:
        for number, member in enumerate(type_.members):
            yield from laid_out("| " if number else "", member, "", inner)
    else:
        yield from laid_out("", type_, "", inner)
    yield f"{margin}{after}"
