"""The tags of a template, each with its branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.guards import DEFAULTS, literal
from promptops.analysis.uses import TemplateSpan
from promptops.model.place import Text
from promptops.records import record
from promptops.runtime.template.template import (
    Template,
    TemplateError,
    is_template,
    parse,
    token_at,
)

Tag = Literal["if", "elif", "for", "include", "when"]
Direction = Literal["then", "else", "taken", "empty", "included", "holds", "fails"]


@record(frozen=True, slots=True)
class FoundWay:
    """A branch before its coverage is known; `offset` is the one that the renderer records."""

    tag: Tag
    direction: Direction
    site: TemplateSpan
    offset: int
    otherwise: TemplateSpan | None = None
    chained: bool = False


def place_of(text: Text, offset: int) -> tuple[str, int, int]:
    """The identity of a text: its place, so that a text that is read twice counts once."""
    return (text.path, *text.locate(offset))


class TagWalk:
    """The tags of one template, each as the list of its branches."""

    def __init__(
        self,
        text: Text,
        template: Template,
        full: set[tuple[str, int, int]],
        called: frozenset[str],
    ) -> None:
        self._text = text
        self._template = template
        self._full = full
        self._called = called
        self._true: tuple[nodes.Node, ...] = ()

    def tags(self, body: Iterable[nodes.Node]) -> Iterator[list[FoundWay]]:
        for node in body:
            if isinstance(node, (nodes.Expr, nodes.Output)):
                continue  # most of a tree, and without tags
            if isinstance(node, nodes.Macro) and node.name not in self._called:
                continue
            if isinstance(node, nodes.If):
                yield self._if(node)
                yield from self._branches(node)
                continue
            if isinstance(node, nodes.For):
                yield self._for(node)
            elif isinstance(node, nodes.Include):
                yield [self._include(node)]
            yield from self.tags(node.iter_child_nodes())

    def _branches(self, node: nodes.If) -> Iterator[list[FoundWay]]:
        """The tags in the branches, without a branch whose test is never true."""
        for branch in (node, *node.elif_):
            if literal(branch.test) is not False:
                before = self._true
                self._true = (*before, *true_where(branch.test))
                yield from self.tags(branch.body)
                self._true = before
        yield from self.tags(node.else_)

    def _if(self, node: nodes.If) -> list[FoundWay]:
        ways = []
        for test, elif_ in ((node, False), *((branch, True) for branch in node.elif_)):
            if literal(test.test) is None:
                site = self._site(spans.test_of_tag(self._template, test, elif_=elif_))
                tag: Tag = "elif" if elif_ else "if"
                ways.append(FoundWay(tag, "then", site, test.lineno))
        if len(ways) <= len(node.elif_):
            return ways  # a constant test: whether `else` can run is unknown
        first = ways[0].site
        otherwise = self._else(first.end)
        chained = bool(node.elif_)
        ways.append(FoundWay("if", "else", first, node.lineno, otherwise, chained))
        return ways

    def _for(self, node: nodes.For) -> list[FoundWay]:
        if isinstance(node.iter, (nodes.List, nodes.Tuple, nodes.Const)):
            return []
        site = self._looped_over(spans.expression(self._template, node.iter)[0])
        ways = [FoundWay("for", "taken", site, node.lineno)]
        if node.test is not None or not self._always_taken(node, site):
            otherwise = self._else(site.end)
            ways.append(FoundWay("for", "empty", site, node.lineno, otherwise))
        return ways

    def _always_taken(self, node: nodes.For, site: TemplateSpan) -> bool:
        """Whether the iterable has an item, by its schema or by the `if` around the loop."""
        if place_of(self._text, site.start) in self._full:
            return True
        return any(expression == sized(node.iter) for expression in self._true)

    def _looped_over(self, start: int) -> TemplateSpan:
        """From the iterable to the end of the tag, including the `if` of the loop."""
        end = start
        for token in self._template.tokens[token_at(self._template, start) :]:
            if token.kind == "block_end":
                break
            end = token.end if token.kind != "whitespace" else end
        return self._site((start, end))

    def _include(self, node: nodes.Include) -> FoundWay:
        token = self._template.tokens[token_at(self._template, node.template.lineno)]
        return FoundWay("include", "included", self._site((token.start, token.end)), node.lineno)

    def _site(self, offsets: tuple[int, int]) -> TemplateSpan:
        return TemplateSpan(self._text, *offsets)

    def _else(self, offset: int) -> TemplateSpan | None:
        """The word `else` of the tag that contains an offset."""
        depth = 0
        words = iter(self._words(offset))
        for start, end in words:
            word = self._template.source[start:end]
            if word in ("if", "for"):
                depth += 1
            elif word in ("endif", "endfor"):
                depth -= 1
            elif word == "else" and not depth:
                return self._site((start, end))
            if depth < 0:
                return None
        return None

    def _words(self, offset: int) -> Iterator[tuple[int, int]]:
        """The first word of each tag after an offset."""
        tokens = self._template.tokens
        opened = False
        for token in tokens[token_at(self._template, offset) :]:
            if token.kind == "block_begin":
                opened = True
            elif opened and token.kind == "name":
                opened = False
                yield token.start, token.end


_KEEP_ITEMS = frozenset(("sort", "list", "reverse", "unique", "items", "dictsort", "map"))
"""Filters whose result has items if their input has."""


def true_where(test: nodes.Node) -> Iterator[nodes.Node]:
    """Expressions that are true, or have items, whenever a test is true."""
    if isinstance(test, nodes.And):
        yield from true_where(test.left)
        yield from true_where(test.right)
    elif isinstance(test, nodes.Compare):
        yield from _counted(test)
    else:
        yield sized(test)


def sized(expression: nodes.Node) -> nodes.Node:
    """`xs` of `xs | sort` and `xs | length`: the value that is empty if the expression is."""
    while isinstance(expression, nodes.Filter) and expression.node is not None:
        if expression.name not in _KEEP_ITEMS | {"length", "count"}:
            break
        expression = expression.node
    return expression


def _counted(test: nodes.Compare) -> Iterator[nodes.Node]:
    """`xs | length > 0` and equivalent comparisons."""
    operand = test.ops[0]
    bound = operand.expr.value if isinstance(operand.expr, nodes.Const) else None
    is_more = (operand.op, bound) in {("gt", 0), ("gteq", 1), ("ne", 0)}
    if len(test.ops) == 1 and is_more and isinstance(test.expr, nodes.Filter):
        yield sized(test.expr)


_CHOOSING = (nodes.CondExpr, nodes.And, nodes.Or)


def hides_ways(text: Text) -> bool:
    """Whether an expression of a template chooses its output: `a or b`, `x if c else y`,
    `a | default(b)`. False for a template that is not valid."""
    if not is_template(text.value):
        return False
    try:
        tree = parse(text.value).tree
    except TemplateError:
        return False
    return any(_chooses(node) for output in tree.find_all(nodes.Output) for node in output.nodes)


def _chooses(node: nodes.Node) -> bool:
    if isinstance(node, _CHOOSING) or any(True for _ in node.find_all(_CHOOSING)):
        return True
    filters = [node] if isinstance(node, nodes.Filter) else []
    return any(found.name in DEFAULTS for found in (*filters, *node.find_all(nodes.Filter)))
