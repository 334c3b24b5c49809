"""Values in tags of Handlebars: paths, literals and calls of helpers, as expressions of Jinja."""

from __future__ import annotations

import json
from collections.abc import Sequence

from promptops.formats.languages.handlebars_scopes import Scopes, Value
from promptops.formats.languages.handlebars_tokens import Token, Word, closing, depth_of
from promptops.formats.languages.javascript_values import COMPACT_JSON
from promptops.formats.languages.tag_losses import TagLosses

COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
"""The operator of each helper that compares."""
_LOOP = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
_LITERALS = {"true": "true", "false": "false", "null": "none", "undefined": "none"}
_MAX_DEPTH = 30


class HandlebarsValues:
    """The values of one text, read in the scope that is open."""

    def __init__(self, scopes: Scopes, losses: TagLosses) -> None:
        self._scopes = scopes
        self._losses = losses

    def printed(self, value: Value) -> str:
        """How a value is written there: true and false in lower case, a list with commas."""
        written = value.expression
        if value.kind == "boolean":
            written = f"{written} | json"
        elif value.kind == "array":
            written = f'{written} | join(",")'
        elif value.may_fail:
            written = f'{written} | default("")'
        if value.nullable:
            return f'{written} if {value.nullable} else ""'
        if value.may_be_null and value.kind not in ("string", "array"):
            return f'{written} if {value.expression} is not none else ""'
        return written

    def two(self, found: Sequence[Word], token: Token) -> tuple[str, str]:
        """The expressions of exactly two values."""
        values = [value.expression for value in self._values(found, token)]
        if len(values) != 2:
            self._losses.lost("IMP102", f"`{token.inner}` needs two values", token.start)
        return (*values, "none", "none")[0], (*values, "none", "none")[1]

    def value(self, found: Sequence[Word], token: Token) -> Value:
        """A path, a literal, or a call of a helper."""
        if not found or depth_of(found) > _MAX_DEPTH:
            self._losses.lost("IMP102", f"`{token.inner[:40]}` needs a value", token.start)
            return Value("none")
        kind, first = found[0]
        if kind == "path" and len(found) > 1:
            return self._called(first, self._values(found[1:], token), token)
        return self._values(found, token)[0]

    def _values(self, found: Sequence[Word], token: Token) -> list[Value]:
        values: list[Value] = []
        index = 0
        while index < len(found):
            kind, value = found[index]
            if kind == "open":
                end = closing(found, index)
                inner = self.value(found[index + 1 : end], token)
                values.append(Value(f"({inner.expression})", inner.schema))
                index = end + 1
                continue
            if kind in ("string", "number"):
                values.append(Value(json.dumps(value[1:-1]) if kind == "string" else value))
            elif kind == "path":
                values.append(self.path(value))
            index += 1
        return values or [Value("none")]

    def _called(self, name: str, values: list[Value], token: Token) -> Value:
        written = [value.expression for value in values]
        if name in COMPARED and len(values) == 2:
            return Value(f"{written[0]} {COMPARED[name]} {written[1]}")
        if name in ("and", "or"):
            return Value(f" {name} ".join(written))
        if name == "not":
            return Value(f"not {written[0]}")
        if name == "json":
            if values[0].kind not in ("string", "number", "integer", "boolean"):
                self._losses.note("IMP213", COMPACT_JSON, token.start)
            return Value(f"{written[0]} | json")
        if name == "lookup" and len(values) == 2:
            return Value(f"{written[0]}[{written[1]}]", values[0].item, True)
        self._losses.lost("IMP102", f"helper `{name}` has no counterpart in promptops", token.start)
        return values[0]

    def path(self, path: str) -> Value:
        """A path in its scope."""
        if path in _LITERALS:
            return Value(_LITERALS[path])
        return self._data(path) if path.startswith("@") else self._scopes.value(path)

    def _data(self, path: str) -> Value:
        if path in _LOOP:
            schema = {} if path == "@index" else {"type": "boolean"}
            return Value(_LOOP[path], schema)
        if path == "@key":
            return Value(self._scopes.key())
        if path.startswith("@root."):
            return self._scopes.input(path.removeprefix("@root.").split("."))
        if path.startswith("@../"):
            self._losses.lost(
                "IMP102", f"`{path}` of an outer loop has no counterpart in promptops", 0
            )
            return Value("none")
        self._losses.note("IMP220", f"`{path}` becomes an input", 0)
        return self._scopes.input(
            [step for step in path.lstrip("@").split(".") if step] or ["root"]
        )
