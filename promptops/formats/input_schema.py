"""Types that a source declares, in its own words or in Picoschema, as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.analysis.template_walk import Locals, walk, walk_expression
from promptops.analysis.uses import ITEM, Step, Use
from promptops.formats.document import Loss, SourceDocument
from promptops.model.place import plain_text
from promptops.patterns import lazy_pattern
from promptops.records import field, record
from promptops.runtime.request.schema_check import first_error, own_engine
from promptops.runtime.template.text_rendering import Load

_KINDS = {
    "string": "string",
    "number": "number",
    "float": "number",
    "integer": "integer",
    "int": "integer",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "array",
    "list": "array",
    "object": "object",
    "dict": "object",
}
_DECLARED_MEDIA = {"image": "image/*", "audio": "audio/*", "file": "application/pdf"}


class DeclaredTypes:
    """The types of one file."""

    def __init__(self, note: Callable[[str], None]) -> None:
        """Args:
        note: Gets a message for each type that is not known; it admits any value.
        """
        self._note = note

    def schema(self, name: str, value: Any) -> dict[str, Any]:
        """The schema of a declaration; a value that is not a mapping is a default."""
        if not isinstance(value, Mapping):
            return {"default": value} if value is not None else {}
        found = {**self._type(name, value), **_facts(value), **self._inner(name, value)}
        return nullable(found) if value.get("nullable") is True else found

    def parameters(self, name: str, given: Any) -> dict[str, Any]:
        """The schema of a tool's parameters: a JSON Schema as it is, or a list of declarations."""
        if isinstance(given, Mapping) and given.get("type") == "object":
            return dict(given)
        inner = given.get("properties") if isinstance(given, Mapping) else None
        rows = named_rows(given if inner is None else inner)
        properties = {key: self.schema(f"{name}.{key}", one) for key, one in rows}
        required = _required(rows)
        return {
            "type": "object",
            **({"required": required} if required else {}),
            "properties": properties,
        }

    def _type(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(value.get("kind", value.get("type", "")))
        if kind == "union":
            branches = value.get("anyOf") or value.get("oneOf")
            listed = branches if isinstance(branches, list) else []
            return {"anyOf": [self.schema(name, one) for one in listed]} if listed else {}
        if kind in _DECLARED_MEDIA:
            return {"type": "string", "contentMediaType": _DECLARED_MEDIA[kind]}
        if kind in _KINDS:
            return {"type": _KINDS[kind]}
        if kind:
            self._note(f"the type `{kind}` of `{name}` is not known: any value")
        return {}

    def _inner(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if isinstance(value.get("items"), Mapping):
            found["items"] = self.schema(name, value["items"])
        rows = named_rows(value.get("properties"))
        if rows:
            required = _required(rows)
            found |= {"required": required} if required else {}
            found["properties"] = {key: self.schema(key, one) for key, one in rows}
        return {**found, **({"default": value["default"]} if "default" in value else {})}


def named_rows(given: Any) -> list[tuple[str, Any]]:
    """The rows of a mapping, or of a list of mappings with names."""
    if isinstance(given, Mapping):
        return [(str(name), value) for name, value in given.items()]
    rows = given if isinstance(given, list) else ()
    return [(str(one["name"]), one) for one in rows if isinstance(one, Mapping) and "name" in one]


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, which also admits null."""
    found = dict(schema)
    kinds = found.get("type")
    if "const" in found or (kinds is None and "enum" not in found):
        branches = found.get("anyOf", [found])
        return {"anyOf": [*branches, {"type": "null"}]} if found else found
    if kinds is not None:
        listed = kinds if isinstance(kinds, list) else [kinds]
        found["type"] = listed if "null" in listed else [*listed, "null"]
    if "enum" in found:
        found["enum"] = [*(one for one in found["enum"] if one is not None), None]
    return found


def _required(rows: list[tuple[str, Any]]) -> list[str]:
    return [key for key, one in rows if isinstance(one, Mapping) and one.get("required") is True]


def _facts(value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if isinstance(value.get("description"), str):
        found["description"] = value["description"]
    if isinstance(value.get("enumValues", value.get("enum")), list):
        found["enum"] = value.get("enumValues", value.get("enum"))
    return found


# Picoschema, the short notation of dotprompt, as JSON Schema.

_TYPES = ("string", "number", "integer", "boolean", "null", "any")
_KEY = lazy_pattern(
    r"(?P<name>[^(?]+)(?P<optional>\??)(?:\((?P<kind>[^,)]+)(?:,\s*(?P<note>[^)]*))?\))?"
)
_KEPT = ("type", "description", "items", "properties")
"""Keywords that stay where they are if a schema admits one more value."""
_JSON_SCHEMA = ("type", "properties", "$ref", "anyOf", "oneOf", "enum", "allOf")


class NamedSchema(Exception):
    """A type that is registered elsewhere; its name is the message."""


def json_schema(value: Any) -> dict[str, Any]:
    """The schema of a value of Picoschema or JSON Schema. Raises NamedSchema."""
    if isinstance(value, str):
        return _declared_scalar(value)
    if not isinstance(value, Mapping):
        return {}
    kind = value.get("type")
    named = isinstance(kind, str) and kind in (*_TYPES, "object", "array")
    if named and not value.keys().isdisjoint(_JSON_SCHEMA):
        return dict(value)
    return _declared_object(value)


def with_defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with a default for each property that may be left out, at any depth.

    The default renders as nothing, as a missing value does; the schema admits it besides its own
    values.
    """
    found = dict(schema)
    required = schema.get("required", ())
    for name, inner in _mapping(schema.get("properties")).items():
        known = with_defaults(_mapping(inner))
        if name not in required and "default" not in known:
            known = _with_nothing(known)
        found["properties"] = {**found["properties"], name: known}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            found[key] = with_defaults(schema[key])
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _with_nothing(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with a default that renders as nothing: a list, a string, or null."""
    kinds = schema.get("type", ())
    listed = [kinds] if isinstance(kinds, str) else kinds
    value: Any = [] if "array" in listed else ""
    if _admits(schema, value):
        return {**schema, "default": value}
    if "array" in listed or "string" in listed:
        return {**_or(schema, value), "default": value}
    return {**nullable(schema), "default": None}


def _or(schema: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """The schema, which also admits a value of its type."""
    widened = {**schema, "enum": [*schema.get("enum", ()), value]}
    if "enum" in schema and _admits(widened, value):
        return widened
    kept = {key: schema[key] for key in _KEPT if key in schema}
    limits = {key: schema[key] for key in schema if key not in _KEPT}
    return {**kept, "anyOf": [limits, {"const": value}]}


def _admits(schema: Mapping[str, Any], value: Any) -> bool:
    try:
        return first_error(own_engine(dict(schema)), value) is None
    except ValueError:  # an invalid schema, or one with references: the self-check reports it
        return True


def _declared_scalar(written: str) -> dict[str, Any]:
    kind, comma, note = written.partition(",")
    kind = kind.strip()
    described = {"description": note.strip()} if comma and note.strip() else {}
    if kind == "any":
        return described
    if kind not in _TYPES:
        raise NamedSchema(kind)
    return {"type": kind, **described}


def _declared_object(value: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    extra: Any = False
    for key, inner in value.items():
        match = _KEY.fullmatch(str(key))
        if key == "(*)":
            extra = json_schema(inner)
            continue
        if match is None:
            raise NamedSchema(str(key))
        name = match["name"].strip()
        schema = _kind(match["kind"], inner)
        if match["note"]:
            schema["description"] = match["note"].strip()
        if match["optional"]:
            schema = _with_null(schema)
        else:
            required.append(name)
        properties[name] = schema
    found: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        found["required"] = required
    return {**found, "additionalProperties": extra}


def _kind(kind: str | None, inner: Any) -> dict[str, Any]:
    if kind == "array":
        return {"type": "array", "items": json_schema(inner)}
    if kind == "enum":
        return {"enum": list(inner) if isinstance(inner, list) else []}
    if kind in (None, "object"):
        return json_schema(inner)
    raise NamedSchema(str(kind))


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return schema


# The schema of the inputs: from templates, from samples, and as a source declares it.

_FORMATTED = lazy_pattern(r'"%[^"%a-zA-Z]*[dioxXeEfFgG]" \| format\(([A-Za-z_]\w*)\)')
_TESTED = lazy_pattern(
    r"\b([A-Za-z_]\w*(?:\.[A-Za-z_]\w*){0,5})\s+(?:is\s+(?:not\s+)?|[!=]=\s*)"
    r"(none|None|string|number|integer|float|boolean|mapping|sequence|iterable)\b"
)
"""A question about the type of a value: `x is none`, `x == none`, `a.b is not string`."""
_TYPES_OF_TESTS = {
    "none": "null",
    "string": "string",
    "number": "number",
    "integer": "number",
    "float": "number",
    "boolean": "boolean",
    "mapping": "object",
    "sequence": "array",
    "iterable": "array",
}
_MEDIA = {"image": "image/*", "audio": "audio/*", "document": "application/pdf"}
_MESSAGE_SCHEMA = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {"role": {"enum": ["user", "assistant"]}, "content": {"type": "string"}},
}
_JSON_TYPES: Mapping[type, str] = {
    bool: "boolean",
    str: "string",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}


@record(frozen=True, slots=True, kw_only=True)
class InputSchema:
    """The value of `inputs`, and what was assumed."""

    schema: Mapping[str, Any]
    losses: tuple[Loss, ...]


def input_schema(
    document: SourceDocument, messages: Sequence[Mapping[str, Any]], load: Load, *, optional: bool
) -> InputSchema:
    """The schema of what the messages read.

    Args:
        messages: As in the prompt file.
        optional: Whether inputs that are only printed get the default "".
    """
    uses = [use for message in messages for use in _uses(message, {}, load)]
    found = shapes(uses)
    for name in _formatted_numbers(messages):
        if name in found:
            found[name].number = True
    for path, kind in _tested_types(messages):
        shape = _shape_at(found, path.split("."))
        if shape is not None:
            shape.tested_types.add(kind)
            shape.null_by_default |= document.tests_null and kind == "null"
    for path in document.lists:
        shape = _shape_at(found, path.split("."))
        if shape is not None:
            shape.listed = True
    for message in messages:
        if message.get("for_each") in found:
            found[message["for_each"]].looped = found[message["for_each"]].unguarded = True
    histories = [message["history"] for message in messages if "history" in message]
    names = dict.fromkeys((*document.inputs, *found, *_media(messages), *histories))
    inputs = _Inputs(document, found, optional=optional)
    properties = {name: inputs.schema(name) for name in names if name not in histories}
    properties |= {name: _of_history(document, name) for name in histories}
    properties |= {
        name: _of_media(properties[name], kind) for name, kind in _media(messages).items()
    }
    unread = set(document.inputs) - set(found) - set(_media(messages)) - set(document.required)
    may_be_missing = {name for name, shape in found.items() if not shape.unguarded}
    may_miss = unread | (may_be_missing - set(document.required))
    required = [
        name for name in names if "default" not in properties[name] and name not in may_miss
    ]
    schema: dict[str, Any] = {"required": required} if required else {}
    if properties:
        schema["properties"] = properties
    return InputSchema(schema=schema, losses=tuple(inputs.losses))


class _Inputs:
    """The schemas of a document's inputs, one after the other."""

    def __init__(
        self, document: SourceDocument, found: Mapping[str, Shape], *, optional: bool
    ) -> None:
        self.losses: list[Loss] = []
        self._document = document
        self._found = found
        self._optional = optional

    def schema(self, name: str) -> dict[str, Any]:
        """Of one input, with the former name as `x-aliases`."""
        declared = self._document.inputs.get(name)
        samples = [sample[name] for sample in self._document.samples if name in sample]
        shape = self._found.get(name, Shape(printed=True, unguarded=True))
        if declared is None:
            schema = self._inferred(name, shape, samples)
        else:
            schema = self._declared(name, dict(declared), shape)
        schema = self._widened(name, schema, samples)
        if "default" not in schema and self._is_left_out(name):
            self._note("IMP306", f"`{name}` may be left out: an example leaves it out")
            schema = {**schema, "default": empty_value(schema)}
        old = self._document.aliases.get(name)
        if old is None:
            return schema
        self._note("IMP201", f"the input `{old}` is renamed to `{name}`; the old name is an alias")
        return {**schema, "x-aliases": [old]}

    def _is_left_out(self, name: str) -> bool:
        """Whether a case of a source that allows it has no value for an input."""
        document = self._document
        shape = self._found.get(name)
        if not document.lenient or name in document.required or shape is None:
            return False
        if not shape.unguarded:
            return False
        return any(name not in case.inputs for case in document.cases)

    def _inferred(self, name: str, shape: Shape, samples: Sequence[Any]) -> dict[str, Any]:
        schema = schema_of(shape, samples[0] if samples else None)
        self._note("IMP305", f"the input `{name}` is not declared: it is inferred from its uses")
        if name in self._document.defaults:
            return _with_default(schema, self._document.defaults[name])
        if "default" in schema or not shape.unguarded:
            self._note("IMP306", f"`{name}` may be left out: only a condition or a loop reads it")
        elif self._optional and "string" in schema.get("type", ()):
            schema["default"] = ""
        elif self._document.lenient and 0 < len(samples) < len(self._document.samples):
            schema["default"] = empty_value(schema)
            self._note("IMP306", f"`{name}` may be left out: examples of the source have no value")
        if self._document.lenient and samples:
            missing = len(self._document.samples) - len(samples)
            return _with_left_out(schema, [*samples, *([{}] if missing else [])])
        return schema

    def _declared(self, name: str, schema: dict[str, Any], shape: Shape) -> dict[str, Any]:
        if self._document.lenient:
            schema = _completed(schema, shape)
        if "default" in schema or name in self._document.required or name not in self._found:
            return schema
        implied = schema_of(shape)
        kinds: Any = schema.get("type", implied.get("type", ()))
        if "default" in implied:
            default = empty_value(schema) if "type" in schema else implied["default"]
            self._note("IMP306", f"`{name}` may be left out: only a condition or a loop reads it")
            return {**schema, "default": default}
        if self._optional and "string" in kinds:
            return {**schema, "default": ""}
        return schema

    def _widened(self, name: str, schema: dict[str, Any], samples: Sequence[Any]) -> dict[str, Any]:
        for sample in samples:
            kinds = schema.get("type")
            if kinds is None or _fits(sample, kinds):
                continue
            listed = [kinds] if isinstance(kinds, str) else list(kinds)
            kind = _JSON_TYPES[type(sample)]
            schema = {**schema, "type": [*listed, kind]}
            self._note("IMP216", f"`{name}` also takes a value like its example, of type {kind}")
        return schema

    def _note(self, code: str, message: str) -> None:
        self.losses.append(Loss(code=code, message=message, place=self._document.place))


def _with_default(schema: Mapping[str, Any], default: Any) -> dict[str, Any]:
    """The schema of a scalar with a default, and its type with that of the default."""
    kinds = schema.get("type", ())
    listed = [kinds] if isinstance(kinds, str) else list(kinds)
    if not set(listed) & {"string", "number", "boolean"}:
        return dict(schema)
    kind = _JSON_TYPES[type(default)]
    widened = kinds if kind in listed else [*listed, kind]
    return {**schema, "type": widened, "default": default}


def _with_left_out(schema: Mapping[str, Any], samples: Sequence[Any]) -> dict[str, Any]:
    """The schema with a default for each property that an example has no value for."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return dict(schema)
    objects = [sample for sample in samples if isinstance(sample, Mapping)]
    found = {}
    for name, inner in properties.items():
        values = [sample[name] for sample in objects if name in sample]
        left_out = len(values) < len(objects)
        found[name] = _with_left_out(inner, [*values, *([{}] if left_out else [])])
        if left_out:
            found[name].setdefault("default", empty_value(inner))
    required = [name for name in schema.get("required", ()) if "default" not in found[name]]
    kept = {key: value for key, value in schema.items() if key != "required"}
    return {**kept, **({"required": required} if required else {}), "properties": found}


def _completed(schema: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The schema with the properties that templates read and that nothing declares."""
    found = dict(schema)
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        new = {
            name: {**schema_of(below), "default": empty_value(schema_of(below))}
            for name, below in shape.keys.items()
            if name not in properties
        }
        known = {
            name: _completed(inner, shape.keys[name])
            if name in shape.keys and isinstance(inner, Mapping)
            else inner
            for name, inner in properties.items()
        }
        found["properties"] = {**known, **new}
    if isinstance(schema.get("items"), Mapping) and shape.item is not None:
        found["items"] = _completed(schema["items"], shape.item)
    return found


def _fits(value: Any, kinds: Any) -> bool:
    listed = [kinds] if isinstance(kinds, str) else kinds
    kind = _JSON_TYPES.get(type(value), "")
    return kind in listed or (kind == "number" and type(value) is int and "integer" in listed)


def _uses(turn: Mapping[str, Any], locals_: Locals, load: Load) -> Iterator[Use]:
    when = turn.get("when")
    if isinstance(when, str):
        yield from walk_expression(plain_text("", when), locals_=locals_).uses
    if "for_each" in turn:
        inner = {**locals_, turn["as"]: (turn["for_each"], (ITEM,))}
        for message in turn["messages"]:
            yield from _uses(message, inner, load)
    for text in _texts(turn):
        if isinstance(text, str):
            yield from walk(plain_text("", text), load, locals_=locals_).uses
        else:
            yield from _uses(text, locals_, load)


def _texts(turn: Mapping[str, Any]) -> Sequence[Any]:
    """Its templates, and the parts of its content that have a `when` of their own."""
    content = turn.get("content", turn.get("text"))
    if isinstance(content, str):
        return [content]
    return content or ()


def _formatted_numbers(turns: Sequence[Any]) -> Iterator[str]:
    """The names that templates format as numbers: `"%.2f" | format(price)`."""
    for turn in turns:
        if isinstance(turn, str):
            yield from _FORMATTED.findall(turn)
        else:
            yield from _formatted_numbers([*_texts(turn), *turn.get("messages", ())])


def _tested_types(turns: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """The paths whose type templates ask for, each with a type that they expect."""
    for turn in turns:
        if isinstance(turn, str):
            for path, word in _TESTED.findall(turn):
                yield path, _TYPES_OF_TESTS[word.lower()]
        else:
            when = turn.get("when")
            tested = [f"{{% if {when} %}}"] if isinstance(when, str) else []
            yield from _tested_types([*tested, *_texts(turn), *turn.get("messages", ())])


def _shape_at(found: Mapping[str, Shape], path: Sequence[str]) -> Shape | None:
    shape = found.get(path[0])
    for step in path[1:]:
        shape = None if shape is None else shape.keys.get(step)
    return shape


def _media(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The kind of each input that is an image, a sound or a document."""
    found: dict[str, str] = {}
    for message in messages:
        found |= _media(message.get("messages", ()))
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            found |= {part[kind]["input"]: kind for kind in _MEDIA if "input" in part.get(kind, ())}
    return found


def _of_media(schema: Mapping[str, Any], kind: str) -> dict[str, Any]:
    declared = {key: value for key, value in schema.items() if key != "type"}
    return {"type": "string", "contentMediaType": _MEDIA[kind], **declared}


def _of_history(document: SourceDocument, name: str) -> dict[str, Any]:
    old = document.aliases.get(name)
    aliases = {} if old is None else {"x-aliases": [old]}
    return {"type": "array", **aliases, "default": [], "items": _MESSAGE_SCHEMA}


# The schema of inputs that templates imply, and the declared one where it defines more.

_LENGTH = frozenset(("length", "count"))
_ENCODING = frozenset(("json", "tojson"))
_OF_MAPPINGS = frozenset(("items", "dictsort"))
_OF_LISTS = frozenset(
    ("join", "first", "last", "sort", "unique", "map", "select", "reject", "selectattr", "batch")
)
_OF_NUMBERS = frozenset(("round", "abs", "int", "float"))
_TEXT_TYPES = ["string", "number"]
_CONDITION_TYPES = ["boolean", "string", "number"]


@record(slots=True)
class Shape:
    """What templates do with a value.

    Attributes:
        printed: It is rendered, or passed to a filter, a test or a call.
        tested: A condition depends on it.
        looped: It is iterated.
        mapped: Its keys and values are iterated.
        listed: A filter for lists is applied.
        counted: Only its length is read.
        number: A filter for numbers is applied.
        encoded: It is written as JSON.
        unguarded: It is read where nothing tests that it is defined.
        tested_types: JSON types that a template asks for: `null` for `x is none`.
        null_by_default: It is null if it is left out, so that `x is none` is true.
        keys: By name, of a mapping.
        item: Of an element of a list, or of a value of a mapping.
    """

    printed: bool = False
    tested: bool = False
    looped: bool = False
    mapped: bool = False
    listed: bool = False
    counted: bool = False
    number: bool = False
    encoded: bool = False
    unguarded: bool = False
    tested_types: set[str] = field(default_factory=set)
    null_by_default: bool = False
    keys: dict[str, Shape] = field(default_factory=dict)
    item: Shape | None = None

    @property
    def is_list(self) -> bool:
        """Whether it can only be a list."""
        return not self.mapped and (self.looped or self.listed or self.item is not None)

    @property
    def optional(self) -> bool:
        """Whether the templates allow for a value that is empty or missing."""
        return self.tested or self.looped or not self.unguarded

    def below(self, step: Step) -> Shape:
        """The shape of one step, created if it is new."""
        if isinstance(step, str):
            return self.keys.setdefault(step, Shape())
        if self.item is None:
            self.item = Shape()
        return self.item


def shapes(uses: Iterable[Use]) -> dict[str, Shape]:
    """The shape of each input that the uses read, in the order of their first read."""
    found: dict[str, Shape] = {}
    for use in uses:
        shape = found.setdefault(use.name, Shape())
        for index, step in enumerate(use.path):
            shape.unguarded |= use.guards[index] == "none"
            shape = shape.below(step)
        _note(shape, use)
    return found


def schema_of(shape: Shape, sample: Any = None) -> dict[str, Any]:
    """A schema that admits what the templates can render; `sample` decides where they do not.

    Optional values have a default that renders what a lenient engine renders for a missing one;
    those that templates read only after a test, or with a default of their own, have none.
    """
    schema = _with_tested(_typed(shape, sample), shape.tested_types)
    if shape.optional and shape.unguarded:
        schema["default"] = None if shape.null_by_default else empty_value(schema)
    return schema


def _with_tested(schema: dict[str, Any], kinds: Iterable[str]) -> dict[str, Any]:
    """The schema with the types that a template asks for, so that each answer is possible."""
    given = schema.get("type")
    if given is None:
        return schema
    listed = [given] if isinstance(given, str) else list(given)
    missing = sorted(set(kinds) - set(listed))
    return {**schema, "type": [*listed, *missing]} if missing else schema


def required_of(found: Mapping[str, Shape]) -> list[str]:
    """The names that are printed and that no condition or loop allows to be missing."""
    return [name for name, shape in found.items() if not shape.optional]


def _note(shape: Shape, use: Use) -> None:
    filters = frozenset(use.filters)
    shape.tested |= use.role == "test"
    shape.mapped |= bool(filters & _OF_MAPPINGS)
    shape.looped |= use.role == "loop"
    shape.listed |= bool(filters & _OF_LISTS)
    shape.number |= bool(filters & _OF_NUMBERS)
    shape.counted |= bool(filters & _LENGTH)
    shape.encoded |= bool(filters & _ENCODING)
    shape.printed |= use.role in ("output", "filtered", "argument", "other")
    shape.unguarded |= use.guard == "none" and use.role != "alias"


def _typed(shape: Shape, sample: Any) -> dict[str, Any]:
    if shape.keys and not shape.is_list:
        return _object(shape, sample)
    if shape.mapped:
        return {"type": "object", **_values(shape, sample)}
    if shape.counted and not shape.is_list and sample is None:
        return {"type": ["array", "object", "string"]}
    if shape.is_list or (shape.counted and isinstance(sample, list)):
        return {"type": "array", **_items(shape, sample)}
    return sampled(sample) if sample is not None else _scalar(shape)


def _scalar(shape: Shape) -> dict[str, Any]:
    if shape.encoded:
        return {}
    if shape.number:
        return {"type": "number"}
    return {"type": list(_TEXT_TYPES if shape.printed else _CONDITION_TYPES)}


def _object(shape: Shape, sample: Any) -> dict[str, Any]:
    given = sample if isinstance(sample, Mapping) else {}
    properties = {name: schema_of(below, given.get(name)) for name, below in shape.keys.items()}
    required = required_of(shape.keys)
    schema: dict[str, Any] = {"type": ["object", "null"] if shape.tested else "object"}
    if required:
        schema["required"] = required
    return {**schema, "properties": properties}


def _items(shape: Shape, sample: Any) -> dict[str, Any]:
    given = sample if isinstance(sample, Sequence) and not isinstance(sample, str) else ()
    if shape.item is None and not given:
        return {}
    example = next(iter(given), None)
    item = shape.item or Shape(printed=True)
    schema = _typed(item, example)
    return {"items": schema}


def _values(shape: Shape, sample: Any) -> dict[str, Any]:
    given = sample if isinstance(sample, Mapping) else {}
    if shape.item is None:
        return {}
    return {"additionalProperties": _typed(shape.item, next(iter(given.values()), None))}


def empty_value(schema: Mapping[str, Any]) -> Any:
    """The value of a type that is false, and that a lenient engine renders for a missing one."""
    kind = schema.get("type")
    if isinstance(kind, list):
        if "object" in kind and "null" in kind:
            return None
        kind = next((one for one in kind if one != "null"), None)
    empty = {"object": {}, "array": [], "boolean": False, "number": 0, "integer": 0}
    return empty.get(str(kind), "")


def sampled(sample: Any) -> dict[str, Any]:
    """A schema of values like an example."""
    if isinstance(sample, bool):
        return {"type": "boolean"}
    if isinstance(sample, int | float):
        return {"type": "number"}
    if isinstance(sample, str):
        return {"type": "string"}
    if isinstance(sample, Mapping):
        return {"type": "object"}
    if isinstance(sample, Sequence):
        return {"type": "array", **({"items": sampled(sample[0])} if sample else {})}
    return {}
