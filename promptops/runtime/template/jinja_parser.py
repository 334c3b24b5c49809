"""Jinja2's lexer and parser, whose syntax tree becomes ours with exact places.

Jinja keeps the line of each node but no column. Here the lexer gives the parser offsets instead of
line numbers, so each node begins at the offset of its first token, and the tokens that are kept
beside the tree show where it ends. No other module of the runtime, of lint or of the builder uses
Jinja's tree. Imported for the first text that is parsed: a bundle has parsed programs.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, cast

from jinja2 import nodes as jinja
from jinja2.exceptions import TemplateSyntaxError
from jinja2.idtracking import VAR_LOAD_UNDEFINED, Symbols
from jinja2.lexer import (  # type: ignore[attr-defined]  # `name_re` has another name there
    Lexer,
    TokenStream,
    float_re,
    integer_re,
    name_re,
    newline_re,
    operator_re,
    string_re,
)
from jinja2.parser import Parser

from promptops.patterns import lazy_pattern
from promptops.runtime.template import nodes
from promptops.runtime.template.node_facts import macro_names
from promptops.runtime.template.template import (
    MAX_DEPTH,
    MAX_NODES,
    Template,
    TemplateError,
    Token,
)

# The tokens of a template with their offsets. Jinja's own lexer counts lines and keeps no offsets,
# and tries its patterns one by one. This one takes Jinja's patterns for the parts of a tag, and
# finds the same tokens in half the time.

MAX_TAG_TOKENS = 20_000
# Jinja's parser uses a dozen stack frames for each bracket. With these limits it never reaches
# Python's recursion limit, so that the error does not depend on the caller.
MAX_NESTING = 40

_INSIDE_TAG = (
    rf"(?P<whitespace>\s+)|(?P<float>(?ix:{float_re.pattern}))"
    rf"|(?P<integer>(?ix:{integer_re.pattern}))|(?P<name>{name_re.pattern})"
    rf"|(?P<string>(?s:{string_re.pattern}))|(?P<operator>{operator_re.pattern})"
)
_IN_BRACKETS = lazy_pattern(_INSIDE_TAG)
"""The end of a tag can't be inside brackets."""
_IN_BLOCK = lazy_pattern(rf"(?P<block_end>\+%\}}|-%\}}\s*|%\}}\n?)|{_INSIDE_TAG}")
_IN_VARIABLE = lazy_pattern(rf"(?P<variable_end>-\}}\}}\s*|\}}\}})|{_INSIDE_TAG}")
_BEGIN = lazy_pattern(
    r"(?P<raw_begin>\{%[-+]?\s*raw\s*(?:-%\}\s*|%\}))"
    r"|(?P<block_begin>\{%[-+]?)|(?P<variable_begin>\{\{[-+]?)|(?P<comment_begin>\{\#[-+]?)"
)
_END_OF_COMMENT = lazy_pattern(r"\+#\}|-#\}\s*|#\}\n?")
_END_OF_RAW = lazy_pattern(r"\{%[-+]?\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)")
_ENDS = ("block_end", "variable_end")
_CLOSING = {"(": ")", "[": "]", "{": "}"}

_Found = tuple[int, str, str]
"""Where a token begins, its kind in Jinja's names, and its text."""

_Part = Generator[_Found, None, int]
"""The tokens of a part of a template; returns the offset where it ends."""


class _OffsetLexer(Lexer):
    """Jinja's lexer with offsets instead of line numbers.

    Attributes:
        spans: All tokens of the last text, including comments and whitespace within tags.
    """

    spans: list[Token]

    def tokenize(
        self,
        source: str,
        name: str | None = None,
        filename: str | None = None,
        state: str | None = None,
    ) -> TokenStream:
        # `state` starts inside a tag, to parse a single expression.
        self.spans = []
        found = self._kept(tokens(newline_re.sub("\n", source), in_tag=state == "variable"))
        return TokenStream(self.wrap(found, name, filename), name, filename)

    def _kept(self, found: Iterator[_Found]) -> Iterator[_Found]:
        spans = self.spans
        for token in found:
            start, kind, value = token
            spans.append(Token(kind, start, start + len(value)))
            if len(spans) > MAX_TAG_TOKENS:
                raise TemplateError("the template is too large", start, start + 1, "TPL005")
            yield token


def tokens(source: str, *, in_tag: bool) -> Iterator[_Found]:
    """The tokens of a text, or from the inside of a variable tag on; raises TemplateError."""
    position = 0
    if in_tag:
        position = yield from _tag(source, 0, _IN_VARIABLE)
    while begin := _BEGIN.search(source, position):
        kind, value = str(begin.lastgroup), begin[0]
        yield from _data(source, position, begin)
        yield begin.start(), kind, value
        position = begin.end()
        if kind == "comment_begin":
            position = yield from _comment(source, position)
        elif kind == "raw_begin":
            position = yield from _raw(source, position)
        else:
            pattern = _IN_BLOCK if kind == "block_begin" else _IN_VARIABLE
            position = yield from _tag(source, position, pattern)
    if position < len(source):
        yield position, "data", source[position:]


def _data(source: str, start: int, tag: re.Match[str]) -> Iterator[_Found]:
    """The text before a tag, without the whitespace that the tag removes; none if it is empty."""
    text, sign = source[start : tag.start()], tag[0][2:3]
    if sign == "-":
        text = text.rstrip()
    elif sign != "+" and tag.lastgroup != "variable_begin":
        line = text.rfind("\n") + 1
        is_first = line > 0 or start == 0 or source[start - 1] == "\n"
        if is_first and text[line:].isspace():
            text = text[:line]
    if text:
        yield start, "data", text


def _comment(source: str, start: int) -> _Part:
    end = _END_OF_COMMENT.search(source, start)
    if end is None:
        return _unended(source, start, "missing end of comment tag")
    if end.start() > start:
        yield start, "comment", source[start : end.start()]
    yield end.start(), "comment_end", end[0]
    return end.end()


def _raw(source: str, start: int) -> _Part:
    end = _END_OF_RAW.search(source, start)
    if end is None:
        return _unended(source, start, "missing end of raw directive")
    yield from _data(source, start, end)
    yield end.start(), "raw_end", end[0]
    return end.end()


def _unended(source: str, start: int, message: str) -> int:
    """Where a text ends with the beginning of a tag; raises TemplateError if something follows."""
    if start < len(source):
        raise TemplateError(message, start, start + 1)
    return start


def _tag(source: str, start: int, outside: re.Pattern[str]) -> _Part:
    brackets: list[str] = []
    pattern, position = outside, start
    while found := pattern.match(source, position):
        kind, value = str(found.lastgroup), found[0]
        if kind == "operator" and value in "()[]{}":
            _nest(brackets, value, position)
            pattern = _IN_BRACKETS if brackets else outside
        yield position, kind, value
        position = found.end()
        if kind in _ENDS:
            return position
    if position < len(source):
        message = f"unexpected char {source[position]!r}"
        raise TemplateError(message, position, position + 1)
    return position


def _nest(brackets: list[str], value: str, position: int) -> None:
    if value in _CLOSING:
        brackets.append(_CLOSING[value])
        if len(brackets) > MAX_NESTING:
            raise TemplateError("brackets are nested too deep", position, position + 1, "TPL005")
        return
    expected = brackets.pop() if brackets else None
    if expected != value:
        other = f", expected '{expected}'" if expected else ""
        raise TemplateError(f"unexpected '{value}'{other}", position, position + 1)


# Jinja's parser reads these tokens.

_NOISE = frozenset(
    ("whitespace", "comment_begin", "comment", "comment_end", "linecomment", "raw_begin", "raw_end")
)


class _Syntax:
    """The attributes of an environment that the lexer and parser use; a whole one imports more."""

    block_start_string, block_end_string = "{%", "%}"
    variable_start_string, variable_end_string = "{{", "}}"
    comment_start_string, comment_end_string = "{#", "#}"
    line_statement_prefix = line_comment_prefix = None
    trim_blocks = lstrip_blocks = keep_trailing_newline = True
    newline_sequence = "\n"

    def __init__(self) -> None:
        self._lexers = threading.local()

    @property
    def lexer(self) -> _OffsetLexer:
        """The lexer of this thread: it keeps the tokens of the last text."""
        try:
            lexer: _OffsetLexer = self._lexers.one
        except AttributeError:
            lexer = self._lexers.one = _OffsetLexer(cast(Any, self))
        return lexer

    def iter_extensions(self) -> Iterator[Any]:
        """Nothing: extensions are not supported."""
        return iter(())

    def _tokenize(
        self, source: str, name: str | None, filename: str | None, state: str | None
    ) -> TokenStream:
        return self.lexer.tokenize(source, name, filename, state)

    def parser(self, source: str, state: str | None = None) -> Parser:
        """Jinja's parser, at the beginning of a text; `state` as `tokenize` has it."""
        return Parser(cast(Any, self), source, state=state)


_SYNTAX = _Syntax()


def parse_template(source: str) -> Template:
    """Parse a template's text; raises TemplateError."""
    try:
        # `parse` would also set the environment of each node.
        return _parsed(source, lambda: jinja.Template(_SYNTAX.parser(source).subparse(), lineno=1))
    except TemplateError as error:
        raise _recognised(error, source, expression=False) from None


def parse_single_expression(source: str) -> Template:
    """Parse an expression as a template with one output; raises TemplateError."""

    def tree() -> jinja.Template:
        parser = _SYNTAX.parser(source, "variable")
        expression = parser.parse_expression()
        if not parser.stream.eos:
            parser.fail("one expression, and nothing after it", parser.stream.current.lineno)
        body: list[jinja.Node] = [jinja.Output([expression], lineno=0)]
        return jinja.Template(body, lineno=0)

    try:
        return _parsed(source, tree)
    except TemplateError as error:
        raise _recognised(error, source, expression=True) from None


def _recognised(error: TemplateError, source: str, *, expression: bool) -> TemplateError:
    from promptops.runtime.template.template_mistakes import recognised

    return recognised(error, source, _SYNTAX.lexer.spans, expression=expression)


def _parsed(source: str, build: Callable[[], jinja.Template]) -> Template:
    lexer = _SYNTAX.lexer
    try:
        parsed = build()
        spans = tuple(lexer.spans)
        own = _OwnTree()
        tree = own.node(parsed)
        assert isinstance(tree, nodes.Template)
        _find_unset(source, parsed, own)
    except TemplateSyntaxError as error:
        raise _parser_error(error, source, lexer.spans) from None
    except RecursionError:
        raise TemplateError("the template is nested too deep", 0, 1, "TPL005") from None
    except (ValueError, SyntaxError) as error:  # the lexer turns digits into a number
        raise _number_error(error, lexer.spans[-1]) from None
    return Template(source, tree, spans)


def _parser_error(error: TemplateSyntaxError, source: str, spans: list[Token]) -> TemplateError:
    offset = min(error.lineno, max(len(source) - 1, 0))
    for span in reversed(spans):
        if span.start == offset and span.end > offset and span.kind not in _NOISE:
            return TemplateError(_plain(error.message or ""), span.start, span.end)
    return TemplateError(_plain(error.message or ""), offset, offset + 1)


def _number_error(error: ValueError | SyntaxError, number: Token) -> TemplateError:
    if isinstance(error, SyntaxError):
        wrong = "a number with a digit that is not 0 to 9"
        return TemplateError(wrong, number.start, number.end)
    return TemplateError("a number that is too large", number.start, number.end, "TPL005")


def _plain(message: str) -> str:
    """Jinja's sentence in this project's form: lower case, no full stop."""
    message = message.strip().rstrip(".")
    return message[:1].lower() + message[1:]


# Jinja's tree becomes ours.

_OPERATORS: dict[type[jinja.Node], str] = {
    jinja.Add: "+",
    jinja.Sub: "-",
    jinja.Mul: "*",
    jinja.Div: "/",
    jinja.FloorDiv: "//",
    jinja.Mod: "%",
    jinja.Pow: "**",
}


class _OwnTree:
    """The tree of one template: every node of Jinja's becomes one of ours.

    Attributes:
        of: Our node for each of Jinja's, by its id.
    """

    def __init__(self) -> None:
        self.of: dict[int, nodes.Node] = {}
        self._count = 0

    def node(self, node: jinja.Node, depth: int = 0) -> nodes.Node:
        """Our node, and those below it; one stack frame for each level.

        Raises TemplateError for too many nodes, for a tree that is too deep, and for `autoescape`.
        """
        self._refuse(node, depth)
        parts: list[Any] = []
        for name in node.fields:
            value = getattr(node, name)
            if isinstance(value, jinja.Node):
                parts.append(self.node(value, depth + 1))
            elif isinstance(value, list):
                of_list: list[Any] = []
                for each in value:  # a comprehension is one more frame
                    is_node = isinstance(each, jinja.Node)
                    of_list.append(self.node(each, depth + 1) if is_node else each)
                parts.append(tuple(of_list))
            elif name != "ctx":
                parts.append(value)
        made = self.of[id(node)] = _made(node, parts)
        return made

    def _refuse(self, node: jinja.Node, depth: int) -> None:
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            at = node.lineno or 0
            raise TemplateError("the template is too large", at, at + 1, "TPL005")
        if isinstance(node, jinja.Scope):  # around `autoescape`, which has the place
            at = node.body[0].lineno
            raise TemplateError("`autoescape` is not allowed", at, at + len("autoescape"), "TPL005")


def _made(node: jinja.Node, parts: list[Any]) -> nodes.Node:
    kind, at = type(node), node.lineno
    if at is None:  # an operand, a pair or a named argument
        at = next((part.at for part in parts if isinstance(part, nodes.Node)), 0)
    if isinstance(node, jinja.Name):
        return nodes.Name(at, node.name, node.ctx != "load")
    if kind in _OPERATORS:
        return nodes.Binary(at, _OPERATORS[kind], *parts)
    own: Any = getattr(nodes, kind.__name__)
    made: nodes.Node = own(at, *parts)
    return made


# The names of a scope are determined before it runs, as in Jinja's compiler. A name that a scope
# sets before it reads it belongs to that scope from the beginning. A loop or a macro inside it that
# runs before the `set` finds no value, not the input of that name.

_SETS_NAMES = lazy_pattern(r"\{%[-+]?\s*(set|macro|import|from)\b")
_CALLED = (jinja.Macro, jinja.CallBlock)
_INNER = (*_CALLED, jinja.Block, jinja.AssignBlock, jinja.FilterBlock, jinja.With)


def _find_unset(source: str, tree: jinja.Template, own: _OwnTree) -> None:
    """Note the `unset` names of the scopes of a tree that was just made."""
    if _SETS_NAMES.search(source):
        _find_in_scope(tree, "", tree.body, Symbols(), own)


def _find_in_scope(
    node: jinja.Node, part: str, body: Sequence[jinja.Node], symbols: Symbols, own: _OwnTree
) -> None:
    symbols.analyze_node(node, **({"for_branch": part} if part else {}))
    made: Any = own.of[id(node)]
    if isinstance(node, _CALLED):
        for name in macro_names(made):
            symbols.declare_parameter(name)
    unset = frozenset(
        name
        for name, target in symbols.refs.items()
        if symbols.loads.get(target, ("",))[0] == VAR_LOAD_UNDEFINED
    )
    if unset:
        object.__setattr__(made, "unset_in_else" if part == "else" else "unset", unset)
    for child in body:
        _find_below(child, symbols, own)


def _find_below(node: jinja.Node, symbols: Symbols, own: _OwnTree) -> None:
    for part, body in _parts(node):
        inner = Symbols(parent=None if isinstance(node, jinja.Block) else symbols)
        if part == "body":
            inner.declare_parameter("loop")
        _find_in_scope(node, part, body, inner, own)
    if not isinstance(node, (*_INNER, jinja.For)):
        for child in node.iter_child_nodes():
            _find_below(child, symbols, own)


def _parts(node: jinja.Node) -> Iterator[tuple[str, list[jinja.Node]]]:
    if isinstance(node, jinja.For):
        yield "body", node.body
        yield "else", node.else_
    elif isinstance(node, _INNER):
        yield "", node.body
