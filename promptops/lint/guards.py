"""What conditions prove: values that are defined, and comparisons that are never true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from json import dumps
from typing import Any

from promptops.analysis.input_schemas import (
    MAX_WAYS,
    InputAlternative,
    InputSchemas,
    InputShape,
    dotted,
)
from promptops.analysis.uses import ITEM, Condition, Path, Stack, TemplateSpan, Use
from promptops.analysis.values import NOTHING, Facts, proven
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.model.place import Text
from promptops.records import record
from promptops.runtime.template import nodes
from promptops.runtime.template.template import TemplateError, parse, parse_expression, token_at
from promptops.suggestions import nearest_name


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


def is_guarded(use: Use, steps: int, scope: TemplateScope, scopes: Sequence[TemplateScope]) -> bool:
    """Whether a `when` of a text is true only if a use's name and first steps are defined."""
    key = (is_item(use), use.name, use.path[:steps])
    return any(key in _facts(when) for when in guards_of(scope, scopes))


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


# Finds comparisons of an input with a constant that its schema does not allow.

_EQUALITY = frozenset(("eq", "ne"))


@record(frozen=True, slots=True, kw_only=True)
class NeverEqual:
    """A constant that an input can never equal.

    Attributes:
        test: The condition that compares them, `constant` the constant within it.
        stack: The includes that lead to the condition.
        hint: The allowed value that was probably intended, or what the schema allows.
    """

    name: str
    written: str
    test: TemplateSpan
    constant: TemplateSpan
    stack: Stack
    hint: str


def never_equal(scope: TemplateScope, schemas: InputSchemas) -> Iterator[NeverEqual]:
    """Impossible comparisons in the conditions of a message's template and of what it includes.

    Names that the template assigns are left out; for an included one, names that any template of
    the message assigns.
    """
    for condition in scope.scope.conditions:
        shapes = ReadShapes(condition, scope, schemas)
        for compare in _compares(condition.test):
            yield from _impossible_comparisons(compare, shapes, condition, scope)


def _compares(test: nodes.Node) -> Iterator[nodes.Compare]:
    if isinstance(test, nodes.Compare):
        yield test
    yield from test.find_all(nodes.Compare)


def _impossible_comparisons(
    compare: nodes.Compare, shapes: ReadShapes, condition: Condition, scope: TemplateScope
) -> Iterator[NeverEqual]:
    read, constants = _sides(compare)
    shape = shapes.of(read)
    if shape is None or read is None:
        return
    uses = shapes.uses(read)
    for constant in constants:
        if not any(allows(way, constant.value) for way in shape.ways):
            yield _never(constant, condition, scope, uses[0], shape)


def _sides(compare: nodes.Compare) -> tuple[nodes.Expression | None, Sequence[nodes.Const]]:
    """The paths read and the constants they are compared with, in either order."""
    if len(compare.ops) != 1:
        return None, ()
    left, operand = compare.expr, compare.ops[0]
    right = operand.expr
    if operand.op in _EQUALITY and isinstance(right, nodes.Const):
        return left, (right,)
    if operand.op in _EQUALITY and isinstance(left, nodes.Const):
        return right, (left,)
    if operand.op in ("in", "notin") and isinstance(right, nodes.List | nodes.Tuple):
        return left, [item for item in right.items if isinstance(item, nodes.Const)]
    return None, ()


@lru_cache(maxsize=64)
def _assigned_names(source: str, expression: bool) -> frozenset[str]:
    tree = (parse_expression if expression else parse)(source).tree
    names = tree.find_all(nodes.Name)
    return frozenset(name.name for name in names if name.is_target)


def _assigned(text: Text, expression: bool) -> frozenset[str]:
    return _assigned_names(text.value, expression)


class ReadShapes:
    """What the schema says about the values that a condition reads.

    Names that the template assigns are left out; for an included one, names that any template of
    the message assigns.
    """

    def __init__(self, condition: Condition, scope: TemplateScope, schemas: InputSchemas) -> None:
        self._text = condition.site.text
        self._all_uses = scope.scope.uses
        self._schemas = schemas
        self._assigned = (
            frozenset(definition.name for definition in scope.scope.definitions)
            if condition.stack
            else _assigned(self._text, scope.condition)
        )

    def of(self, read: nodes.Node | None) -> InputShape | None:
        """The shape of a path; None for other expressions, and if the value may be another one."""
        path = written_path(read)
        if path is None or read is None or path[0] in self._assigned:
            return None
        return _shape(self.uses(read), self._schemas)

    def always_there(self, read: nodes.Node) -> bool:
        """Whether all inputs that the schema accepts have the value; `of` is not None."""
        use = self.uses(read)[0]
        return self._schemas.always_has(use.name, use.path)

    def uses(self, read: nodes.Node) -> tuple[Use, ...]:
        """The reads at the start of an expression, with the whole path."""
        root = read
        while isinstance(root, nodes.Getattr | nodes.Getitem):
            root = root.node
        here = [
            use
            for use in self._all_uses
            if use.site.text is self._text and use.site.start == root.at
        ]
        longest = max((len(use.path) for use in here), default=0)
        return tuple(use for use in here if len(use.path) == longest and not use.open)


def _shape(uses: Sequence[Use], schemas: InputSchemas) -> InputShape | None:
    """What the schema says about a read; None if the value may come from elsewhere."""
    if len({(use.name, use.path) for use in uses}) != 1 or uses[0].filters:
        return None
    shape = schemas.at(uses[0].name, uses[0].path)
    if shape is None or uses[0].origin != "input" or len(shape.ways) >= MAX_WAYS:
        return None
    return shape


def allows(way: InputAlternative, value: Any) -> bool:
    """Whether a value of this kind may equal a constant; `none` is always allowed."""
    if value is None:
        return True
    listed = listed_values(way)
    if listed is not None:
        return any(value == each for each in listed)
    types = way.proven_types
    return types is None or any(isinstance(value, _CONSTANTS[name]) for name in types)


def listed_values(way: InputAlternative) -> Sequence[Any] | None:
    """The values of `enum` or `const`; None if there is neither."""
    for part in way.parts:
        if part.get("enum"):
            return tuple(part["enum"])
        if "const" in part:
            return (part["const"],)
    return None


_TYPES = {
    "string": "strings",
    "number": "numbers",
    "boolean": "true and false",
    "array": "lists",
    "object": "objects",
    "null": "null",
}
_CONSTANTS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool, int, float),
    "array": (),
    "object": (),
    "null": (),
}
"""The classes of constants that may equal a value of a type: in templates `true` equals 1."""


def _never(
    constant: nodes.Const, condition: Condition, scope: TemplateScope, use: Use, shape: InputShape
) -> NeverEqual:
    text = condition.site.text
    is_expression = scope.condition and not condition.stack
    template = (parse_expression if is_expression else parse)(text.value)
    token = template.tokens[token_at(template, constant.at)]
    return NeverEqual(
        name=dotted(use.name, use.path),
        written=_in_template_syntax(constant.value),
        test=condition.site,
        constant=TemplateSpan(text, token.start, token.end),
        stack=condition.stack,
        hint=_hint(constant.value, shape),
    )


def _hint(value: Any, shape: InputShape) -> str:
    listed = [each for way in shape.ways for each in listed_values(way) or ()]
    if not listed:
        return f"its schema allows only {' or '.join(sorted(_TYPES[name] for name in shape.types))}"
    strings = [each for each in listed if isinstance(each, str)]
    near = nearest_name(value, strings) if isinstance(value, str) else None
    if near is None:
        return "its schema lists other values"
    return f"did you mean {_in_template_syntax(near)}?"


def _in_template_syntax(value: Any) -> str:
    return dumps(value, ensure_ascii=False)
