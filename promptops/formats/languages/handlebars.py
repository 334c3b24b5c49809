"""Handlebars and Mustache: tags in double braces, with scopes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.formats.input_names import InputNames
from promptops.formats.languages.handlebars_scopes import Schema, Scope, Scopes, Value
from promptops.formats.languages.handlebars_tokens import (
    Token,
    Word,
    tokens,
    words,
)
from promptops.formats.languages.handlebars_values import COMPARED, HandlebarsValues
from promptops.formats.languages.tag_losses import TagLosses
from promptops.formats.parts import CommentPart, ExpressionPart, TagPart, TemplatePart, TextPart
from promptops.formats.translation import Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

ROLE_MARK = "\ue000role:{}\ue001"
"""Stands in a text where a message of a role begins; private characters, so no text has it."""
MEDIA_MARK = "\ue000media:"
"""Begins the source of an expression that is an input with an image."""

_NAME = lazy_pattern(r"\w+")
_MAX_DEPTH = 30


class Handlebars:
    """Translates one text.

    Attributes:
        partials: The names of the partials that it includes.
    """

    def __init__(self, text: Text, names: InputNames, *, properties: Schema) -> None:
        """`properties` has the schema of each input that is declared."""
        self.partials: list[str] = []
        self._text = text
        self._names = names
        self._losses = TagLosses(text)
        self._scopes = Scopes(names, properties, "own")
        self._values = HandlebarsValues(self._scopes, self._losses)
        self._open: list[tuple[str, str]] = []  # name of the block, its closing tag
        self._tokens = list(tokens(text.value, "\\"))
        self._words = frozenset(_NAME.findall(text.value))
        self._keyed = frozenset(_keyed(self._tokens))
        self._loops = 0

    def read(self) -> Translation:
        """The parts; a tag without a counterpart refuses the prompt."""
        parts: list[TemplatePart] = []
        for token in self._tokens:
            if len(self._open) > _MAX_DEPTH:
                self._losses.lost("IMP102", "blocks are nested too deeply", token.start)
                parts = [TextPart(self._text.value)]
                break
            if token.sigil == "text":
                parts.append(TextPart(token.inner))
            else:
                parts += self._tag(token)
        if self._open:
            self._losses.lost("IMP102", f"the block `{self._open[-1][0]}` is not closed", 0)
        return Translation(parts=tuple(parts), losses=tuple(self._losses.found))

    def _tag(self, token: Token) -> Iterator[TemplatePart]:
        if token.sigil == "!":
            yield CommentPart(token.inner, token.alone)
        elif token.sigil == ">":
            yield from self._partial(token)
        elif token.sigil in ("#", "^") and token.inner:
            yield TagPart(self._opened(token), token.alone)
        elif token.sigil == "/":
            yield from self._closed(token)
        elif token.sigil == "=":
            self._losses.lost("IMP102", "other delimiters than `{{` are not read", token.start)
        elif token.inner == "else" or token.inner.startswith("else ") or token.sigil == "^":
            yield TagPart(self._else(token), token.alone)
        else:
            yield from self._expression(token)

    def _partial(self, token: Token) -> Iterator[TemplatePart]:
        name, *others = token.inner.split() or [""]
        if others or not name or name.startswith("("):
            self._losses.lost("IMP104", f"the partial `{token.inner}` gets a context", token.start)
            return
        if token.indent:
            message = f"Handlebars indents each line of the partial `{name}` like its tag"
            self._losses.note("IMP211", message, token.start)
        name = name.strip("\"'")
        self.partials.append(name)
        yield TagPart(f'include "{name}"', token.alone)

    def _opened(self, token: Token) -> str:
        found = words(token.inner)
        name = found[0][1] if found else ""
        arguments = found[1:]
        if token.sigil == "^":
            name, arguments = "unless", found
        block = {
            "if": self._if,
            "unless": self._unless,
            "each": self._each,
            "with": self._with,
            "ifEquals": self._equals,
            "unlessEquals": self._equals,
        }.get(name)
        if block is None:
            self._losses.lost(
                "IMP102", f"helper `{name}` has no counterpart in promptops", token.start
            )
            self._push(name, "endif", self._scopes.stack[-1])
            return f"if {self._names.name(name)}"
        return block(name, arguments, token)

    def _push(self, name: str, closing_tag: str, scope: Scope) -> None:
        self._open.append((name, closing_tag))
        self._scopes.stack.append(scope)

    def _if(self, _name: str, found: Sequence[Word], token: Token) -> str:
        value = self._values.value(found, token)
        self._push("if", "endif", self._scopes.stack[-1])
        return f"if {value.expression}"

    def _unless(self, _name: str, found: Sequence[Word], token: Token) -> str:
        value = self._values.value(found, token)
        self._push("unless", "endif", self._scopes.stack[-1])
        return f"if not {value.expression}"

    def _equals(self, name: str, found: Sequence[Word], token: Token) -> str:
        left, right = self._values.two(found, token)
        self._push(name, "endif", self._scopes.stack[-1])
        return f"if {left} {'==' if name == 'ifEquals' else '!='} {right}"

    def _each(self, _name: str, found: Sequence[Word], token: Token) -> str:
        params = next((value.strip("|").split() for kind, value in found if kind == "params"), [])
        plain = [word for word in found if word[0] != "params" and word[1] != "as"]
        value = self._values.value(plain, token)
        of_mapping = value.kind == "object" or (not value.kind and token.start in self._keyed)
        return self._loop("each", value, params, of_mapping=of_mapping)

    def _loop(self, name: str, value: Value, params: Sequence[str], *, of_mapping: bool) -> str:
        item = Value(params[0] if params else self._free("item"), value.item)
        names = {params[0]: item} if params else {}
        key = ""
        if of_mapping:
            key = params[1] if len(params) > 1 else self._free("key")
        if len(params) > 1:
            names[params[1]] = Value(key or "loop.index0")
        self._push(name, "endfor", Scope(item, key, names))
        source = value.expression
        if value.may_be_null and of_mapping:
            source = f"({source} or {{}})"
        return (
            f"for {key}, {item.expression} in {source} | items"
            if key
            else (f"for {item.expression} in {source}")
        )

    def _free(self, name: str) -> str:
        """A name for a variable that no input can have."""
        self._loops += 1
        free = name if self._loops <= 1 + (name == "key") else f"{name}{self._loops}"
        while free in self._words:
            free = f"{free}_"
        return free

    def _with(self, _name: str, found: Sequence[Word], token: Token) -> str:
        params = next((value.strip("|").split() for kind, value in found if kind == "params"), [])
        value = self._values.value(found[:1], token)
        this = value.certain()
        self._push("with", "endif", Scope(this, names=dict.fromkeys(params[:1], this)))
        return f"if {value.expression}"

    def _closed(self, token: Token) -> Iterator[TemplatePart]:
        if not self._open:
            self._losses.lost("IMP102", f"nothing is open that `{token.inner}` closes", token.start)
            return
        _, closing_tag = self._open.pop()
        self._scopes.stack.pop()
        yield TagPart(closing_tag, token.alone)

    def _else(self, token: Token) -> str:
        found = words(token.inner.removeprefix("else"))
        if not self._open:
            self._losses.lost("IMP102", "nothing is open that `else` belongs to", token.start)
        if found and found[0][1] == "if" and self._open and self._open[-1][1] == "endif":
            return f"elif {self._values.value(found[1:], token).expression}"
        if found:
            self._losses.lost(
                "IMP102", f"`{token.inner}` has no counterpart in promptops", token.start
            )
        return "else"

    def _expression(self, token: Token) -> Iterator[TemplatePart]:
        found = words(token.inner)
        name = found[0][1] if found else ""
        if name == "role" and len(found) == 2:
            role = found[1][1].strip("\"'")
            yield TextPart(ROLE_MARK.format(role))
        elif name == "history":
            yield TextPart(ROLE_MARK.format("history"))
        elif name == "media":
            yield from self._media(found, token)
        elif name == "section":
            self._losses.note("IMP110", "a section is not carried", token.start)
        elif len(found) == 1 and found[0][0] == "string":  # a name in quotes
            yield ExpressionPart(self._values.printed(self._values.path(f"[{name[1:-1]}]")))
        elif (name in ("json", "lookup") and len(found) > 1) or len(found) == 1:
            yield ExpressionPart(self._values.printed(self._values.value(found, token)))
        elif name in COMPARED or name in ("and", "or", "not"):
            yield ExpressionPart(f"({self._values.value(found, token).expression}) | json")
        else:
            self._losses.lost(
                "IMP102", f"helper `{name}` has no counterpart in promptops", token.start
            )

    def _media(self, found: Sequence[Word], token: Token) -> Iterator[TemplatePart]:
        keys = {
            found[at][1]: found[at + 1] for at in range(1, len(found) - 1) if found[at][0] == "key"
        }
        if "url" not in keys:
            self._losses.lost("IMP105", "an image without an address is not carried", token.start)
            return
        kind, value = keys["url"]
        source = value.strip("\"'") if kind == "string" else self._values.path(value).expression
        yield ExpressionPart(f"{MEDIA_MARK}{kind}:{source}")


def _keyed(found: Sequence[Token]) -> Iterator[int]:
    """The offsets of the loops whose own body reads `@key`."""
    opened: list[tuple[str, int]] = []
    for token in found:
        if "@key" in token.inner and token.sigil != "text":
            yield from (next(((start,) for name, start in reversed(opened) if name == "each"), ()))
        if token.sigil in ("#", "^") and token.inner:
            opened.append((token.inner.split()[0], token.start))
        elif token.sigil == "/" and opened:
            opened.pop()
