"""Expressions of Jinja with methods become expressions with filters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from promptops.formats.document import (
    CommentPart,
    ExpressionPart,
    Loss,
    TagPart,
    TemplatePart,
    TextPart,
    include_tag,
)
from promptops.formats.translation import (
    InputNames,
    Translate,
    Translation,
    comment_text,
    escaped,
    jinja,
)
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.text_rendering import Load

_PLAIN_METHODS = {
    "items": "items",
    "strip": "trim",
    "lower": "lower",
    "upper": "upper",
    "title": "title",
    "capitalize": "capitalize",
    "keys": "list",
    "toUpperCase": "upper",
    "toLowerCase": "lower",
    "trim": "trim",
}
"""Methods without arguments, and the filters that do the same."""

_WITH_ARGUMENTS = {"replace": "replace", "split": "split"}
_OF_ELEMENTS = frozenset(("first", "last"))
"""Filters that give nothing for an empty list there, and fail here."""
NOT_HERE = frozenset(("dict", "cycler", "joiner", "lipsum", "now", "random"))
"""Functions of Jinja that do not exist in promptops."""


@record(frozen=True, slots=True)
class Token:
    """A token of a template; `start` is its offset in the text."""

    kind: str
    value: str
    start: int


def promptops_expression(tokens: Sequence[Token], text: Text) -> tuple[str, list[Loss]]:
    """The source of an expression in our Jinja, and what has no counterpart."""
    writer = _Writer(text)
    return writer.written(list(tokens)).strip(), writer.losses


class _Writer:
    def __init__(self, text: Text) -> None:
        self.losses: list[Loss] = []
        self._text = text

    def written(self, tokens: Sequence[Token]) -> str:
        """The tokens as text, each method as a filter."""
        out, index = "", 0
        while index < len(tokens):
            method = self._method(tokens, index)
            if method is not None:
                name, end = method
                arguments = self.written(tokens[index + 3 : end]).strip()
                out = self._called(out, tokens[index + 1], name, arguments)
                index = end + 1
                continue
            out += self._token(tokens, index)
            index += 1
        return out

    def _method(self, tokens: Sequence[Token], index: int) -> tuple[str, int] | None:
        """The name of a method that is called at a dot, and the index of its last bracket."""
        following = [token.value for token in tokens[index : index + 3]]
        if len(following) < 3 or following[0] != "." or following[2] != "(":
            return None
        if tokens[index + 1].kind != "name":
            return None
        return following[1], _closing(tokens, index + 2)

    def _called(self, out: str, token: Token, name: str, arguments: str) -> str:
        if name == "title":
            message = "in Python, `.title()` also capitalises after a quote or a digit"
            self._note("IMP213", token, message)
        if name in _PLAIN_METHODS and not arguments:
            return f"{out} | {_PLAIN_METHODS[name]}"
        if name in _WITH_ARGUMENTS and arguments:
            return f"{out} | {_WITH_ARGUMENTS[name]}({arguments})"
        if name == "split":
            return f"{out} | split"
        special = _SPECIAL.get(name)
        found = special(out, arguments) if special is not None else None
        if found is not None:
            return found
        self._lost(token, f"the method `{name}` has no counterpart in promptops")
        return f"{out}.{name}({arguments})"

    def _token(self, tokens: Sequence[Token], index: int) -> str:
        token = tokens[index]
        before = _name_before(tokens, index)
        if token.kind == "name" and before == "|":
            if token.value == "safe":
                self._note("IMP207", token, "`safe` is dropped: promptops escapes nothing")
                return "string"
            if token.value in _OF_ELEMENTS and not _is_called(tokens, index, ""):
                return f'{token.value} | default("")'
            if token.value not in _filters():
                self._lost(token, f"the filter `{token.value}` does not exist in promptops")
        elif token.kind == "name" and before in ("is", "is not"):
            if token.value != "not" and token.value not in _tests():
                self._lost(token, f"the test `{token.value}` does not exist in promptops")
        elif token.kind == "name" and token.value in NOT_HERE and _is_called(tokens, index):
            self._lost(token, f"the function `{token.value}` does not exist in promptops")
        return token.value

    def _note(self, code: str, token: Token, message: str) -> None:
        place = self._text.place(token.start, token.start + len(token.value))
        self.losses.append(Loss(code=code, message=message, place=place))

    def _lost(self, token: Token, message: str) -> None:
        place = self._text.place(token.start, token.start + len(token.value))
        self.losses.append(Loss(code="IMP102", message=message, place=place, refuses=True))


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += (tokens[index].value in "([{") - (tokens[index].value in ")]}")
        if depth == 0:
            return index
    return len(tokens) - 1


def _name_before(tokens: Sequence[Token], index: int) -> str:
    """The operator or word before a name; `is not` counts as one."""
    words: list[str] = []
    at = index - 1
    while at >= 0 and len(words) < 2:
        if tokens[at].kind != "whitespace":
            words.append(tokens[at].value)
        at -= 1
    if not words:
        return ""
    return "is not" if words == ["not", "is"] else words[0]


def _is_called(tokens: Sequence[Token], index: int, not_after: str = ".") -> bool:
    at = index + 1
    while at < len(tokens) and tokens[at].kind == "whitespace":
        at += 1
    after = tokens[at].value if at < len(tokens) else ""
    return after == "(" and _name_before(tokens, index) != not_after


def _joined(out: str, arguments: str) -> str | None:
    """`", ".join(x)`: the separator is what `out` ends with."""
    quote = out[-1:]
    start = out.rfind(quote, 0, len(out) - 1) if quote in ("'", '"') else -1
    if start < 0:
        return None
    return f"{out[:start]}({arguments}) | join({out[start:]})"


def _got(out: str, arguments: str) -> str | None:
    key, comma, default = arguments.partition(",")
    return f"{out}[{key.strip()}] | default({default.strip() if comma else 'none'})"


_SPECIAL: Mapping[str, Callable[[str, str], str | None]] = {
    "join": _joined,
    "get": _got,
    "values": lambda out, _arguments: f"{out} | items | map(attribute=1)",
}


@cache
def _filters() -> frozenset[str]:
    from promptops.runtime.template.environment import allowed_filters

    return frozenset(allowed_filters())


@cache
def _tests() -> frozenset[str]:
    from promptops.runtime.template.environment import allowed_tests

    return frozenset(allowed_tests())


# Jinja2 with other white space rules, and with methods and filters that do not exist here.

_ELEMENT = lazy_pattern(r"[A-Za-z_][\w.]*\[\d+\]")
"""An element that may not exist: it renders nothing there, and fails here."""
_ENDS = frozenset(("variable_end", "block_end", "comment_end", "raw_end"))
_FUNCTIONS = ("range", "namespace", "caller", "super", "loop", *NOT_HERE)
"""Functions of Jinja itself; for those that do not exist here there is an IMP102."""
_KNOWN_TAGS = frozenset(
    str.split(
        "if elif else endif for endfor set endset macro endmacro call endcall filter endfilter"
        " with endwith block endblock include import from extends break continue"
    )
)


def jinja_with(*, trim_blocks: bool, lstrip_blocks: bool) -> Translate:
    """The translation of Jinja whose engine has these two options."""

    def translate(text: Text, _names: InputNames) -> Translation:
        return JinjaReader(text, trim_blocks=trim_blocks, lstrip_blocks=lstrip_blocks).read()

    return translate


default_jinja = jinja_with(trim_blocks=False, lstrip_blocks=False)
"""Jinja as an `Environment()` without options renders it."""


@lru_cache(maxsize=1)
def _engine() -> Any:
    from jinja2 import Environment

    return Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])


def _parsed(text: str) -> Any:
    """Jinja's syntax tree; raises TemplateSyntaxError."""
    from jinja2 import TemplateSyntaxError

    try:
        return _engine().parse(text)
    except (SyntaxError, ValueError):  # Python reads fewer numbers than Jinja's lexer accepts
        raise TemplateSyntaxError("a number that can't be read", lineno=1) from None


@lru_cache(maxsize=4)
def _lexer(trim_blocks: bool, lstrip_blocks: bool) -> Any:  # the key of a cache
    from jinja2 import Environment

    return Environment(
        trim_blocks=trim_blocks,
        lstrip_blocks=lstrip_blocks,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    ).lexer


Rewrite = Callable[[Sequence[Token]], Sequence[Token]]
"""What becomes of the tokens of an expression before they are read as Jinja."""


class JinjaReader:
    """One text, in a language with the tags of Jinja."""

    def __init__(
        self,
        text: Text,
        *,
        trim_blocks: bool,
        lstrip_blocks: bool,
        rewrite: Rewrite = lambda tokens: tokens,
    ) -> None:
        self._rewrite = rewrite
        self._text = text
        self._lexer = _lexer(trim_blocks, lstrip_blocks)
        self._removes_lines = trim_blocks and lstrip_blocks
        self._losses: list[Loss] = []

    def read(self) -> Translation:
        """A text that Jinja can't parse stays as it is, with an IMP313."""
        from jinja2 import TemplateSyntaxError

        try:
            parts = tuple(self._parts(list(self._tokens())))
            self._refuse_functions(_parsed(jinja(parts)))
        except (TemplateSyntaxError, RecursionError) as error:
            message = f"the text is not a Jinja template ({error}): it is not changed"
            loss = Loss(code="IMP313", message=message, place=self._text.place(0))
            return Translation(parts=(TextPart(self._text.value),), losses=(loss,))
        return Translation(parts=parts, losses=tuple(self._losses))

    def _refuse_functions(self, tree: Any) -> None:
        """An IMP103 for each function of the application that the template calls."""
        from jinja2 import nodes

        known = {*_FUNCTIONS, *(macro.name for macro in tree.find_all(nodes.Macro))}
        known.update(name.name for name in tree.find_all(nodes.Name) if name.ctx == "store")
        for imported in tree.find_all(nodes.FromImport):
            known.update(name if isinstance(name, str) else name[1] for name in imported.names)
        names = (call.node for call in tree.find_all(nodes.Call))
        called = dict.fromkeys(name.name for name in names if isinstance(name, nodes.Name))
        for name in called:
            found = re.search(rf"\b{re.escape(name)}\s*\(", self._text.value)
            if name not in known and found is not None:
                place = self._text.place(found.start(), found.start() + len(name))
                message = f"`{name}` is a function of the application, which is not run"
                loss = Loss(code="IMP103", message=message, place=place, refuses=True)
                self._losses.append(loss)

    def _tokens(self) -> Iterator[Token]:
        position = 0
        for _, kind, value in self._lexer.tokeniter(self._text.value, None):
            start = self._text.value.find(value, position)
            position = start + len(value)
            yield Token(kind, value, start)

    def _parts(self, tokens: Sequence[Token]) -> Iterator[TemplatePart]:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.kind == "data":
                yield TextPart(token.value)
                index += 1
                continue
            end = self._end(tokens, index)
            inner = tokens[index + 1 : end]
            if token.kind == "comment_begin":
                yield CommentPart(
                    "".join(one.value for one in inner), self._is_alone(token, tokens[end])
                )
            elif token.kind == "variable_begin":
                written = self._expression(inner)
                element = ' | default("")' if _ELEMENT.fullmatch(written) else ""
                yield ExpressionPart(written + element)
            elif token.kind == "block_begin":
                yield TagPart(self._statement(inner), self._is_alone(token, tokens[end]))
            elif token.kind == "raw_begin":
                yield from (TextPart(one.value) for one in inner if one.kind == "data")
            index = end + 1

    def _end(self, tokens: Sequence[Token], index: int) -> int:
        """The index of the token that closes a tag. Raises TemplateSyntaxError without one."""
        from jinja2 import TemplateSyntaxError

        for at in range(index, len(tokens)):
            if tokens[at].kind in _ENDS:
                return at
        raise TemplateSyntaxError("a tag is not closed", lineno=1)

    def _is_alone(self, begin: Token, end: Token) -> bool:
        """Whether the engine removes the whole line of a tag."""
        if not self._removes_lines or not end.value.endswith("\n"):
            return False
        at = begin.start - 1
        while at >= 0 and self._text.value[at] in " \t":
            at -= 1
        return at < 0 or self._text.value[at] == "\n"

    def _expression(self, tokens: Sequence[Token]) -> str:
        written, losses = promptops_expression(self._rewrite(tokens), self._text)
        self._losses += losses
        return written

    def _statement(self, tokens: Sequence[Token]) -> str:
        name = next((token for token in tokens if token.kind == "name"), None)
        if name is not None and name.value not in _KNOWN_TAGS:
            place = self._text.place(name.start, name.start + len(name.value))
            message = f"the tag `{name.value}` has no counterpart in promptops"
            self._losses.append(Loss(code="IMP102", message=message, place=place, refuses=True))
        return self._expression(tokens)


# Our own templates as parts, with included templates put in.

MAX_DEPTH = 8


class NotATemplate(Exception):
    """A statement that other engines can't express; the message names it."""


def template_parts(text: Text, load: Load, depth: int = 0) -> tuple[TemplatePart, ...]:
    """The parts of a template; raises NotATemplate for macros, imports and inheritance."""
    found = JinjaReader(text, trim_blocks=True, lstrip_blocks=True).read()
    if found.losses:
        raise NotATemplate(found.losses[0].message)
    return tuple(_included(found.parts, text, load, depth))


def _included(
    parts: Iterable[TemplatePart], text: Text, load: Load, depth: int
) -> Iterator[TemplatePart]:
    for part in parts:
        tag = include_tag(part)
        if tag is None or tag.word != "include" or tag.after.strip():
            yield _allowed(part)
            continue
        inner = load(text.path, tag.name) if depth < MAX_DEPTH else None
        if inner is None:
            raise NotATemplate(f"the include of `{tag.name}`, which is missing")
        yield from template_parts(inner, load, depth + 1)


def _allowed(part: TemplatePart) -> TemplatePart:
    if isinstance(part, TagPart):
        word = part.source.split(" ", 1)[0]
        if word in ("include", "import", "from", "extends", "macro", "call", "block"):
            raise NotATemplate(f"`{word}`")
    return part


def untrimmed_jinja(parts: Iterable[TemplatePart]) -> str:
    """The template for an engine that removes no white space around tags."""
    written = []
    for part in escaped(parts):
        if isinstance(part, TextPart):
            written.append(part.text)
        elif isinstance(part, ExpressionPart):
            written.append(f"{{{{ {part.source} }}}}")
        elif isinstance(part, TagPart):
            written.append(f"{{% {part.source} %}}")
        elif isinstance(part, CommentPart):
            written.append(f"{{# {comment_text(part.text)} #}}")
    return "".join(written)
