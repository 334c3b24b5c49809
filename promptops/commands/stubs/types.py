"""Types in Python: names, literals and long types, and what a JSON Schema is as a type."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from keyword import iskeyword
from typing import Any

from promptops.json_pointer import target, unescaped
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.report.visible import visible, visible_characters

MAX_LITERALS = 200
"""The limit of literal values; an enum with more becomes the types of its values."""
MAX_CHARACTERS = 4000
"""The limit of characters of a type expression; a longer one becomes `Any`."""

_PLAIN_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
_NARROWING = frozenset(("anyOf", "const", "enum", "oneOf"))
_FILE_ENDING = lazy_pattern(r"(?:\.(?:schema|tool))?\.(?:json|ya?ml)_*$")
_NAME = lazy_pattern(r"\w+")
_ANNOTATIONS = frozenset(("$ref", "default", "description", "examples", "title"))


class Declarations:
    """The declarations of a module, ordered so that each follows those it refers to."""

    def __init__(self, names: UniqueNames) -> None:
        self.names = names
        self.texts: list[str] = []


class Types:
    """Converts one schema to types and declarations."""

    def __init__(
        self, declarations: Declarations, schema: Mapping[str, Any], prefix: str, *, given: bool
    ) -> None:
        """`given`: whether callers pass the value, so that defaults are filled in, or read it."""
        self._declarations = declarations
        self._schemas = _Schemas(schema)
        self._prefix = prefix
        self._given = given
        self._named: dict[str, str] = {}
        self._bodies: dict[tuple[str, ...], str] = {}
        self._open: set[str] = set()

    def whole(self, name: str) -> Type:
        """The type of the whole schema; an object is declared as `name`."""
        return self._type(self._schemas.root, name, 0)

    def parameters(self, name: str, description: str) -> str | None:
        """Declare the keyword arguments of a function; None if it accepts any name."""
        merged = dict(self._schemas.merged(self._schemas.root))
        if _allows_other_keys(merged):
            return None
        alternatives = (*_items(merged.get("anyOf")), *_items(merged.get("oneOf")))
        beside: dict[str, Any] = {}
        for alternative in alternatives:  # types can't express which alternative applies
            beside |= _mapping(self._schemas.merged(alternative).get("properties"))
        merged["properties"] = {**beside, **_mapping(merged.get("properties"))}
        merged["description"] = merged.get("description") or description
        return self._declared(merged, name, 0)

    def _type(self, schema: Any, name: str, depth: int) -> Type:
        if depth > MAX_DEPTH:
            return "Any"
        reference = _mapping(schema).get("$ref")
        if isinstance(reference, str):
            found = self._referred(schema, reference, name, depth)
        else:
            found = self._type_of_schema(self._schemas.merged(schema), name, depth)
        return found if len(on_one_line(found)) <= MAX_CHARACTERS else "Any"

    def _referred(self, schema: Mapping[str, Any], reference: str, name: str, depth: int) -> Type:
        """The type of a reference; an object is declared once and may contain itself."""
        if reference in self._named:
            return self._named[reference]
        merged = self._schemas.merged(schema)
        annotated = all(key in _ANNOTATIONS or key.startswith("x-") for key in schema)
        alone = _one_or_many(merged.get("type", "object")) == ["object"]
        alone = alone and not merged.keys() & _NARROWING
        if annotated and alone and self._is_record(merged):
            merged = self._schemas.merged({"$ref": reference})
            known = _name_of(reference)
            wanted = f"{self._prefix}{class_name(known)}" if known else name
            return self._declared(merged, wanted, depth, reference)
        if reference in self._open:
            return "Any"
        self._open.add(reference)
        found = self._type_of_schema(merged, name, depth)
        self._open.discard(reference)
        return found

    def _type_of_schema(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if "const" in schema:
            return _literal([schema["const"]])
        if _items(schema.get("enum")):
            return _literal(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if _items(schema.get(key)):
                rest = {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf", "default")}
                alone = rest.keys() <= _ANNOTATIONS
                branches = (
                    branch if alone else {"allOf": [branch, rest]} for branch in schema[key]
                )
                return union([self._type(branch, name, depth + 1) for branch in branches])
        kinds = _one_or_many(schema["type"]) if "type" in schema else _implied(schema)
        return union([self._of_kind(kind, schema, name, depth) for kind in kinds])

    def _of_kind(self, kind: Any, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if kind == "array":
            return Of("list", (self._item(schema, name, depth),))
        if kind == "object":
            return self._object(schema, name, depth)
        return _PLAIN_TYPES.get(kind, "Any") if isinstance(kind, str) else "Any"

    def _item(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        first = _items(schema.get("prefixItems"))
        if not first and "items" not in schema:
            return "Any"
        rest = schema.get("items", True if first else None)
        every = [*first, *([rest] if rest is not False else [])]
        return union([self._type(each, f"{name}Item", depth + 1) for each in every])

    def _object(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if self._is_record(schema):
            return self._declared(schema, name, depth)
        head = "Mapping" if self._given else "dict"
        values = [*_mapping(schema.get("patternProperties")).values()]
        values += [schema["additionalProperties"]] if "additionalProperties" in schema else []
        known = _mapping(schema.get("properties"))
        values = [] if known else [each for each in values if each is not False]
        value = union([self._type(each, f"{name}Value", depth + 1) for each in values])
        return Of(head, ("str", value))

    def _is_record(self, schema: Mapping[str, Any]) -> bool:
        """Whether all keys are known; values that callers pass must not allow other keys."""
        known = _mapping(schema.get("properties"))
        return bool(known) and not (self._given and _allows_other_keys(schema))

    def _declared(
        self, schema: Mapping[str, Any], wanted: str, depth: int, reference: str = ""
    ) -> str:
        """Declare an object and return its name; an equal earlier declaration is reused."""
        names = self._declarations.names
        name = names.new(wanted)
        self._named |= {reference: name} if reference else {}
        self._open.add(name)
        body = tuple(self._body(schema, name, depth))
        self._open.discard(name)
        known = self._bodies.get(body)
        if known is not None:
            names.give_back(name)
            self._named |= {reference: known} if reference else {}
            return known
        self._bodies[body] = name
        text = "\n".join(body).replace(_OWN_NAME, name)
        self._declarations.texts.append(text)
        return name

    def _body(self, schema: Mapping[str, Any], name: str, depth: int) -> Iterator[str]:
        required = _items(schema.get("required"))
        fields = []
        for key, each in _mapping(schema.get("properties")).items():
            if each is False:
                continue
            type_ = self._type(each, f"{name}{class_name(key)}", depth + 1)
            written = on_one_line(type_)
            if self._open & set(_NAME.findall(written)):  # it refers to an open declaration
                type_ = quoted(written)
            merged = self._schemas.merged(each)
            has_default = self._given and "default" in merged
            if key not in required or has_default:
                type_ = Of("NotRequired", (type_,))
            fields.append(_RecordField(key, type_, _description(merged)))
        # A class, or a call if a key is not a valid attribute.
        is_class = all(_can_be_attribute(each.key) for each in fields)
        lines = _class_lines if is_class else _call_lines
        yield from lines(_OWN_NAME, fields, _description(schema))


_OWN_NAME = "\0"
"""A placeholder for a declaration's own name, so that declarations can be compared."""


def _name_of(reference: str) -> str:
    """The name of a definition; the last part of the path if it was a file."""
    last = unescaped(reference.partition("#")[2]).rpartition("/")[2]
    ending = _FILE_ENDING.search(last)
    return last[: ending.start()].rpartition(".")[2] if ending else last


def _description(schema: Mapping[str, Any]) -> str:
    """The description or the title of a schema, or ""."""
    text = schema.get("description") or schema.get("title")
    return text.strip() if isinstance(text, str) else ""


def _allows_other_keys(schema: Mapping[str, Any]) -> bool:
    """Whether the schema explicitly allows other keys."""
    return schema.get("additionalProperties", False) is not False or bool(
        _mapping(schema.get("patternProperties"))
    )


def _implied(schema: Mapping[str, Any]) -> list[str]:
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []


def _literal(values: list[Any]) -> Type:
    """A `Literal` of the values, and the types of values that can't be literals."""
    can_be = [each for each in values if type(each) in (str, int, bool)]
    if len(can_be) > MAX_LITERALS:
        return union([_type_of(each) for each in values])
    written = dict.fromkeys(quoted(v) if isinstance(v, str) else repr(v) for v in can_be)
    others = [_type_of(each) for each in values if type(each) not in (str, int, bool)]
    return union([*([Of("Literal", tuple(written))] if written else []), *others])


def _type_of(value: Any) -> Type:
    if isinstance(value, list):
        return Of("list", ("Any",))
    if isinstance(value, Mapping):
        return Of("dict", ("str", "Any"))
    return "None" if value is None else type(value).__name__


# Declarations of objects with known keys as `TypedDict`

_TYPE_NAMES = frozenset(("bool", "dict", "float", "int", "list", "str"))
"""Names that a key of a class can't have, because types of other keys would refer to it."""
_MARGIN = " " * 4


@record(frozen=True, slots=True)
class _RecordField:
    """A key of an object; `description` may be empty."""

    key: str
    type: Type
    description: str


def _class_lines(name: str, fields: Sequence[_RecordField], description: str) -> Iterator[str]:
    yield f"class {name}(TypedDict):"
    yield from docstring(description, _MARGIN)
    if description and fields:
        yield ""
    for field in fields:
        yield from laid_out(f"{field.key}: ", field.type, "", _MARGIN)
        yield from docstring(field.description, _MARGIN)
    if not fields and not description:
        yield f"{_MARGIN}pass"


def _call_lines(name: str, fields: Sequence[_RecordField], description: str) -> Iterator[str]:
    yield f"{name} = TypedDict("
    yield f'{_MARGIN}"{name}",'
    yield f"{_MARGIN}{{"
    for field in fields:
        for line in docstring(field.description, _MARGIN * 2):
            comment = line.strip().removeprefix('"""').removesuffix('"""')
            if comment:
                yield f"{_MARGIN * 2}# {comment}"
        yield from laid_out(f"{quoted(field.key)}: ", field.type, ",", _MARGIN * 2)
    yield f"{_MARGIN}}},"
    yield ")"
    yield from docstring(description, "")


def _can_be_attribute(key: str) -> bool:
    """Whether a key can be an attribute: Python mangles or reserves other names."""
    is_name = key.isascii() and key.isidentifier() and not iskeyword(key)
    return is_name and not key.startswith("__") and not key[0].isupper() and key not in _TYPE_NAMES


# Schemas with references resolved and `allOf` merged, within limits

MAX_SCHEMAS = 5000
"""The limit of schemas resolved for one prompt; further ones become `Any`."""
MAX_DEPTH = 30
"""The limit of nesting levels."""


class _Schemas:
    """The schemas below one root."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._left = MAX_SCHEMAS

    def merged(
        self, schema: Any, active: frozenset[str] = frozenset(), depth: int = 0
    ) -> Mapping[str, Any]:
        """One schema without `$ref` and `allOf`; empty if it allows any value."""
        self._left -= 1
        if not isinstance(schema, Mapping) or self._left < 0 or depth > MAX_DEPTH:
            return {}
        beside = {key: each for key, each in schema.items() if key not in ("$ref", "allOf")}
        parts: list[Mapping[str, Any]] = [beside]
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in active:
            parts.append(self.merged(target(reference, self.root), active | {reference}, depth + 1))
        branches = schema.get("allOf")
        if isinstance(branches, list):
            parts += [self.merged(branch, active, depth + 1) for branch in branches]
        result: dict[str, Any] = {}
        for part in parts:
            result = _conjunction(result, part)
        return result


def _conjunction(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The conjunction of two schemas; the first one's annotations win."""
    result = {**other, **one}
    for key in one.keys() & other.keys():
        if key == "properties":
            first, second = _mapping(one[key]), _mapping(other[key])
            both = {name: {"allOf": [first[name], second[name]]} for name in first.keys() & second}
            result[key] = {**first, **second, **both}
        elif key == "required":
            result[key] = [*_items(one[key]), *_items(other[key])]
        elif key in ("type", "enum"):
            allowed = _one_or_many(other[key])
            shared = [value for value in _one_or_many(one[key]) if value in allowed]
            result[key] = shared or one[key]
    return result


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _items(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def _one_or_many(value: Any) -> list[Any]:
    """The value as a list; a single value becomes a list of one."""
    return value if isinstance(value, list) else [value]


# Python syntax: names, string literals, docstrings, and types over several lines.

WIDTH = 100
_LONGEST_NAME = 60
_WORD = lazy_pattern(r"[A-Za-z0-9]+")
_QUOTED = {"\\": "\\\\", '"': '\\"'}


class UniqueNames:
    """Gives out names that are unique in a module."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """The wanted name, with a number if it is taken."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name)
        return name

    def give_back(self, name: str) -> None:
        """Free a name that was not used."""
        self._taken.discard(name)


def class_name(text: str) -> str:
    """`SupportTriageDe` for `support/triage.de`; characters outside ASCII are left out."""
    words = (word[0].upper() + word[1:] for word in _WORD.findall(text))
    name = "".join(words)[:_LONGEST_NAME]
    return name if name[:1].isalpha() else f"Prompt{name}"


def quoted(text: str) -> str:
    """A Python string literal; invisible characters are escaped."""
    shown = zip(text, visible_characters(text), strict=True)
    return '"' + "".join(_QUOTED.get(char, seen) for char, seen in shown) + '"'


def docstring(text: str, margin: str) -> Iterator[str]:
    """The lines of a docstring; none for an empty text."""
    paragraphs = [textwrap.wrap(visible(line), WIDTH - len(margin) - 6) for line in _lines(text)]
    lines = [line for paragraph in paragraphs for line in (paragraph or [""])]
    if not lines:
        return
    safe = [_inside(line) for line in lines]
    if len(safe) == 1:
        yield f'{margin}"""{safe[0]}"""'
        return
    yield f'{margin}"""{safe[0]}'
    yield from (f"{margin}{line}" if line else "" for line in safe[1:])
    yield f'{margin}"""'


def _inside(line: str) -> str:
    """A line escaped so that it can't end the docstring."""
    line = line.replace("\\", "\\\\")
    return line.replace('"', '\\"') if '"""' in line or line.endswith('"') else line


def _lines(text: str) -> list[str]:
    return text.strip().split("\n") if text.strip() else []


@record(frozen=True, slots=True)
class Of:
    """A type with arguments, `head[…]`: a list, a mapping, a literal."""

    head: str
    arguments: tuple[Type, ...]


@record(frozen=True, slots=True)
class Union:
    """A union of types."""

    members: tuple[Type, ...]


Type = str | Of | Union


def union(members: Iterator[Type] | list[Type]) -> Type:
    """The union of types, simplified: `None` comes last, and `Any` includes all others."""
    found: dict[Type, None] = {}
    for member in members:
        found |= dict.fromkeys(member.members if isinstance(member, Union) else (member,))
    if not found or "Any" in found:
        return "Any"
    if "float" in found:
        found.pop("int", None)
    if "None" in found:
        found.pop("None")
        found["None"] = None
    return Union(tuple(found)) if len(found) > 1 else next(iter(found))


def on_one_line(type_: Type) -> str:
    """A type on one line, regardless of its length."""
    if isinstance(type_, str):
        return type_
    if isinstance(type_, Union):
        return " | ".join(map(on_one_line, type_.members))
    return f"{type_.head}[{', '.join(map(on_one_line, type_.arguments))}]"


def laid_out(before: str, type_: Type, after: str, margin: str) -> Iterator[str]:
    """The lines of a type with the text before and after it."""
    line = f"{margin}{before}{on_one_line(type_)}{after}"
    if len(line) <= WIDTH or isinstance(type_, str):
        yield line
    elif isinstance(type_, Union):
        yield from _in_brackets(f"{before}(", type_, f"){after}", margin)
    elif len(type_.arguments) == 1:
        yield from _in_brackets(f"{before}{type_.head}[", type_.arguments[0], f"]{after}", margin)
    else:
        yield f"{margin}{before}{type_.head}["
        for argument in type_.arguments:
            yield from laid_out("", argument, ",", f"{margin}    ")
        yield f"{margin}]{after}"


def _in_brackets(before: str, type_: Type, after: str, margin: str) -> Iterator[str]:
    inner = f"{margin}    "
    yield f"{margin}{before}"
    if isinstance(type_, Union) and len(inner + on_one_line(type_)) > WIDTH:
        for number, member in enumerate(type_.members):
            yield from laid_out("| " if number else "", member, "", inner)
    else:
        yield from laid_out("", type_, "", inner)
    yield f"{margin}{after}"
