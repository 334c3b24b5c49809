"""Facts that a `when` proves about the values in its text."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

from promptops.analysis.guards import NOTHING, Facts, proven
from promptops.analysis.uses import ITEM, Path, Use
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.runtime.template.template import TemplateError, parse_expression


def is_item(use: Use) -> bool:
    """Whether a use reads the item of `for_each`, rather than that of a loop."""
    return use.path[:1] == (ITEM,) and use.path_sites[0].start == use.path_sites[0].end


def guards_of(scope: TemplateScope, scopes: Sequence[TemplateScope]) -> tuple[TemplateScope, ...]:
    """The `when`s of a text, and of the message that contains it."""
    return tuple(
        each for each in scopes if each.condition and each is not scope and _decides(each, scope)
    )


def _decides(when: TemplateScope, scope: TemplateScope) -> bool:
    base, below = _base(when), _base(scope)
    if when.condition and scope.condition and base == below:
        return False
    return below == base or below.startswith(f"{base}/")


def _base(scope: TemplateScope) -> str:
    return scope.at.removesuffix("/when") if scope.condition else scope.at


def is_defined_by(whens: Sequence[TemplateScope], use: Use, steps: int) -> bool:
    """Whether one of the `when`s is true only if a use's name and first steps are defined."""
    key = (is_item(use), use.name, use.path[:steps])
    return any(key in _facts(when) for when in whens)


def is_unreachable(use: Use, scope: TemplateScope, subject: PromptFacts) -> bool:
    """Like `kind_guards`, a large module that is imported only here: most prompts don't need it."""
    from promptops.lint import kind_guards

    return kind_guards.is_unreachable(use, scope, subject)


def _facts(when: TemplateScope) -> Facts:
    test = test_of(when)
    if test is None:
        return NOTHING

    def keys(node: nodes.Node | None) -> Facts:
        path = written_path(node)
        if path is None:
            return NOTHING
        source = when.items.get(path[0])
        name, below = (path[0], path[1:]) if source is None else (source, (ITEM, *path[1:]))
        return frozenset((source is not None, name, below[:end]) for end in range(len(below) + 1))

    return proven(test, True, keys)


def test_of(when: TemplateScope) -> nodes.Node | None:
    """The expression of a `when`; None for one that can't be parsed."""
    try:
        body = parse_expression(when.text.value).tree.body[0]
    except TemplateError:
        return None
    return body.nodes[0] if isinstance(body, nodes.Output) else None


def written_path(node: nodes.Node | None) -> tuple[str, *Path] | None:
    """The name and constant steps of an expression that consists only of them."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        step, owner = node.attr, written_path(node.node)
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        step, owner = node.arg.value, written_path(node.node)
    else:
        return None
    return None if owner is None else (*owner, step)
