"""The syntax tree of a template: what the evaluator runs, and what lint reads.

Jinja2 parses a template, and `jinja_parser.py` turns its tree into this one. A body is a tuple of
statements.

`unset` holds the names that a scope sets, and that have no value at its start, even if an enclosing
scope has one of that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from promptops.runtime.template.node_facts import Facts

N = TypeVar("N", bound="Node")

_NO_PARTS = frozenset(("at", "unset", "unset_in_else"))


BY_CODE: dict[str, Any] = {}
"""The classes of nodes by the operation that stands for one in a program."""


class _NodeType(type):
    """Declares a node by its annotations, at a tenth of the cost of a record."""

    code: str

    def __new__(
        mcs, name: str, bases: tuple[type, ...], body: dict[str, Any], code: str = ""
    ) -> _NodeType:
        # With `from __future__ import annotations`, they are in the body.
        own = tuple(body.get("__annotations__", ()))
        above: Any = bases[0] if bases else object
        defaults = {key: body.pop(key) for key in own if key in body}
        names = (*getattr(above, "all_fields", ()), *own)
        body |= {"__slots__": body.get("__slots__", own), "all_fields": names}
        body["defaults_of_fields"] = {**getattr(above, "defaults_of_fields", {}), **defaults}
        body["fields"] = tuple(key for key in names if key not in _NO_PARTS)
        kinds = body.get("__annotations__", {}).values()
        body["annotations"] = (*getattr(above, "annotations", ()), *kinds)
        body["least_fields"] = len(names) - len(body["defaults_of_fields"])
        made = super().__new__(mcs, name, bases, body)
        if code:
            BY_CODE[code] = made
            made.code = code
        return made


@dataclass_transform(frozen_default=True, eq_default=False)
class Node(metaclass=_NodeType):
    """A part of a template, which equals only itself.

    Attributes:
        at: The offset of its first token.
        code: The operation that stands for the class in a program.
        fields: The names of its parts: nodes, tuples of nodes, and values.
        all_fields: The same after `at`, and before `unset`.
        annotations: The types of all fields, as they are written.
        least_fields: The number of fields without a default.
        defaults_of_fields: Of the last ones, by name.
        facts: Cached by `node_facts.facts`.
    """

    __slots__ = ("facts",)

    if TYPE_CHECKING:
        at: int
        code: ClassVar[str]
        fields: ClassVar[tuple[str, ...]]
        all_fields: ClassVar[tuple[str, ...]]
        annotations: ClassVar[tuple[str, ...]]
        least_fields: ClassVar[int]
        defaults_of_fields: ClassVar[dict[str, Any]]
        facts: Facts
    else:

        def __init__(self, *values, **named):
            names = self.all_fields
            for name, value in zip(names[: len(values)], values, strict=True):
                setattr(self, name, value)
            for name in names[len(values) :]:
                setattr(self, name, named[name] if name in named else self.defaults_of_fields[name])

    def parts(self) -> Iterator[Any]:
        """The values of its fields, in order."""
        return (getattr(self, name) for name in self.fields)

    def is_like(self, other: Node) -> bool:
        """Whether both have the same meaning, wherever they stand."""
        return type(self) is type(other) and all(map(_is_alike, self.parts(), other.parts()))

    def children(self) -> Iterator[Node]:
        """The nodes directly below it, in order."""
        for part in self.parts():
            if isinstance(part, Node):
                yield part
            elif isinstance(part, tuple):
                yield from (each for each in part if isinstance(each, Node))

    def find_all(self, kind: type[N] | tuple[type[N], ...]) -> Iterator[N]:
        """The nodes of a class below it, in order."""
        for child in self.children():
            if isinstance(child, kind):
                yield child
            yield from child.find_all(kind)


def _is_alike(part: Any, other: Any) -> bool:
    if isinstance(part, Node) and isinstance(other, Node):
        return part.is_like(other)
    if isinstance(part, tuple) and isinstance(other, tuple):
        return len(part) == len(other) and all(map(_is_alike, part, other))
    return type(part) is type(other) and bool(part == other)


class Statement(Node):
    """A part that renders something, or sets names."""

    at: int


class Expression(Node):
    """A part that has a value."""

    at: int


class Detail(Node):
    """A part of an expression."""

    at: int


Body = tuple[Statement, ...]
Names = frozenset[str]

NO_NAMES: Names = frozenset()


class Template(Statement, code="template"):
    """A whole template."""

    body: Body
    unset: Names = NO_NAMES


# Statements.


class Output(Statement, code="out"):
    """Literal text, and expressions that are printed."""

    nodes: tuple[Expression, ...]


class If(Statement, code="if"):
    """`elif_` are further tags of the same kind, each without `elif_` and `else_`."""

    test: Expression
    body: Body
    elif_: tuple[If, ...] = ()
    else_: Body = ()


class For(Statement, code="for"):
    """`for target in iter if test`; `else_` is for no items."""

    target: Expression
    iter: Expression
    body: Body
    else_: Body = ()
    test: Expression | None = None
    recursive: bool = False
    unset: Names = NO_NAMES
    unset_in_else: Names = NO_NAMES


class With(Statement, code="with"):
    """A scope with names of its own."""

    targets: tuple[Expression, ...]
    values: tuple[Expression, ...]
    body: Body
    unset: Names = NO_NAMES


class Assign(Statement, code="set"):
    """`set target = node`."""

    target: Expression
    node: Expression


class AssignBlock(Statement, code="setblock"):
    """`set target` … `endset`, with an optional chain of filters over `None`."""

    target: Expression
    filter: Filter | None
    body: Body
    unset: Names = NO_NAMES


class FilterBlock(Statement, code="filterblock"):
    """`filter` … `endfilter`: a chain of filters over `None`, which is the body."""

    body: Body
    filter: Filter
    unset: Names = NO_NAMES


class Macro(Statement, code="macro"):
    """`defaults` are those of the last `args`."""

    name: str
    args: tuple[Name, ...]
    defaults: tuple[Expression, ...]
    body: Body
    unset: Names = NO_NAMES


class CallBlock(Statement, code="callblock"):
    """`call(args) call` … `endcall`: calls a macro, whose `caller` is the body."""

    call: Call
    args: tuple[Name, ...]
    defaults: tuple[Expression, ...]
    body: Body
    unset: Names = NO_NAMES


class Block(Statement, code="block"):
    """A part of a template that one that extends it can replace."""

    name: str
    body: Body
    scoped: bool = False
    required: bool = False
    unset: Names = NO_NAMES


class Extends(Statement, code="extends"):
    """The template that this one extends."""

    template: Expression


class Include(Statement, code="include"):
    """Another template at this place: the first one of several names that exists."""

    template: Expression
    with_context: bool = True
    ignore_missing: bool = False


class Import(Statement, code="import"):
    """The names that another template sets, as `target`."""

    template: Expression
    target: str
    with_context: bool = False


class FromImport(Statement, code="from"):
    """Names that another template sets; a pair is its name there and the name here."""

    template: Expression
    names: tuple[str | tuple[str, str], ...]
    with_context: bool = False


# Expressions.


class Name(Expression, code="name"):
    """A name that is read, or one that a `target` sets."""

    name: str
    is_target: bool = False


class NSRef(Expression, code="nsattr"):
    """An attribute of a namespace, as a target."""

    name: str
    attr: str


class TemplateData(Expression, code="text"):
    """Literal text of the template."""

    data: str


class Const(Expression, code="const"):
    """A string, a number, a boolean or None."""

    value: Any


class Tuple(Expression, code="tuple"):
    """`a, b`; also several targets."""

    items: tuple[Expression, ...]


class List(Expression, code="list"):
    """`[a, b]`."""

    items: tuple[Expression, ...]


class Pair(Detail, code="pair"):
    """A key and a value of a `Dict`."""

    key: Expression
    value: Expression


class Dict(Expression, code="dict"):
    """`{a: b}`."""

    items: tuple[Pair, ...]


class Getattr(Expression, code="attr"):
    """`node.attr`."""

    node: Expression
    attr: str


class Getitem(Expression, code="item"):
    """`node[arg]`."""

    node: Expression
    arg: Expression


class Slice(Expression, code="slice"):
    """`start:stop:step` between brackets."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None


class Keyword(Detail, code="arg"):
    """A named argument."""

    key: str
    value: Expression


class Filter(Expression, code="filter"):
    """`node | name(args, kwargs, *dyn_args, **dyn_kwargs)`; `node` is None for a body's first."""

    node: Expression | None
    name: str
    args: tuple[Expression, ...] = ()
    kwargs: tuple[Keyword, ...] = ()
    dyn_args: Expression | None = None
    dyn_kwargs: Expression | None = None


class Test(Expression, code="test"):
    """`node is name(args, kwargs, *dyn_args, **dyn_kwargs)`."""

    node: Expression
    name: str
    args: tuple[Expression, ...] = ()
    kwargs: tuple[Keyword, ...] = ()
    dyn_args: Expression | None = None
    dyn_kwargs: Expression | None = None


class Call(Expression, code="call"):
    """`node(args, kwargs, *dyn_args, **dyn_kwargs)`."""

    node: Expression
    args: tuple[Expression, ...] = ()
    kwargs: tuple[Keyword, ...] = ()
    dyn_args: Expression | None = None
    dyn_kwargs: Expression | None = None


class And(Expression, code="and"):
    """The left value if it is false, else the right one."""

    left: Expression
    right: Expression


class Or(Expression, code="or"):
    """The left value if it is true, else the right one."""

    left: Expression
    right: Expression


class Not(Expression, code="not"):
    """`not node`."""

    node: Expression


class Neg(Expression, code="neg"):
    """`-node`."""

    node: Expression


class Pos(Expression, code="pos"):
    """`+node`."""

    node: Expression


class Binary(Expression, code="binary"):
    """Arithmetic; `op` is one of `+ - * / // % **`."""

    op: str
    left: Expression
    right: Expression


class Concat(Expression, code="concat"):
    """`a ~ b`: the values as one string."""

    nodes: tuple[Expression, ...]


class Operand(Detail, code="operand"):
    """A comparison with the value before it: `eq ne gt gteq lt lteq in notin`."""

    op: str
    expr: Expression


class Compare(Expression, code="compare"):
    """One or more comparisons, which all must hold."""

    expr: Expression
    ops: tuple[Operand, ...]


class CondExpr(Expression, code="cond"):
    """`expr1 if test else expr2`; without `else`, an undefined value that prints nothing."""

    test: Expression
    expr1: Expression
    expr2: Expression | None = None
