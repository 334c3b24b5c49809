"""Handlebars and Mustache: tags in double braces, with scopes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from promptops.formats.document import Loss
from promptops.formats.input_names import InputNames
from promptops.formats.parts import CommentPart, ExpressionPart, TagPart, TemplatePart, TextPart
from promptops.formats.shape import sampled
from promptops.formats.translation import Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record

ROLE_MARK = "\ue000role:{}\ue001"
"""Stands in a text where a message of a role begins; private characters, so no text has it."""
MEDIA_MARK = "\ue000media:"
"""Begins the source of an expression that is an input with an image."""

_TAG = lazy_pattern(
    r"\\(?P<escaped>\{\{)|\{\{!--(?P<long>.*?)--~?\}\}|\{\{(?P<left>~?)(?P<triple>\{?)\s*"
    r"(?P<sigil>[#^/>!&]?)\s*(?P<inner>(?:\"[^\"]*\"|'[^']*'|[^\"'}]|\}(?!\}))*?)\s*\}?(?P<right>~?)\}\}",
    re.DOTALL,
)
_WORD = lazy_pattern(
    r"""\s*(?:(?P<string>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<open>\()
    |(?P<close>\))|(?P<key>[A-Za-z_]\w*)=|(?P<params>\|[^|]*\|)|(?P<path>(?:\[[^\]]*\]|[^\s()=|])+))""",
    re.VERBOSE,
)
_COMPARED = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "lte": "<=", "gte": ">="}
_LOOP = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}
_STANDALONE = frozenset(("#", "/", "^", ">", "!"))

Kind = Literal["handlebars", "mustache"]


@record(frozen=True, slots=True)
class _Token:
    """A tag or a text; `sigil` is "" for an expression, "text" for a text."""

    sigil: str
    inner: str
    start: int
    end: int
    left: bool = False
    right: bool = False


@record(frozen=True, slots=True)
class _Scope:
    """What names refer to: `prefix` is the expression of `this`, "" at the top."""

    prefix: str
    key: str = ""
    names: Mapping[str, str] | None = None


class Handlebars:
    """Translates one text."""

    def __init__(
        self,
        text: Text,
        names: InputNames,
        *,
        types: Mapping[str, str],
        lists: frozenset[str] = frozenset(),
        mustache: bool = False,
    ) -> None:
        """Args:
        types: The type of each input that is declared, by JSON Schema.
        lists: Inputs that are lists by an example: a section of Mustache repeats them.
        """
        self._text = text
        self._names = names
        self._types = types
        self._lists = lists
        self._mustache = mustache
        self._losses: list[Loss] = []
        self._scopes = [_Scope("")]
        self._open: list[tuple[str, str]] = []  # name of the block, its closing tag
        self._loops = 0
        self.partials: list[str] = []

    def read(self) -> Translation:
        """The parts; a tag without a counterpart refuses the prompt."""
        parts: list[TemplatePart] = []
        for token in _tokens(self._text.value):
            if token.sigil == "text":
                parts.append(TextPart(token.inner))
            else:
                parts += self._tag(token)
        if self._open:
            self._lost("IMP102", f"the block `{self._open[-1][0]}` is not closed", 0)
        return Translation(parts=tuple(parts), losses=tuple(self._losses))

    def _tag(self, token: _Token) -> Iterator[TemplatePart]:
        alone = token.end < 0
        if token.sigil == "!":
            yield CommentPart(token.inner, alone)
        elif token.sigil == ">":
            yield from self._partial(token, alone)
        elif token.sigil in ("#", "^") and token.inner:
            yield TagPart(self._opened(token), alone)
        elif token.sigil == "/":
            yield from self._closed(token, alone)
        elif token.inner == "else" or token.inner.startswith("else ") or token.sigil == "^":
            yield TagPart(self._else(token), alone)
        else:
            yield from self._expression(token)

    def _partial(self, token: _Token, alone: bool) -> Iterator[TemplatePart]:
        name, *others = token.inner.split()
        if others or name.startswith("("):
            self._lost("IMP104", f"the partial `{token.inner}` gets a context", token.start)
        self.partials.append(name.strip("\"'"))
        yield TagPart(f'include "{name}"', alone)

    def _opened(self, token: _Token) -> str:
        words = _words(token.inner)
        name = words[0][1] if words else ""
        arguments = words[1:]
        if self._mustache:
            return self._section(token)
        if token.sigil == "^":
            name, arguments = "unless", words
        block = {
            "if": self._if,
            "unless": self._unless,
            "each": self._each,
            "with": self._with,
            "ifEquals": self._equals,
            "unlessEquals": self._equals,
        }.get(name)
        if block is None:
            self._lost("IMP102", f"helper `{name}` has no counterpart here", token.start)
            self._open.append((name, ""))
            return f"if {self._names.name(name)}"
        return block(name, arguments, token)

    def _section(self, token: _Token) -> str:
        """A section of Mustache: a loop over a list, else a condition."""
        value = self._path(token.inner)
        if token.sigil == "^":
            self._open.append((token.inner, "endif"))
            self._scopes.append(self._scopes[-1])
            return f"if not {value}"
        if token.inner in self._lists or self._types.get(token.inner) == "array":
            return self._loop(token.inner, value, "")
        if token.inner not in self._types:
            message = f"`{token.inner}` is read as a condition: an example decides, see --sample"
            self._note("IMP232", message, token.start)
        self._open.append((token.inner, "endif"))
        scope = _Scope(value) if self._types.get(token.inner) == "object" else self._scopes[-1]
        self._scopes.append(scope)
        return f"if {value}"

    def _if(self, _name: str, words: Sequence[tuple[str, str]], token: _Token) -> str:
        self._open.append(("if", "endif"))
        self._scopes.append(self._scopes[-1])
        return f"if {self._value(words, token)}"

    def _unless(self, _name: str, words: Sequence[tuple[str, str]], token: _Token) -> str:
        self._open.append(("unless", "endif"))
        self._scopes.append(self._scopes[-1])
        return f"if not {self._value(words, token)}"

    def _equals(self, name: str, words: Sequence[tuple[str, str]], token: _Token) -> str:
        left, right = self._two(words, token)
        self._open.append((name, "endif"))
        self._scopes.append(self._scopes[-1])
        return f"if {left} {'==' if name == 'ifEquals' else '!='} {right}"

    def _each(self, _name: str, words: Sequence[tuple[str, str]], token: _Token) -> str:
        params = next((value.strip("|").split() for kind, value in words if kind == "params"), [])
        plain = [word for word in words if word[0] != "params" and word[1] != "as"]
        value = self._value(plain[:1], token)
        return self._loop("each", value, params[0] if params else "", params[1:])

    def _loop(self, name: str, value: str, variable: str, more: Sequence[str] = ()) -> str:
        self._loops += 1
        suffix = "" if self._loops == 1 else str(self._loops)
        item = variable or f"item{suffix}"
        named = {variable: item} if variable else {}
        if more:
            named[more[0]] = "loop.index0"
        of_mapping = self._types.get(value) == "object" or self._reads_key()
        key = f"key{suffix}" if of_mapping else ""
        if of_mapping and more:
            named[more[0]] = key
        self._open.append((name, "endfor"))
        self._scopes.append(_Scope(item, key, named))
        return f"for {key}, {item} in {value} | items" if of_mapping else f"for {item} in {value}"

    def _reads_key(self) -> bool:
        return not self._mustache and "@key" in self._text.value

    def _with(self, _name: str, words: Sequence[tuple[str, str]], token: _Token) -> str:
        value = self._value(words[:1], token)
        self._open.append(("with", "endif"))
        self._scopes.append(_Scope(value))
        return f"if {value}"

    def _closed(self, token: _Token, alone: bool) -> Iterator[TemplatePart]:
        if not self._open:
            self._lost("IMP102", f"nothing is open that `{token.inner}` closes", token.start)
            return
        _, closing = self._open.pop()
        if closing:
            self._scopes.pop()
        yield TagPart(closing or "endif", alone)

    def _else(self, token: _Token) -> str:
        words = _words(token.inner.removeprefix("else"))
        if words and words[0][1] == "if":
            return f"elif {self._value(words[1:], token)}"
        if words:
            self._lost("IMP102", f"`{token.inner}` has no counterpart here", token.start)
        return "else"

    def _expression(self, token: _Token) -> Iterator[TemplatePart]:
        words = _words(token.inner)
        name = words[0][1] if words else ""
        if not self._mustache and name == "role" and len(words) == 2:
            yield TextPart(ROLE_MARK.format(words[1][1].strip("\"'")))
        elif not self._mustache and name == "history":
            yield TextPart(ROLE_MARK.format("history"))
        elif not self._mustache and name == "media":
            yield from self._media(words, token)
        elif not self._mustache and name == "section":
            self._note("IMP110", "a section is not carried", token.start)
        elif not self._mustache and name in ("json", "lookup") and len(words) > 1:
            yield ExpressionPart(self._value(words, token))
        elif len(words) == 1:
            yield ExpressionPart(self._printed(self._value(words, token), name))
        elif name in _COMPARED or name in ("and", "or", "not"):
            yield ExpressionPart(self._value(words, token))
        else:
            self._lost("IMP102", f"helper `{name}` has no counterpart here", token.start)

    def _media(self, words: Sequence[tuple[str, str]], token: _Token) -> Iterator[TemplatePart]:
        keys = {
            words[at][1]: words[at + 1] for at in range(1, len(words) - 1) if words[at][0] == "key"
        }
        if "url" not in keys:
            self._lost("IMP105", "an image without an address is not carried", token.start)
            return
        kind, value = keys["url"]
        source = value.strip("\"'") if kind == "string" else self._path(value)
        yield ExpressionPart(f"{MEDIA_MARK}{kind}:{source}")

    def _printed(self, value: str, name: str) -> str:
        """How a value is written there: a boolean in lower case, a list with commas."""
        kind = self._types.get(name)
        if kind == "boolean":
            return f"{value} | json"
        return f'{value} | join(",")' if kind == "array" else value

    def _two(self, words: Sequence[tuple[str, str]], token: _Token) -> tuple[str, str]:
        values = self._values(words, token)
        if len(values) != 2:
            self._lost("IMP102", f"`{token.inner}` needs two values", token.start)
        return (*values, "none", "none")[0], (*values, "none", "none")[1]

    def _value(self, words: Sequence[tuple[str, str]], token: _Token) -> str:
        """The expression of a path, a literal, or a call of a helper."""
        if not words:
            self._lost("IMP102", f"`{token.inner}` needs a value", token.start)
            return "none"
        kind, first = words[0]
        if kind == "path" and len(words) > 1:
            return self._called(first, self._values(words[1:], token), token)
        return self._values(words, token)[0]

    def _values(self, words: Sequence[tuple[str, str]], token: _Token) -> list[str]:
        found: list[str] = []
        index = 0
        while index < len(words):
            kind, value = words[index]
            if kind == "open":
                end = _closing(words, index)
                found.append(f"({self._value(words[index + 1 : end], token)})")
                index = end + 1
                continue
            if kind in ("string", "number"):
                found.append(json.dumps(value[1:-1]) if kind == "string" else value)
            elif kind == "path":
                found.append(self._path(value))
            index += 1
        return found or ["none"]

    def _called(self, name: str, values: list[str], token: _Token) -> str:
        if name in _COMPARED and len(values) == 2:
            return f"{values[0]} {_COMPARED[name]} {values[1]}"
        if name in ("and", "or"):
            return f" {name} ".join(values)
        if name == "not":
            return f"not {values[0]}"
        if name == "json":
            return f"{values[0]} | json"
        if name == "lookup" and len(values) == 2:
            return f"{values[0]}[{values[1]}]"
        self._lost("IMP102", f"helper `{name}` has no counterpart here", token.start)
        return values[0]

    def _path(self, path: str) -> str:
        """A path in the scope where it stands."""
        scope = len(self._scopes) - 1
        while path.startswith("../"):
            path, scope = path[3:], self._parent(scope)
        if path in ("..",):
            path, scope = "this", self._parent(scope)
        if path in ("true", "false"):
            return path
        if path.startswith("@"):
            return self._data(path)
        own = self._scopes[max(scope, 0)]
        steps = [step for step in re.findall(r"\[[^\]]*\]|[^./\[\]]+", path) if step != "this"]
        if path in (".", "this") or not steps:
            return own.prefix or "this"
        for known in reversed(self._scopes[: scope + 1]):
            if known.names and steps[0] in known.names:
                return _below(known.names[steps[0]], steps[1:])
        if own.prefix and not (self._mustache and self._is_outer(steps[0])):
            return _below(own.prefix, steps)
        return _below(self._names.name(steps[0].strip("[]")), steps[1:])

    def _is_outer(self, name: str) -> bool:
        """Whether a name of Mustache, which looks in all scopes, is one of the inputs."""
        return name in self._types

    def _parent(self, scope: int) -> int:
        own = self._scopes[max(scope, 0)].prefix
        while scope > 0 and self._scopes[scope].prefix == own:
            scope -= 1
        return scope

    def _data(self, path: str) -> str:
        if path in _LOOP:
            return _LOOP[path]
        if path == "@key":
            return next((one.key for one in reversed(self._scopes) if one.key), "loop.index0")
        if path.startswith("@root."):
            steps = path.removeprefix("@root.").split(".")
            return _below(self._names.name(steps[0]), steps[1:])
        name = path.lstrip("@").split(".")
        self._note("IMP220", f"`{path}` is an input here", 0)
        return _below(self._names.name(name[0]), name[1:])

    def _lost(self, code: str, message: str, offset: int) -> None:
        place = self._text.place(offset, offset + 2)
        self._losses.append(Loss(code=code, message=message, place=place, refuses=True))

    def _note(self, code: str, message: str, offset: int) -> None:
        place = self._text.place(offset, offset + 2)
        loss = Loss(code=code, message=message, place=place)
        if loss not in self._losses:
            self._losses.append(loss)


def mustache(text: Text, names: InputNames) -> Translation:
    """The translation of a Mustache template without declared inputs."""
    return Handlebars(text, names, types={}, mustache=True).read()


def mustache_by_sample(text: Text, names: InputNames, sample: Mapping[str, Any]) -> Translation:
    """The same, where an example of the inputs defines which sections are loops."""
    types = {name: str(sampled(value).get("type")) for name, value in sample.items()}
    return Handlebars(text, names, types=types, mustache=True).read()


def _below(name: str, steps: Sequence[str]) -> str:
    for step in steps:
        plain = step.strip("[]")
        if plain.isdecimal():
            name += f"[{plain}]"
        else:
            name += f".{plain}" if plain.isidentifier() else f"[{json.dumps(plain)}]"
    return name


def _words(source: str) -> list[tuple[str, str]]:
    """The words of a tag: kind and text."""
    found, position = [], 0
    while position < len(source):
        match = _WORD.match(source, position)
        if match is None:
            break
        kind = match.lastgroup or "path"
        found.append((kind, match[kind]))
        position = match.end()
    return found


def _closing(words: Sequence[tuple[str, str]], opening: int) -> int:
    depth = 0
    for index in range(opening, len(words)):
        depth += (words[index][0] == "open") - (words[index][0] == "close")
        if depth == 0:
            return index
    return len(words)


def _tokens(source: str) -> Iterator[_Token]:
    """Texts and tags; a tag alone on its line has `end` -1, and the line is in no text."""
    raw: list[_Token] = []
    position = 0
    for match in _TAG.finditer(source):
        raw.append(_Token("text", source[position : match.start()], position, match.start()))
        position = match.end()
        if match["escaped"]:
            raw.append(_Token("text", "{{", match.start(), match.end()))
        elif match["long"] is not None:
            raw.append(_Token("!", match["long"].strip(), match.start(), match.end()))
        else:
            raw.append(
                _Token(
                    match["sigil"] if match["sigil"] != "&" else "",
                    match["inner"].strip(),
                    match.start(),
                    match.end(),
                    bool(match["left"]),
                    bool(match["right"]),
                )
            )
    raw.append(_Token("text", source[position:], position, len(source)))
    yield from _without_lines(raw, source)


def _without_lines(raw: Sequence[_Token], source: str) -> Iterator[_Token]:
    """The tokens after the white space rules of tags that stand alone, and of `~`."""
    texts = [token.inner for token in raw]
    alone = [_is_alone(token, source) for token in raw]
    for index, token in enumerate(raw):
        if token.sigil == "text":
            continue
        before, after = index - 1, index + 1
        if alone[index]:
            texts[before] = texts[before].rstrip(" \t")
            texts[after] = texts[after].lstrip(" \t").removeprefix("\n")
        if token.left:
            texts[before] = texts[before].rstrip()
        if token.right:
            texts[after] = texts[after].lstrip()
    for index, token in enumerate(raw):
        if token.sigil == "text":
            if texts[index]:
                yield _Token("text", texts[index], token.start, token.end)
        else:
            end = -1 if alone[index] else token.end
            yield _Token(token.sigil, token.inner, token.start, end)


def _is_alone(token: _Token, source: str) -> bool:
    """Whether a block tag, a comment or a partial has a line of its own."""
    is_else = token.inner == "else" or token.inner.startswith("else ")
    if token.sigil not in _STANDALONE and not (token.sigil == "" and is_else):
        return False
    before = source[: token.start].rpartition("\n")[2]
    after = source[token.end :].partition("\n")[0]
    return not before.strip(" \t") and not after.strip(" \t")
