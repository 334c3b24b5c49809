"""Handlebars: tokens, scopes, values and blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import (
    CommentPart,
    ExpressionPart,
    Loss,
    TagPart,
    TemplatePart,
    TextPart,
)
from promptops.formats.translation import COMPACT_JSON, InputNames, Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import field, record

_OPENING = lazy_pattern(r"\\*\{\{")
_END_OF_STRING = lazy_pattern(r"[\"'}]")
_TAG_WORD = lazy_pattern(
    r"""\s*(?:(?P<string>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<open>\()
    |(?P<close>\))|(?P<key>[A-Za-z_]\w*)=|(?P<params>\|[^|]*\|)|(?P<path>(?:\[[^\]]*\]|[^\s()=|])+))""",
    64,  # re.VERBOSE
)
_SIGILS = "#^/>!&="
_STANDALONE = frozenset("#/^>!=")
_BLANK = " \t"

Word = tuple[str, str]
"""Kind and text: string, number, open, close, key, params, path."""


@record(frozen=True, slots=True)
class Token:
    """A tag or a text.

    Attributes:
        sigil: "text" for a text, "" for an expression.
        start: Its offset in the template.
        alone: It had a line of its own, which is in no text.
        indent: The blanks before a tag that is alone.
    """

    sigil: str
    inner: str
    start: int
    end: int
    left: bool = False
    right: bool = False
    alone: bool = False
    indent: str = ""


def tokens(source: str, escapes: str) -> Iterator[Token]:
    """Texts and tags, after the white space rules of tags alone on a line, and of `~`.

    `escapes` is the character before `{{` that makes it text, or "". From a tag that is not closed
    on, everything is text.
    """
    yield from _without_lines(list(_raw(source, escapes)), source)


def words(inner: str) -> list[Word]:
    """The words of a tag."""
    found, position = [], 0
    while position < len(inner):
        match = _TAG_WORD.match(inner, position)
        if match is None:
            break
        kind = match.lastgroup or "path"
        found.append((kind, match[kind]))
        position = match.end()
    return found


def closing(found: Sequence[Word], opening: int) -> int:
    """The index of the bracket that closes another one."""
    depth = 0
    for index in range(opening, len(found)):
        depth += (found[index][0] == "open") - (found[index][0] == "close")
        if depth == 0:
            return index
    return len(found)


def depth_of(found: Sequence[Word]) -> int:
    """How deep the brackets are nested."""
    depth = deepest = 0
    for kind, _ in found:
        depth += (kind == "open") - (kind == "close")
        deepest = max(deepest, depth)
    return deepest


def _raw(source: str, escapes: str) -> Iterator[Token]:
    """Tags, and before, between and after them texts, which may be empty."""
    position, started, text = 0, 0, ""
    while (match := _OPENING.search(source, position)) is not None:
        slashes = len(match[0]) - 2
        start = match.end() - 2
        if escapes and slashes % 2 == 1:
            text += source[position : start - 1] + "{{"
            position = match.end()
            continue
        tag = _tag(source, start)
        if tag is None:
            break
        kept = slashes - (slashes // 2 if escapes else 0)
        text += source[position : match.start()] + "\\" * kept
        yield Token("text", text, started, start)
        yield tag
        position = started = tag.end
        text = ""
    yield Token("text", text + source[position:], started, len(source))


def _tag(source: str, start: int) -> Token | None:
    """The tag whose braces begin at `start`; None if nothing closes it."""
    at = start + 2
    if source.startswith(("!--", "~!--"), at):
        return _long_comment(source, start)
    left = source.startswith("~", at)
    at += left
    triple = source.startswith("{", at)
    at += triple
    end = _end(source, at)
    if end < 0:
        return None
    inner = source[at:end].strip()
    end += 2
    if triple and source.startswith("}", end):
        end += 1
    right = inner.endswith("~")
    inner = inner.removesuffix("~").rstrip()
    sigil = inner[:1] if inner[:1] and inner[0] in _SIGILS else ""
    inner = inner[len(sigil) :].strip()
    return Token("" if sigil == "&" else sigil, inner, start, end, left, right)


def _long_comment(source: str, start: int) -> Token | None:
    end = source.find("--", start + 5)
    while end >= 0 and not source.startswith(("}}", "~}}"), end + 2):
        end = source.find("--", end + 1)
    if end < 0:
        return None
    right = source.startswith("~", end + 2)
    inner = source[source.index("--", start) + 2 : end].strip()
    return Token("!", inner, start, end + 4 + right, source[start + 2] == "~", right)


def _end(source: str, at: int) -> int:
    """The offset of `}}` outside of quotes; -1 without it."""
    if source.startswith("!", at):
        return source.find("}}", at)
    while (match := _END_OF_STRING.search(source, at)) is not None:
        if match[0] == "}":
            if source.startswith("}}", match.start()):
                return match.start()
            at = match.end()
            continue
        close = source.find(match[0], match.end())
        at = match.end() if close < 0 else close + 1
    return -1


def _without_lines(raw: Sequence[Token], source: str) -> Iterator[Token]:
    texts = [token.inner for token in raw]
    alone = [_is_alone(token, source) for token in raw]
    chained = frozenset(_ends_of_chains(raw))
    indents = [""] * len(raw)
    for index, token in enumerate(raw):
        if token.sigil == "text":
            continue
        before, after = index - 1, index + 1
        if alone[index]:
            kept = texts[before] if index in chained else texts[before].rstrip(_BLANK)
            indents[index] = texts[before][len(kept) :]
            texts[before] = kept
            texts[after] = texts[after].lstrip(_BLANK).removeprefix("\n")
        if token.left:
            texts[before] = texts[before].rstrip()
        if token.right:
            texts[after] = texts[after].lstrip()
    for index, token in enumerate(raw):
        if token.sigil != "text":
            yield Token(
                token.sigil, token.inner, token.start, token.end, False, False, alone[index],
                indents[index],
            )  # fmt: skip
        elif texts[index]:
            yield Token("text", texts[index], token.start, token.end)


def _ends_of_chains(raw: Sequence[Token]) -> Iterator[int]:
    """The indexes of tags that close an `else if`: the blanks before them stay in the text."""
    chained: list[bool] = []
    for index, token in enumerate(raw):
        if token.sigil in ("#", "^") and token.inner:
            chained.append(False)
        elif token.sigil == "" and token.inner.startswith("else ") and chained:
            chained[-1] = True
        elif token.sigil == "/" and chained and chained.pop():
            yield index


def _is_alone(token: Token, source: str) -> bool:
    """Whether a block tag, a comment or a partial has a line of its own."""
    is_else = token.inner == "else" or token.inner.startswith("else ")
    if token.sigil not in _STANDALONE and not (token.sigil == "" and is_else):
        return False
    before, after = token.start - 1, token.end
    while before >= 0 and source[before] in _BLANK:
        before -= 1
    while after < len(source) and source[after] in _BLANK:
        after += 1
    starts = before < 0 or source[before] == "\n"
    return starts and (after == len(source) or source[after] == "\n")


# What the names of Handlebars and Mustache refer to.

_PATH_STEP = lazy_pattern(r"\[[^\]]*\]|[^./\[\]]+")

_SCALARS = ("string", "number", "integer", "boolean")

Schema = Mapping[str, Any]


@record(frozen=True, slots=True)
class Value:
    """A Jinja expression, and the schema of its value, which is empty if nothing declares it.

    Attributes:
        may_fail: It reads an element of a list, which may not exist.
        nullable: The expression of an object above it that may be null, or "".
    """

    expression: str
    schema: Schema = field(default_factory=dict)
    may_fail: bool = False
    nullable: str = ""

    @property
    def kind(self) -> str:
        """The type that is declared, other than null; "" without one."""
        kinds = self.schema.get("type")
        listed = kinds if isinstance(kinds, list) else [kinds]
        return next((str(kind) for kind in listed if kind not in (None, "null")), "")

    @property
    def may_be_null(self) -> bool:
        """Whether null is a value that is declared."""
        if "null" in self.schema.get("type", ()) or None in (self.schema.get("enum") or ()):
            return True
        return {"type": "null"} in self.schema.get("anyOf", ())

    def certain(self) -> Value:
        """The same value where a condition excludes null."""
        return Value(self.expression, {**self.schema, "type": self.kind}, self.may_fail)

    @property
    def item(self) -> Schema:
        """The schema of an element of a list, or of a value of a mapping."""
        name = "additionalProperties" if self.kind == "object" else "items"
        found = self.schema.get(name)
        return found if isinstance(found, Mapping) else {}

    def below(self, steps: Sequence[str]) -> Value:
        """A value inside of this one; `length` is a filter where no property has this name."""
        found = self
        for step in steps:
            found = found._step(step.strip("[]"))
        return found

    def _step(self, step: str) -> Value:
        properties = self.schema.get("properties")
        known: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
        if step == "length" and step not in known:
            return Value(f"{self.expression} | length", {"type": "integer"})
        nullable = self.nullable
        if self.kind == "object" and self.may_be_null:
            nullable = nullable or self.expression
        if step.isdecimal():
            return Value(f"{self.expression}[{step}]", self.item, True, nullable)
        if step.isidentifier():
            written = f"{self.expression}.{step}"
        else:
            written = f"{self.expression}[{json.dumps(step)}]"
        return Value(written, known.get(step, {}), self.may_fail, nullable)


@record(frozen=True, slots=True)
class Scope:
    """What names refer to.

    Attributes:
        this: None at the top.
        key: The variable with the key of a mapping, or "".
        names: Parameters of a block.
    """

    this: Value | None
    key: str = ""
    names: Mapping[str, Value] = field(default_factory=dict)


class Scopes:
    """The scopes that are open.

    Attributes:
        stack: The innermost last.
    """

    def __init__(self, names: InputNames, properties: Schema, searches: str) -> None:
        """Args:
        properties: The schema of each input that is declared.
        searches: "all" if a name is looked up in all scopes, as Mustache does, "own" if not.
        """
        self.stack = [Scope(None)]
        self._names = names
        self._properties = properties
        self._searches = searches

    def input(self, steps: Sequence[str]) -> Value:
        """An input, or a value inside of one."""
        name = steps[0].strip("[]")
        schema = self._properties.get(name, {})
        return Value(self._names.name(name), schema).below(steps[1:])

    def value(self, path: str) -> Value:
        """The value of a path in the innermost scope."""
        scope = len(self.stack) - 1
        while path.startswith("../"):
            path, scope = path[3:], self._parent(scope)
        if path == "..":
            path, scope = "this", self._parent(scope)
        own = self.stack[scope]
        steps = [step for step in _PATH_STEP.findall(path) if step != "this"]
        if not steps:
            return own.this or self.input(["this"])
        for known in reversed(self.stack[: scope + 1]):
            if steps[0] in known.names:
                return known.names[steps[0]].below(steps[1:])
        found = self._holder(scope, steps[0].strip("[]"))
        return found.below(steps) if found is not None else self.input(steps)

    def _holder(self, scope: int, name: str) -> Value | None:
        """What has a name: `this`, or for Mustache the innermost value that declares it."""
        own = self.stack[scope].this
        if own is None or self._searches == "own":
            return own
        if own.kind in _SCALARS:
            return None
        for known in reversed(self.stack[: scope + 1]):
            if known.this is not None and name in known.this.schema.get("properties", {}):
                return known.this
        declared = name in self._properties or "properties" in own.schema
        return None if declared else own

    def key(self) -> str:
        """The variable for `@key`."""
        found = next((one.key for one in reversed(self.stack) if one.key), "")
        return found or "loop.index0"

    def _parent(self, scope: int) -> int:
        own = self.stack[scope].this
        while scope > 0 and self.stack[scope].this == own:
            scope -= 1
        return scope


# Values in tags of Handlebars: paths, literals and calls of helpers, as expressions of Jinja.

COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
"""The operator of each helper that compares."""
_LOOP_VARIABLES = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
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
        if path in _LOOP_VARIABLES:
            schema = {} if path == "@index" else {"type": "boolean"}
            return Value(_LOOP_VARIABLES[path], schema)
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


# Handlebars and Mustache: tags in double braces, with scopes.

ROLE_MARK = "\ue000role:{}\ue001"
"""Stands in a text where a message of a role begins; private characters, so no text has it."""
MEDIA_MARK = "\ue000media:"
"""Begins the source of an expression that is an input with an image."""

_PLAIN_NAME = lazy_pattern(r"\w+")


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
        self._words = frozenset(_PLAIN_NAME.findall(text.value))
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
            "unless": self._if,
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

    def _if(self, name: str, found: Sequence[Word], token: Token) -> str:
        value = self._values.value(found, token)
        self._push(name, "endif", self._scopes.stack[-1])
        return f"if {'not ' if name == 'unless' else ''}{value.expression}"

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


# What a template language loses at the tags of one text.


class TagLosses:
    """The losses of one text, in their order."""

    def __init__(self, text: Text) -> None:
        self.found: list[Loss] = []
        self._text = text

    def lost(self, code: str, message: str, offset: int) -> None:
        """A tag without a counterpart, which refuses the prompt."""
        self.found.append(self._loss(code, message, offset, refuses=True))

    def note(self, code: str, message: str, offset: int) -> None:
        """What is carried in another way; the same note is kept once."""
        loss = self._loss(code, message, offset)
        if loss not in self.found:
            self.found.append(loss)

    def _loss(self, code: str, message: str, offset: int, *, refuses: bool = False) -> Loss:
        place = self._text.place(offset, offset + 2)
        return Loss(code=code, message=message, place=place, refuses=refuses)
