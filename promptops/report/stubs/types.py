"""Converts a JSON Schema to Python: a type expression, and declarations of objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.json_pointer import unescaped
from promptops.patterns import lazy_pattern
from promptops.report.stubs.layout import Of, Type, on_one_line, union
from promptops.report.stubs.names import UniqueNames, class_name, quoted
from promptops.report.stubs.records import RecordField, typed_dict
from promptops.report.stubs.schemas import MAX_DEPTH, Schemas, items, mapping, one_or_many

MAX_LITERALS = 200
"""Of an enumeration with more values, only the types are told."""
MAX_CHARACTERS = 4000
"""Of a type expression; one that is longer is anything."""

PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
_NARROWING = frozenset(("anyOf", "const", "enum", "oneOf"))
_OF_A_FILE = lazy_pattern(r"(?:\.(?:schema|tool))?\.(?:json|ya?ml)_*$")
_WORDS = lazy_pattern(r"\w+")
_ANNOTATIONS = frozenset(("$ref", "default", "description", "examples", "title"))


class Declarations:
    """The declarations of a module, in an order in which each can be read."""

    def __init__(self, names: UniqueNames) -> None:
        self.names = names
        self.texts: list[str] = []


class Types:
    """The types of one schema."""

    def __init__(
        self, declarations: Declarations, schema: Mapping[str, Any], prefix: str, *, given: bool
    ) -> None:
        """`given`: callers pass it, so defaults are filled in; else they read it."""
        self._declarations = declarations
        self._schemas = Schemas(schema)
        self._prefix = prefix
        self._given = given
        self._named: dict[str, str] = {}
        self._bodies: dict[tuple[str, ...], str] = {}
        self._open: set[str] = set()

    def whole(self, name: str) -> Type:
        """The type of all of it; an object is called `name`."""
        return self._type(self._schemas.root, name, 0)

    def parameters(self, name: str, description: str) -> str | None:
        """The name of the declaration of what a function takes by name; None where it takes all."""
        merged = dict(self._schemas.merged(self._schemas.root))
        if _is_open(merged):
            return None
        alternatives = (*items(merged.get("anyOf")), *items(merged.get("oneOf")))
        beside: dict[str, Any] = {}
        for alternative in alternatives:  # which of them are needed, no type can tell
            beside |= mapping(self._schemas.merged(alternative).get("properties"))
        merged["properties"] = {**beside, **mapping(merged.get("properties"))}
        merged["description"] = merged.get("description") or description
        return self._declared(merged, name, 0)

    def _type(self, schema: Any, name: str, depth: int) -> Type:
        if depth > MAX_DEPTH:
            return "Any"
        reference = mapping(schema).get("$ref")
        if isinstance(reference, str):
            found = self._referred(schema, reference, name, depth)
        else:
            found = self._meant(self._schemas.merged(schema), name, depth)
        return found if len(on_one_line(found)) <= MAX_CHARACTERS else "Any"

    def _referred(self, schema: Mapping[str, Any], reference: str, name: str, depth: int) -> Type:
        """An object that is referred to is declared once, and may hold itself."""
        if reference in self._named:
            return self._named[reference]
        merged = self._schemas.merged(schema)
        annotated = all(key in _ANNOTATIONS or key.startswith("x-") for key in schema)
        alone = one_or_many(merged.get("type", "object")) == ["object"]
        alone = alone and not merged.keys() & _NARROWING
        if annotated and alone and self._is_record(merged):
            merged = self._schemas.merged({"$ref": reference})
            known = _name_of(reference)
            wanted = f"{self._prefix}{class_name(known)}" if known else name
            return self._declared(merged, wanted, depth, reference)
        if reference in self._open:
            return "Any"
        self._open.add(reference)
        found = self._meant(merged, name, depth)
        self._open.discard(reference)
        return found

    def _meant(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if "const" in schema:
            return _literal([schema["const"]])
        if items(schema.get("enum")):
            return _literal(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if items(schema.get(key)):
                rest = {k: v for k, v in schema.items() if k not in ("anyOf", "oneOf", "default")}
                alone = rest.keys() <= _ANNOTATIONS
                branches = (each if alone else {"allOf": [each, rest]} for each in schema[key])
                return union([self._type(each, name, depth + 1) for each in branches])
        kinds = one_or_many(schema["type"]) if "type" in schema else _implied(schema)
        return union([self._of_kind(kind, schema, name, depth) for kind in kinds])

    def _of_kind(self, kind: Any, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if kind == "array":
            return Of("list", (self._item(schema, name, depth),))
        if kind == "object":
            return self._object(schema, name, depth)
        return PLAIN.get(kind, "Any") if isinstance(kind, str) else "Any"

    def _item(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        first = items(schema.get("prefixItems"))
        if not first and "items" not in schema:
            return "Any"
        rest = schema.get("items", True if first else None)
        every = [*first, *([rest] if rest is not False else [])]
        return union([self._type(each, f"{name}Item", depth + 1) for each in every])

    def _object(self, schema: Mapping[str, Any], name: str, depth: int) -> Type:
        if self._is_record(schema):
            return self._declared(schema, name, depth)
        head = "Mapping" if self._given else "dict"
        values = [*mapping(schema.get("patternProperties")).values()]
        values += [schema["additionalProperties"]] if "additionalProperties" in schema else []
        known = mapping(schema.get("properties"))
        values = [] if known else [each for each in values if each is not False]
        value = union([self._type(each, f"{name}Value", depth + 1) for each in values])
        return Of(head, ("str", value))

    def _is_record(self, schema: Mapping[str, Any]) -> bool:
        """An object whose keys are known; of what callers give, others must not be allowed."""
        known = mapping(schema.get("properties"))
        return bool(known) and not (self._given and _is_open(schema))

    def _declared(
        self, schema: Mapping[str, Any], wanted: str, depth: int, reference: str = ""
    ) -> str:
        """The name of a declaration; of two that say the same, the first."""
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
        text = "\n".join(body).replace(_SELF, name)
        self._declarations.texts.append(text)
        return name

    def _body(self, schema: Mapping[str, Any], name: str, depth: int) -> Iterator[str]:
        required = items(schema.get("required"))
        fields = []
        for key, each in mapping(schema.get("properties")).items():
            if each is False:
                continue
            type_ = self._declarable(self._type(each, f"{name}{class_name(key)}", depth + 1))
            merged = self._schemas.merged(each)
            has_default = self._given and "default" in merged
            if key not in required or has_default:
                type_ = Of("NotRequired", (type_,))
            fields.append(RecordField(key, type_, described(merged)))
        yield from typed_dict(_SELF, fields, described(schema))

    def _declarable(self, type_: Type) -> Type:
        """In quotes, where something in it is not declared yet: it holds itself."""
        written = on_one_line(type_)
        return quoted(written) if self._open & set(_WORDS.findall(written)) else type_


_SELF = "\0"
"""Stands for the name of a declaration, so that two can be compared."""


def _name_of(reference: str) -> str:
    """What a definition is called; one that was a file is called by its path, with dots."""
    last = unescaped(reference.partition("#")[2]).rpartition("/")[2]
    ending = _OF_A_FILE.search(last)
    return last[: ending.start()].rpartition(".")[2] if ending else last


def described(schema: Mapping[str, Any]) -> str:
    """What a schema says that it is, or ""."""
    text = schema.get("description") or schema.get("title")
    return text.strip() if isinstance(text, str) else ""


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Somebody says that there may be other keys."""
    return schema.get("additionalProperties", False) is not False or bool(
        mapping(schema.get("patternProperties"))
    )


def _implied(schema: Mapping[str, Any]) -> list[str]:
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["array"] if "items" in schema or "prefixItems" in schema else []


def _literal(values: list[Any]) -> Type:
    """The values themselves, and the types of those that no literal can be."""
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
