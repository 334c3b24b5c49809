"""Mustache: sections repeat a list, or depend on a condition; names are looked up in all scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import ExpressionPart, TemplatePart
from promptops.formats.languages.handlebars import (
    Handlebars,
    HandlebarsValues,
    Schema,
    Scope,
    Scopes,
    Token,
    Value,
    tokens,
)
from promptops.formats.translation import InputNames, Translate, Translation
from promptops.model.place import Text
from promptops.records import replace

_MAX_DEPTH = 20


def mustache_with(sample: Mapping[str, Any]) -> Translate:
    """The translation of a Mustache template; example inputs decide which sections are loops."""
    properties = {name: schema_like(value) for name, value in sample.items()}

    def translate(text: Text, names: InputNames) -> Translation:
        return Mustache(text, names, properties=properties).read()

    return translate


def schema_like(value: Any, depth: int = 0) -> dict[str, Any]:
    """A schema of values like an example, with the properties of its mappings."""
    if isinstance(value, Mapping):
        inner = {} if depth > _MAX_DEPTH else value
        properties = {str(name): schema_like(item, depth + 1) for name, item in inner.items()}
        return {"type": ["object", "null"], "properties": properties}
    if isinstance(value, list):
        items = schema_like(value[0], depth + 1) if value and depth <= _MAX_DEPTH else {}
        return {"type": "array", "items": items}
    kinds = {bool: "boolean", str: "string", int: "number", float: "number"}
    kind = kinds.get(type(value))
    return {"type": kind} if kind is not None else {}


class Mustache(Handlebars):
    """Translates one text."""

    def __init__(self, text: Text, names: InputNames, *, properties: Schema) -> None:
        super().__init__(text, names, properties=properties)
        self._scopes = Scopes(names, properties, "all")
        self._values = HandlebarsValues(self._scopes, self._losses)
        self._tokens = list(tokens(text.value, ""))
        self._lists = frozenset(_likely_lists(self._tokens))

    def read(self) -> Translation:
        """The parts; Mustache escapes HTML in the value of `{{x}}`, promptops does not: IMP210."""
        found = super().read()
        for name in self.partials:
            self._losses.lost("IMP104", f"the partial `{name}` is not read", 0)
        return replace(found, losses=tuple(self._losses.found))

    def _opened(self, token: Token) -> str:
        value = self._values.path(token.inner)
        if token.sigil == "^":
            self._push(token.inner, "endif", self._scopes.stack[-1])
            return f"if not {value.expression}"
        if not value.kind:
            message = f"whether `{token.inner}` is a list or a condition is a guess"
            self._losses.note("IMP232", f"{message}: an example decides, see --inputs", token.start)
        if value.kind == "array" or (not value.kind and token.start in self._lists):
            return self._loop(token.inner, value, (), of_mapping=False)
        scope = Scope(value.certain()) if value.kind == "object" else self._scopes.stack[-1]
        self._push(token.inner, "endif", scope)
        return f"if {value.expression}"

    def _expression(self, token: Token) -> Iterator[TemplatePart]:
        if not token.inner:
            return
        if self._text.value[token.start + 2 : token.start + 9].lstrip()[:1] not in ("{", "&"):
            message = "Mustache escapes HTML in the value of `{{x}}`, promptops does not"
            self._losses.note("IMP210", message, 0)
        yield ExpressionPart(self._printed(self._values.path(token.inner)))

    def _printed(self, value: Value) -> str:
        """As its value is written in Python, where its sections decide the type."""
        written = f'{value.expression} | default("")' if value.may_fail else value.expression
        return f'{written} if {value.nullable} else ""' if value.nullable else written


def _likely_lists(found: Sequence[Token]) -> Iterator[int]:
    """The offsets of sections that read `.`, or names that nothing outside of them reads."""
    opened: list[tuple[str, int]] = []
    inside: dict[int, set[str]] = {}
    outside: set[str] = set()
    for token in found:
        if token.sigil in ("#", "^") and token.inner:
            (inside[opened[-1][1]] if opened else outside).add(token.inner)
            opened.append((token.inner, token.start))
            inside[token.start] = set()
        elif token.sigil == "/" and opened:
            opened.pop()
        elif token.sigil == "" and token.inner:
            (inside[opened[-1][1]] if opened else outside).add(token.inner)
    sections = {token.start: token.inner for token in found if token.sigil == "#"}
    for start, name in sections.items():
        if "." in inside.get(start, ()) or inside.get(start, set()) - outside - {name}:
            yield start
