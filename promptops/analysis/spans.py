"""Exact spans of nodes, of which the syntax tree has only the start."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.runtime.template import nodes
from promptops.runtime.template.template import Template, Token, token_at

_BLANK = frozenset(("whitespace", "comment_begin", "comment", "comment_end", "linecomment"))
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}

Offsets = tuple[int, int]


def attribute(template: Template, node: nodes.Getattr) -> Offsets:
    """The name after the dot."""
    start = node.at + 1
    if template.source.startswith(node.attr, start):
        return start, start + len(node.attr)
    name = next(_tokens(template, start))
    return name.start, name.end


def constant(template: Template, node: nodes.Const) -> Offsets:
    """A literal; for a string, the text between the quotes."""
    token = template.tokens[token_at(template, node.at)]
    if token.kind == "string" and token.end - token.start - 2 == len(str(node.value)):
        return token.start + 1, token.end - 1
    return token.start, token.end


def word(template: Template, offset: int) -> Offsets:
    """The name of a filter, or of a test, whose node begins at an offset; it may have dots."""
    tokens = _tokens(template, offset)
    first = next(tokens)
    while template.source[first.start : first.end] in ("is", "not"):
        first = next(tokens)
    end = first.end
    for token in tokens:
        if token.kind != "name" and template.source[token.start : token.end] != ".":
            break
        if token.kind == "name" and template.source[end - 1] != ".":
            break
        end = token.end
    return first.start, end


def name_in_tag(template: Template, offset: int, name: str, after: str = "") -> Offsets:
    """A name in the tag at an offset: the first one after a given word."""
    passed = not after
    for token in _tokens(template, offset):
        text = template.source[token.start : token.end]
        if passed and token.kind == "name" and text == name:
            return token.start, token.end
        passed = passed or text == after
        if token.kind == "block_end":
            break
    return offset, offset + 1


def test_of_tag(template: Template, node: nodes.If, *, elif_: bool) -> Offsets:
    """The test of an `if` or `elif` tag; Jinja has the start of the tag's word or of the test."""
    tokens = _tokens(template, node.at)
    first = next(tokens)
    if not elif_:
        first = next(tokens)
    end = first.end
    for token in tokens:
        if token.kind == "block_end":
            break
        end = token.end
    return first.start, end


def branch(template: Template, offset: int) -> Offsets:
    """From the end of the tag that contains an offset to the tag that ends its branch."""
    tokens = _tokens(template, offset)
    start = next((token.end for token in tokens if token.kind == "block_end"), offset)
    depth = 0
    for token in tokens:
        if token.kind != "block_begin":
            continue
        tag = next(tokens, token)
        text = template.source[tag.start : tag.end]
        if depth == 0 and text in ("elif", "else", "endif"):
            return start, token.start
        # An `else` of a loop inside the branch does not end it.
        depth += (text in ("if", "for")) - (text in ("endif", "endfor"))
    return start, len(template.source)


def expression(template: Template, node: nodes.Node) -> Offsets:
    """A whole expression, with the brackets that it closes."""
    inner: list[nodes.Node] = [node, *node.find_all(nodes.Expression)]
    known = [part for part in inner if isinstance(part.at, int)]
    start = min(part.at for part in known)
    end = max(_end(template, part) for part in known)
    return _balanced(template, start, end)


def _end(template: Template, node: nodes.Node) -> int:
    if isinstance(node, nodes.Compare):
        return 0  # Jinja has its end as its start; its operands have the end
    if isinstance(node, nodes.Name):
        return node.at + len(node.name)
    if isinstance(node, nodes.Getattr):
        return attribute(template, node)[1]
    if isinstance(node, nodes.Test):
        return word(template, node.at)[1]
    return template.tokens[token_at(template, node.at)].end


def _balanced(template: Template, start: int, end: int) -> Offsets:
    depth = lowest = 0
    for token in _tokens(template, start):
        if token.start >= end and depth <= 0:
            break
        if token.kind in ("block_end", "variable_end"):
            break
        depth += _bracket(template, token)
        lowest = min(lowest, depth)
        end = max(end, token.end)
    index = token_at(template, start) - 1
    while lowest < 0 and index >= 0:
        token = template.tokens[index]
        lowest += _bracket(template, token)
        start, index = token.start, index - 1
    return start, end


def _bracket(template: Template, token: Token) -> int:
    if token.kind != "operator":
        return 0
    return _BRACKETS.get(template.source[token.start : token.end], 0)


def _tokens(template: Template, offset: int) -> Iterator[Token]:
    """The tokens from an offset on, without blanks and comments."""
    for index in range(token_at(template, offset), len(template.tokens)):
        token = template.tokens[index]
        if token.kind not in _BLANK and token.end > offset:
            yield token
