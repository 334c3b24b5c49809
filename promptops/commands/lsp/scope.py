"""What is typed at the end of a template or an expression, and the names that it can use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Literal

from promptops.analysis.input_schemas import InputSchemas, InputShape
from promptops.analysis.uses import ITEM, Path
from promptops.commands.lsp.cursor import Here
from promptops.commands.lsp.documents import with_lf
from promptops.commands.lsp.symbols import inputs_of
from promptops.json_pointer import followed, tokens
from promptops.model.prompt import ForEach, Prompt, Schema
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.environment import allowed_filters, allowed_tests
from promptops.source.yaml_cursor import keys_below

TypedKind = Literal[
    "statement", "filter", "test", "property", "name", "operator", "path", "import", "comment", ""
]
"""statement: after `{%`; property: after a dot; path: the name of a template, in quotes; import: a
name after `{% from … import`; operator: after a complete value; comment: in `{# #}`; "": where a
new name is written, or in other quotes."""

LONGEST_EXPRESSION = 2_000
"""Characters; a longer text after `{{` is not an expression that someone types."""

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_STRING = lazy_pattern(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_STATEMENT = lazy_pattern(r"[-+]?\s*(?P<word>\w*)")
_TEMPLATE_PATH = lazy_pattern(r"[-+]?\s*(?:include|import|extends|from)\s+['\"](?P<word>[^'\"]*)")
_IMPORTED = lazy_pattern(
    r"[-+]?\s*from\s+['\"](?P<owner>[^'\"]*)['\"]\s+import\s+(?:.*[,\s])?(?P<word>\w*)"
)
_NEW_NAME = lazy_pattern(
    r"[-+]?\s*(?:for\s+[\w\s,()]*|set\s+[\w\s,.]*|macro\b[^=]*|(?:end)?block\s+\w*|end\w+\s.*"
    r"|import\s.*\bas\s+\w*|with\s+\w*|(?:else|raw)\s.*)"
)
_LOOP_VALUES = lazy_pattern(r"[-+]?\s*for\s.*?\sin\s")
_FILTER = lazy_pattern(r".*\|\s*(?P<word>\w*)", re.DOTALL)
_FILTER_BLOCK = lazy_pattern(r"[-+]?\s*filter\s+(?P<word>\w*)")
_TEST = lazy_pattern(r".*\bis\s+(?:not\s+)?(?P<word>\w*)", re.DOTALL)
_PROPERTY = lazy_pattern(
    r"(?:.*[^\w.\]])?(?P<owner>[A-Za-z_]\w*(?:\.\w+|\[[^\[\]]*\])*)\.(?P<word>\w*)", re.DOTALL
)
_OPERATOR = lazy_pattern(r".*[\w)\]}'\"]\s+(?P<word>\w*)", re.DOTALL)
_BEFORE_NAME = lazy_pattern(
    r".*\b(?:and|or|not|in|if|elif|else|call|filter|include|import|extends|from|context)\s+\w*",
    re.DOTALL,
)
_LAST_WORD = lazy_pattern(r".*?(?P<word>\w*)", re.DOTALL)


@record(frozen=True, slots=True, kw_only=True)
class Typed:
    """What is typed.

    Attributes:
        word: The part of the name before the cursor; of a path, all of it.
        owner: Before a dot: the value whose property is typed; in an import, the template.
        before: The text before the tag, or "" in a condition.
    """

    kind: TypedKind
    word: str = ""
    owner: str = ""
    before: str = ""


def in_template(typed: str) -> Typed | None:
    """What is typed at the end of a template's text; None outside of tags."""
    start = max(typed.rfind("{{"), typed.rfind("{%"), typed.rfind("{#"))
    if start < 0:
        return None
    tag, inside = typed[start : start + 2], typed[start + 2 :]
    if len(inside) > LONGEST_EXPRESSION or _CLOSING[tag] in _STRING.sub("", inside):
        return None
    before = typed[:start]
    if tag == "{#":
        return Typed(kind="comment", word=inside, before=before)
    if tag == "{%":
        return _in_statement(inside, before)
    return in_expression(inside.removeprefix("-").removeprefix("+"), before)


def in_expression(inside: str, before: str = "") -> Typed:
    """What is typed at the end of an expression; `before` is the text before its tag."""
    text = _STRING.sub("''", inside)
    if "'" in text.replace("''", "") or '"' in text:
        return Typed(kind="", before=before)
    kinds: tuple[tuple[TypedKind, re.Pattern[str]], ...] = (
        ("filter", _FILTER),
        ("test", _TEST),
        ("property", _PROPERTY),
    )
    if not _BEFORE_NAME.fullmatch(text):
        kinds = (*kinds, ("operator", _OPERATOR))
    return _typed(text, (*kinds, ("name", _LAST_WORD)), before) or Typed(kind="name", before=before)


def _in_statement(inside: str, before: str) -> Typed:
    kinds: tuple[tuple[TypedKind, re.Pattern[str]], ...] = (
        ("statement", _STATEMENT),
        ("path", _TEMPLATE_PATH),
        ("import", _IMPORTED),
        ("filter", _FILTER_BLOCK),
    )
    found = _typed(inside, kinds, before)
    if found is not None:
        return found
    loop = _LOOP_VALUES.match(inside)
    if loop is None and _NEW_NAME.fullmatch(inside):
        return Typed(kind="", before=before)
    return in_expression(inside[loop.end() :] if loop else inside, before)


def _typed(
    text: str, kinds: Iterable[tuple[TypedKind, re.Pattern[str]]], before: str
) -> Typed | None:
    """By the first pattern that matches all of the text."""
    for kind, pattern in kinds:
        found = pattern.fullmatch(text)
        if found is not None:
            return Typed(kind=kind, before=before, **found.groupdict())
    return None


# The names that a template defines before the cursor.
#
# The text may be half-typed, so it has no syntax tree; `analysis/local_names.py` needs one.

NameKind = Literal["item", "set", "macro", "argument", "module", "imported", "loop"]

_TAG = lazy_pattern(r"\{%[-+]?\s*(\w+)\s*((?:[^%]|%(?!\}))*?)\s*[-+]?%\}")
_NAME = lazy_pattern(r"[A-Za-z_]\w*")
_FOR = lazy_pattern(r"(.+?)\s+in\s+(.+?)(?:\s+if\s.*|\s+recursive)?", re.DOTALL)
_SET = lazy_pattern(r"([\w\s,]+?)\s*=\s*(.*)", re.DOTALL)
_PAIR = lazy_pattern(r"([A-Za-z_]\w*)\s*=\s*([\w.\[\]]+)")
_CALLABLE = lazy_pattern(r"([A-Za-z_]\w*)\s*\((.*)\)", re.DOTALL)
_MODULE = lazy_pattern(r"['\"]([^'\"]*)['\"]\s+as\s+(\w+).*", re.DOTALL)
_FROM = lazy_pattern(
    r"['\"]([^'\"]*)['\"]\s+import\s+(.*?)(?:\s+with(?:out)?\s+context)?", re.DOTALL
)
_ARGUMENT = lazy_pattern(r"(?:^|,)\s*([A-Za-z_]\w*)")
_MACRO = lazy_pattern(r"\{%[-+]?\s*macro\s+([A-Za-z_]\w*)\s*\(([^)]*)\)")

_BLOCK_STATEMENTS = ("for", "with", "macro", "call")


@record(frozen=True, slots=True, kw_only=True)
class DefinedName:
    """A name that a template defines.

    Attributes:
        source: Of an item, the list; of a `set`, the value; of a module or an imported name, the
            template; of a macro, its arguments. As written.
        original: Of an imported name, the name in that template.
    """

    name: str
    kind: NameKind
    source: str = ""
    original: str = ""


_OpenBlock = tuple[str, dict[str, DefinedName]]


def names_before(text: str) -> dict[str, DefinedName]:
    """The names that are defined at the end of a text, the innermost ones last."""
    scopes: list[_OpenBlock] = [("", {})]
    for tag in _TAG.finditer(text):
        _follow(tag[1], tag[2], scopes)
    return {name: found for _, names in scopes for name, found in names.items()}


def macros_of(text: str) -> dict[str, DefinedName]:
    """The macros that a template defines."""
    return {
        name: DefinedName(name=name, kind="macro", source=arguments.strip())
        for name, arguments in _MACRO.findall(text)
    }


def _follow(statement: str, rest: str, scopes: list[_OpenBlock]) -> None:
    if statement.startswith("end"):
        _close(statement.removeprefix("end"), scopes)
        return
    defined = list(_DEFINED[statement](rest)) if statement in _DEFINED else []
    outer = [each for each in defined if each.kind == "macro"]
    scopes[-1][1].update((each.name, each) for each in outer)
    inner = [each for each in defined if each.kind != "macro"]
    if statement in _BLOCK_STATEMENTS:
        scopes.append((statement, {}))
    scopes[-1][1].update((each.name, each) for each in inner)


def _close(statement: str, scopes: list[_OpenBlock]) -> None:
    names = [name for name, _ in scopes]
    if statement in names[1:]:
        del scopes[len(names) - 1 - names[::-1].index(statement) :]


def _in_for(rest: str) -> Iterator[DefinedName]:
    found = _FOR.fullmatch(rest)
    if found:
        targets = _NAME.findall(found[1])
        kind: NameKind = "item" if len(targets) == 1 else "argument"
        yield from (DefinedName(name=each, kind=kind, source=found[2]) for each in targets)
        yield DefinedName(name="loop", kind="loop", source=found[2])


def _in_set(rest: str) -> Iterator[DefinedName]:
    found = _SET.fullmatch(rest)
    names, value = (found[1], found[2]) if found else (rest, "")
    for name in _NAME.findall(names.partition("|")[0]):
        yield DefinedName(name=name, kind="set", source=value)


def _in_with(rest: str) -> Iterator[DefinedName]:
    for name, value in _PAIR.findall(rest):
        yield DefinedName(name=name, kind="set", source=value)


def _in_macro(rest: str) -> Iterator[DefinedName]:
    found = _CALLABLE.fullmatch(rest)
    if found:
        yield DefinedName(name=found[1], kind="macro", source=found[2])
        yield from _arguments(found[2])


def _in_call(rest: str) -> Iterator[DefinedName]:
    if rest.startswith("("):
        yield from _arguments(rest[1:].partition(")")[0])


def _arguments(written: str) -> Iterator[DefinedName]:
    for name in _ARGUMENT.findall(written):
        yield DefinedName(name=name, kind="argument")


def _in_import(rest: str) -> Iterator[DefinedName]:
    found = _MODULE.fullmatch(rest)
    if found:
        yield DefinedName(name=found[2], kind="module", source=found[1])


def _in_from(rest: str) -> Iterator[DefinedName]:
    found = _FROM.fullmatch(rest)
    for part in found[2].split(",") if found else ():
        words = _NAME.findall(part)
        original, *alias = words[:1] + words[2:3] or [""]
        if original:
            name = alias[0] if alias else original
            yield DefinedName(
                name=name, kind="imported", source=found[1] if found else "", original=original
            )


_DEFINED: dict[str, Callable[[str], Iterator[DefinedName]]] = {
    "for": _in_for,
    "set": _in_set,
    "with": _in_with,
    "macro": _in_macro,
    "call": _in_call,
    "import": _in_import,
    "from": _in_from,
}


# The statements, filters, tests and other words of templates, each in one line.

STATEMENTS: Mapping[str, str] = {
    "if": "`{% if CONDITION %} … {% endif %}`: only if the condition is true.",
    "elif": "Another condition of an `if`.",
    "else": "The other branch of an `if`; of a `for`, the text for an empty list.",
    "endif": "The end of an `if`.",
    "for": "`{% for ITEM in LIST %} … {% endfor %}`: once for each item.",
    "endfor": "The end of a `for`.",
    "set": "`{% set NAME = VALUE %}`: gives a value a name.",
    "endset": "The end of a `set` with text between its tags.",
    "include": '`{% include "PATH" %}`: the text of another template.',
    "import": '`{% import "PATH" as NAME %}`: the macros of another template.',
    "from": '`{% from "PATH" import MACRO %}`: some macros of another template.',
    "macro": "`{% macro NAME(ARGUMENTS) %} … {% endmacro %}`: text to use like a function.",
    "endmacro": "The end of a `macro`.",
    "call": "`{% call MACRO() %} … {% endcall %}`: calls a macro with text.",
    "endcall": "The end of a `call`.",
    "filter": "`{% filter NAME %} … {% endfilter %}`: applies a filter to text.",
    "endfilter": "The end of a `filter`.",
    "with": "`{% with NAME = VALUE %} … {% endwith %}`: a name for a part of the template.",
    "endwith": "The end of a `with`.",
    "block": "`{% block NAME %} … {% endblock %}`: text that a variant can replace.",
    "endblock": "The end of a `block`.",
    "extends": '`{% extends "PATH" %}`: a variant of another template.',
    "raw": "`{% raw %} … {% endraw %}`: text in which braces have no meaning.",
    "endraw": "The end of `raw`.",
}

OPERATORS: Mapping[str, str] = {
    "and": "Both sides are true.",
    "or": "One of the sides is true.",
    "not": "The opposite.",
    "in": "The left side is an element or a part of the right one.",
    "is": "A test: `value is defined`.",
    "if": "`A if CONDITION else B`.",
    "else": "The value if the condition is false.",
}

GLOBALS: Mapping[str, str] = {
    "range": "`range(stop)`, `range(start, stop, step)`: numbers.",
    "namespace": "`namespace(name=value)`: an object that a loop can change with `set`.",
}

LOOP: Mapping[str, str] = {
    "index": "The number of the round, from 1.",
    "index0": "The number of the round, from 0.",
    "revindex": "The number of rounds that are left, with this one.",
    "revindex0": "The number of rounds that are left, without this one.",
    "first": "Whether this is the first round.",
    "last": "Whether this is the last round.",
    "length": "The number of items.",
    "previtem": "The item before; undefined in the first round.",
    "nextitem": "The item after; undefined in the last round.",
    "depth": "How deep a recursive loop is, from 1.",
    "depth0": "How deep a recursive loop is, from 0.",
    "cycle": '`loop.cycle("a", "b")`: its arguments in turns.',
    "changed": "`loop.changed(value)`: whether the value differs from that of the round before.",
}

_FILTER_DESCRIPTIONS: Mapping[str, str] = {
    "format": "Fills `%s` and `%d` in a format text.",
    "indent": "Indents all lines but the first.",
    "join": "The items as one text, with a separator between them.",
    "json": "The value as JSON, keys in their order.",
    "tojson": "The value as JSON.",
    "parse_json": "The value of a JSON text.",
    "replace": "The text with one part replaced by another.",
    "split": "The parts of a text between separators.",
    "striptags": "The text without tags and comments of HTML.",
    "sum": "The sum of the items.",
    "trim": "The text without blanks around it.",
    "unique": "The items without repeats.",
    "wordwrap": "The text in lines of a width.",
    "default": "Another value if this one is undefined; with `true` also if it is empty.",
    "dictsort": "The pairs of an object, sorted by key.",
    "filesizeformat": "A number of bytes such as `13 kB`.",
    "first": "The first item.",
    "last": "The last item.",
    "groupby": "The items in groups of equal values of an attribute.",
    "items": "The pairs of an object: key and value.",
    "lower": "The text in lower case.",
    "upper": "The text in upper case.",
    "map": "The items with a filter applied, or one attribute of each.",
    "reject": "The items for which a test fails.",
    "rejectattr": "The items for whose attribute a test fails.",
    "select": "The items for which a test succeeds.",
    "selectattr": "The items for whose attribute a test succeeds.",
    "reverse": "The items, or the text, in reverse order.",
    "sort": "The items in order.",
    "title": "The text with a capital letter at the start of each word.",
    "truncate": "The beginning of a text, up to a length.",
    "urlencode": "The text as a part of an address.",
    "wordcount": "The number of words.",
    "batch": "The items in lists of a length.",
    "slice": "The items in a number of lists.",
    "count": "The number of items or characters.",
    "d": "Another value if this one is undefined.",
    "e": "The text with `&`, `<`, `>` and quotes escaped for HTML.",
    "escape": "The text with `&`, `<`, `>` and quotes escaped for HTML.",
    "length": "The number of items or characters.",
    "list": "The items as a list.",
    "int": "The value as a whole number; 0 if it is not one.",
    "float": "The value as a number; 0.0 if it is not one.",
}


_TEST_DESCRIPTIONS: Mapping[str, str] = {
    "defined": "The value exists.",
    "undefined": "The value does not exist.",
    "divisibleby": "The number is divisible by another: `is divisibleby(3)`.",
    "even": "The number is even.",
    "odd": "The number is odd.",
    "none": "The value is null.",
    "mapping": "The value is an object.",
    "sequence": "The value is a list or a text.",
    "iterable": "The value is a list, an object or a text.",
    "in": "The value is an element or a part of another: `is in(list)`.",
}


@cache
def filters() -> Mapping[str, str]:
    """Each filter with one line about it."""
    return {
        name: _FILTER_DESCRIPTIONS.get(name) or _first_line(each)
        for name, each in allowed_filters().items()
    }


@cache
def tests() -> Mapping[str, str]:
    """Each test that has a name with one line about it."""
    found = {name: each for name, each in allowed_tests().items() if name.isidentifier()}
    return {name: _TEST_DESCRIPTIONS.get(name) or _first_line(each) for name, each in found.items()}


def _first_line(function: object) -> str:
    lines = (function.__doc__ or "").strip().partition("\n\n")[0].split("\n")
    text = " ".join(line.strip() for line in lines).replace("``", "`")
    return text.partition(". ")[0].rstrip(".:") + "." if text else ""


# The inputs of the prompts around a position, and the schemas of values below them.

_CASE_INPUTS = lazy_pattern(r"/tests/\d+/inputs((?:/[^/]*)*)")
_CHAIN = lazy_pattern(r"\s*([A-Za-z_]\w*)((?:\.\w+|\[\s*(?:-?\d+|'[^']*'|\"[^\"]*\")\s*\])*)\s*")
_STEP = lazy_pattern(r"\.(\w+)|\[\s*(-?\d+)\s*\]|\[\s*['\"]([^'\"]*)['\"]\s*\]")
_MOST_ALIASES = 8

INPUT_PROPERTIES = "/inputs/properties"


@record(frozen=True, slots=True, kw_only=True)
class Named:
    """An input, or a property of one.

    Attributes:
        schema: With its `$ref` followed; {} if it is unknown.
    """

    name: str
    schema: Schema
    required: bool


def inputs(here: Here) -> dict[str, Named]:
    """The inputs by name: of the prompts as they last could be read, and those now in the text."""
    found: dict[str, Named] = {}
    for prompt in here.prompts:
        for name in inputs_of(prompt):
            schema = followed(inputs_of(prompt).get(name, {}), prompt.inputs)
            required = prompt.inputs.get("required")
            named = Named(
                name=name,
                schema=schema if isinstance(schema, Mapping) else {},
                required=isinstance(required, list) and name in required,
            )
            found.setdefault(name, named)
    if here.is_prompt:
        for name in keys_below(with_lf(here.file.text), INPUT_PROPERTIES):
            found.setdefault(name, Named(name=name, schema={}, required=False))
    return found


def properties(here: Here, owner: str, names: Mapping[str, DefinedName]) -> dict[str, Named]:
    """The properties of the value of an expression such as `order.lines[0]`.

    `names` are the names that the template defines before it.
    """
    found: dict[str, Named] = {}
    for prompt in here.prompts:
        path = _input_path(owner, {**items_at(prompt, here.pointer), **names})
        shape = InputSchemas(prompt.inputs).at(*path) if path else None
        for each in _properties_of(shape, prompt) if shape is not None else ():
            found.setdefault(each.name, each)
    return found


def properties_below(here: Here, path: tuple[str, ...]) -> dict[str, Named]:
    """The properties of an input, or of what is below it, by keys and indexes of a JSON value."""
    found: dict[str, Named] = {}
    for prompt, shape in _shapes(here, path):
        for each in _properties_of(shape, prompt):
            found.setdefault(each.name, each)
    return found


def steps_in_case(pointer: str) -> tuple[str, ...] | None:
    """The keys and indexes of a pointer below the `inputs` of a case; None outside of them."""
    found = _CASE_INPUTS.fullmatch(pointer)
    return None if found is None else tuple(tokens(found[1]))


def schemas_of(here: Here, path: tuple[str, ...]) -> Iterator[Schema]:
    """The schemas of the value at keys and indexes below the inputs."""
    for _, shape in _shapes(here, path):
        for way in shape.ways:
            yield from way.parts


def _shapes(here: Here, path: tuple[str, ...]) -> Iterator[tuple[Prompt, InputShape]]:
    """What is at a path below the inputs, in each prompt that knows it."""
    steps: Path = tuple(ITEM if step.isdecimal() else step for step in path[1:])
    for prompt in here.prompts:
        shape = InputSchemas(prompt.inputs).at(path[0], steps)
        if shape is not None:
            yield prompt, shape


def _properties_of(shape: InputShape, prompt: Prompt) -> Iterator[Named]:
    for way in shape.ways:
        for known in way.keyword_values("properties"):
            for name, written in known.items():
                schema = followed(written, prompt.inputs)
                schema = schema if isinstance(schema, Mapping) else {}
                yield Named(name=name, schema=schema, required=way.requires(name))


def items_at(prompt: Prompt, pointer: str) -> dict[str, DefinedName]:
    """The item of the `for_each` around a pointer."""
    return {
        turn.name: DefinedName(name=turn.name, kind="item", source=turn.source)
        for turn in prompt.messages
        if isinstance(turn, ForEach) and pointer.startswith(f"{turn.at}/")
    }


def _input_path(expression: str, names: Mapping[str, DefinedName]) -> tuple[str, Path] | None:
    """The input that an expression reads and the steps below it; None if it is another value."""
    steps: Path = ()
    for _ in range(_MOST_ALIASES):
        chain = _CHAIN.fullmatch(expression)
        if chain is None:
            return None
        below = _STEP.findall(chain[2])
        steps = (*(ITEM if index else key or quoted for key, index, quoted in below), *steps)
        local = names.get(chain[1])
        if local is None:
            return chain[1], steps
        if local.kind not in ("item", "set"):
            return None
        steps = (ITEM, *steps) if local.kind == "item" else steps
        names = {name: each for name, each in names.items() if name != local.name}
        expression = local.source
    return None
