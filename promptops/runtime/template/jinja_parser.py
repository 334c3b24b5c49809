"""Jinja2's parser, whose syntax tree becomes ours with exact places.

Jinja keeps the line of each node but no column. Here the lexer gives the parser offsets instead of
line numbers, so each node begins at the offset of its first token, and the tokens that are kept
beside the tree show where it ends. No other module of the runtime, of lint or of the builder uses
Jinja's tree. Imported for the first text that is parsed: a bundle has parsed programs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from jinja2 import nodes as jinja
from jinja2.exceptions import TemplateSyntaxError
from jinja2.idtracking import VAR_LOAD_UNDEFINED, Symbols
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from promptops.patterns import lazy_pattern
from promptops.runtime.template import nodes
from promptops.runtime.template.lexer import OffsetLexer
from promptops.runtime.template.node_facts import macro_names
from promptops.runtime.template.template import (
    MAX_DEPTH,
    MAX_NODES,
    Template,
    TemplateError,
    Token,
)

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
    def lexer(self) -> OffsetLexer:
        """The lexer of this thread: it keeps the tokens of the last text."""
        try:
            lexer: OffsetLexer = self._lexers.one
        except AttributeError:
            lexer = self._lexers.one = OffsetLexer(cast(Any, self))
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
    except ValueError:  # the lexer turns digits into a number
        last = lexer.spans[-1]
        raise TemplateError("a number that is too large", last.start, last.end, "TPL005") from None
    return Template(source, tree, spans)


def _parser_error(error: TemplateSyntaxError, source: str, spans: list[Token]) -> TemplateError:
    offset = min(error.lineno, max(len(source) - 1, 0))
    for span in reversed(spans):
        if span.start == offset and span.end > offset and span.kind not in _NOISE:
            return TemplateError(_plain(error.message or ""), span.start, span.end)
    return TemplateError(_plain(error.message or ""), offset, offset + 1)


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
