"""Values from outside of a template, with their paths, and what conditions prove about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeGuard

from promptops.analysis.uses import ITEM, Guard, Origin, Path, Stack, Step, TemplateSpan
from promptops.model.place import Text
from promptops.records import field, record
from promptops.runtime.template import nodes
from promptops.runtime.template.template import Template

MAX_PATH = 50

Key = tuple[Any, ...]
"""The identity of a value: name and path, with different elements for different loops."""


@record(frozen=True, slots=True)
class ValueSource:
    """A value that the caller passes, or that nothing defines.

    Attributes:
        site: Of its last read, until it is bound to another name.
    """

    name: str
    key: Key
    path: Path = ()
    path_sites: tuple[TemplateSpan, ...] = ()
    guards: tuple[Guard, ...] = ("none",)
    origin: Origin = "input"
    aliases: tuple[TemplateSpan, ...] = ()
    open: bool = False
    site: TemplateSpan | None = None

    def step(self, step: Step, site: TemplateSpan, identity: object = None) -> ValueSource:
        """The value below this one; `identity` distinguishes the elements of different loops."""
        if self.open or len(self.path) >= MAX_PATH:
            return self.with_unknown_step()
        return ValueSource(
            self.name,
            (*self.key, step if identity is None else identity),
            (*self.path, step),
            (*self.path_sites, site),
            (*self.guards, "none"),
            self.origin,
            self.aliases,
            False,
            self.site,
        )

    def parent(self) -> ValueSource:
        """The value that contains this one."""
        return ValueSource(
            self.name,
            self.key[:-1],
            self.path[:-1],
            self.path_sites[:-1],
            self.guards[:-1],
            self.origin,
            self.aliases,
            False,
            self.site,
        )

    def read_at(self, site: TemplateSpan) -> ValueSource:
        """The same value, read at a place."""
        return self._with(self.guards, self.aliases, self.open, site)

    def as_alias(self) -> ValueSource:
        """The same value under another name."""
        aliases = self.aliases if self.site is None else (*self.aliases, self.site)
        return self._with(self.guards, aliases, self.open, None)

    def without_alias(self) -> ValueSource:
        """The same value, at its last read, for values directly below it."""
        if self.site is not None or not self.aliases:
            return self
        return self._with(self.guards, self.aliases[:-1], self.open, self.aliases[-1])

    def with_unknown_step(self) -> ValueSource:
        """An unknown value below this one."""
        return self._with(self.guards, self.aliases, True, self.site)

    def with_guards(self, guards: tuple[Guard, ...]) -> ValueSource:
        """The same value with other guards."""
        return self._with(guards, self.aliases, self.open, self.site)

    def as_defined(self) -> ValueSource:
        """The same value, known to be defined, because it was iterated."""
        return self.with_guards(
            tuple("defined" if guard == "none" else guard for guard in self.guards)
        )

    def guards_given(self, facts: Facts) -> tuple[Guard, ...]:
        """The guard of each step if some values are known to be defined."""
        return tuple(
            "defined" if guard == "none" and self.key[: index + 1] in facts else guard
            for index, guard in enumerate(self.guards)
        )

    def as_fallback(self) -> ValueSource:
        """The value of the input if no `set` of this name ran."""
        if self.origin != "input" or self.aliases:
            return self
        return ValueSource(self.name, self.key, self.path, self.path_sites, self.guards, "branch")

    def _with(
        self,
        guards: tuple[Guard, ...],
        aliases: tuple[TemplateSpan, ...],
        open_: bool,
        site: TemplateSpan | None,
    ) -> ValueSource:
        return ValueSource(
            self.name,
            self.key,
            self.path,
            self.path_sites,
            guards,
            self.origin,
            aliases,
            open_,
            site,
        )


# The values of a template's names, and the scopes in which they are looked up.

MAX_ALTERNATIVES = 16


@record(frozen=True, slots=True)
class PresentValue:
    """A value that is always defined, with unknown parts."""


@record(frozen=True, slots=True)
class Builtin:
    """A name of the environment: `range`, `namespace`, `self`."""

    name: str


@record(frozen=True, slots=True, eq=False)
class MacroValue:
    """A macro, or the body of a call block, with its scope."""

    node: nodes.Macro | nodes.CallBlock
    here: Here
    frame: NameScope


@record(frozen=True, slots=True, eq=False)
class ModuleValue:
    """An imported template: its exports."""

    exports: Mapping[str, Value]


@record(frozen=True, slots=True, eq=False)
class LoopValue:
    """`loop`; `again` is False inside of its own call, which is not followed a second time."""

    node: nodes.For
    frame: NameScope
    again: bool


@record(frozen=True, slots=True)
class BlockValue:
    """`super` or `self.name`, which render a block when called."""

    name: str
    index: int


Alternative = (
    ValueSource | PresentValue | Builtin | MacroValue | ModuleValue | LoopValue | BlockValue
)
Value = tuple[Alternative, ...]
"""The possible values of an expression."""

KNOWN: Value = (PresentValue(),)


@record(frozen=True, slots=True, eq=False)
class Block:
    """A block's node in the template that defines it."""

    node: nodes.Block
    here: Here


@record(slots=True, eq=False)
class Context:
    """The names that a template sees outside of its own scopes.

    Attributes:
        visible: The names of the including template's scopes.
        isolated: Without inputs: imported or included without context.
        tops: The top levels rendered so far, of a template and of those that it extends.
        blocks: By name, the overriding one first.
    """

    visible: Mapping[str, Value]
    isolated: bool
    tops: list[NameScope] = field(default_factory=list)
    blocks: dict[str, list[Block]] = field(default_factory=dict)
    _sources: dict[str, Value] = field(default_factory=dict)

    def resolve(self, name: str) -> Value:
        """The value of a name that no scope has."""
        for top in self.tops:
            if name in top.bindings:
                return top.bindings[name]
        value = self.visible.get(name) or self._sources.get(name)
        if value is None:
            value = self._sources[name] = self._outside(name)
        return value

    def top_bindings(self) -> dict[str, Value]:
        """The names of all top levels; of one name, the value that is found first."""
        return {n: value for top in reversed(self.tops) for n, value in top.bindings.items()}

    def exports(self) -> dict[str, Value]:
        """The names that an import of these top levels provides."""
        return {
            name: value
            for top in reversed(self.tops)
            for name, value in top.bindings.items()
            if not name.startswith("_") and name not in top.imported
        }

    def _outside(self, name: str) -> Value:
        if name in ("range", "namespace", "self"):
            return (Builtin(name),)
        if self.isolated:
            return unset(name, "isolated")
        return (ValueSource(name, (name,)),)


def unset(name: str, origin: Origin = "unset") -> Value:
    """The value of a name that has none, whatever the caller passes."""
    return (ValueSource(name, ((origin, name),), origin=origin),)


@record(frozen=True, slots=True, eq=False)
class Here:
    """The current place of the walk.

    Attributes:
        files: The templates that lead here, outermost first.
    """

    text: Text
    template: Template
    context: Context
    stack: Stack
    files: tuple[str, ...]


@record(slots=True, eq=False)
class NameScope:
    """A scope: a template's top level, a loop's body, a macro's, a block's.

    Attributes:
        parent: None for a top level and for a block.
        imported: Names that are imported, which a template does not export.
    """

    node: nodes.Node
    parent: NameScope | None
    bindings: dict[str, Value] = field(default_factory=dict)
    part: str = ""
    top: bool = False
    imported: set[str] = field(default_factory=set)

    def find(self, name: str) -> Value | None:
        """The value in this scope or one around it; None if the context has to resolve the name."""
        frame: NameScope | None = self
        while frame is not None:
            value = frame.bindings.get(name)
            if value is not None:
                return value
            if name in frame.unset_at_start():
                return unset(name)
            frame = frame.parent
        return None

    def unset_at_start(self) -> frozenset[str]:
        """The names without a value at its start, even if an enclosing scope has one."""
        part = "unset_in_else" if self.part == "else" else "unset"
        found: frozenset[str] = getattr(self.node, part, nodes.NO_NAMES)
        return found

    def all_bindings(self) -> dict[str, Value]:
        """The names of this scope and of those around it."""
        outer = self.parent.all_bindings() if self.parent else {}
        return {**outer, **self.bindings}


def joined(values: Iterable[Value]) -> Value:
    """The alternatives of several values, each once."""
    return tuple(dict.fromkeys(part for value in values for part in value))[:MAX_ALTERNATIVES]


def sources(value: Value) -> Iterator[ValueSource]:
    """The alternatives that come from outside of the template."""
    return (part for part in value if isinstance(part, ValueSource))


def value_below(value: Value, step: Step, site: TemplateSpan, identity: object = None) -> Value:
    """The value of a key, an attribute or an index of a value."""
    if len(value) == 1:
        return _below(value[0], step, site, identity)
    return joined(_below(part, step, site, identity) for part in value)


def _below(part: Alternative, step: Step, site: TemplateSpan, identity: object) -> Value:
    if isinstance(part, ValueSource):
        return (part.step(step, site, identity),)
    if isinstance(part, ModuleValue):
        exported = part.exports.get(str(step)) or unset(str(step))
        return tuple(
            value.read_at(site) if isinstance(value, ValueSource) else value for value in exported
        )
    if isinstance(part, LoopValue):
        return (Builtin("loop"),)
    if part == Builtin("self"):
        return (BlockValue(str(step), 0),)
    return KNOWN


def elements(value: Value, site: TemplateSpan, identity: object) -> Value:
    """The values of a loop's variable; they and the array are known to be defined."""
    items = [part.step(ITEM, site, identity).as_alias().as_defined() for part in sources(value)]
    return tuple(items) or KNOWN


def as_alias(value: Value) -> Value:
    """The same value under another name."""
    return tuple(part.as_alias() if isinstance(part, ValueSource) else part for part in value)


# The values that a condition proves to be defined, if it is true and if it is false.

Facts = frozenset[tuple[object, ...]]
Keys = Callable[[nodes.Node | None], Facts]
"""The identities of the possible values of a name or of an attribute path."""

NOTHING: Facts = frozenset()

DEFAULTS = frozenset(("default", "d"))

# These tests accept StrictUndefined. If one is true, the value is defined, except for `callable`.
TOLERANT_TESTS = frozenset(
    (
        "none",
        "string",
        "number",
        "integer",
        "float",
        "boolean",
        "true",
        "false",
        "mapping",
        "sequence",
        "sameas",
        "callable",
    )
)
_PROVING_TESTS = TOLERANT_TESTS - {"callable", "sameas"} | {"defined"}

# Filters whose result is false for an empty string or list.
_KEEP_EMPTY = frozenset(
    ("length", "count", "trim", "list", "upper", "lower", "int", "float", "join")
)


def proven(test: nodes.Node, truth: bool, keys: Keys) -> Facts:
    """The values that are defined if a test has the given outcome."""
    if isinstance(test, nodes.Not):
        return proven(test.node, not truth, keys)
    if isinstance(test, nodes.And | nodes.Or):
        left, right = proven(test.left, truth, keys), proven(test.right, truth, keys)
        # If an `and` is true, both sides are; if it is false, one side may be true.
        return left | right if isinstance(test, nodes.And) == truth else left & right
    if isinstance(test, nodes.Test):
        return _by_test(test, truth, keys)
    if isinstance(test, nodes.Filter) and truth:
        return _by_default(test, keys)
    if isinstance(test, nodes.Compare):
        return _by_comparison(test, truth, keys)
    return NOTHING


def _by_test(test: nodes.Test, truth: bool, keys: Keys) -> Facts:
    if test.name in _PROVING_TESTS and truth:
        return keys(test.node)
    if test.name == "undefined" and not truth:
        return keys(test.node)
    return NOTHING


def _by_default(test: nodes.Filter, keys: Keys) -> Facts:
    """`x | default(false)` is true only if `x` is defined."""
    node: nodes.Node | None = test
    while isinstance(node, nodes.Filter) and node.name in _KEEP_EMPTY and not node.args:
        node = node.node
    fallback = default_of(node)
    if fallback is None or fallback[0] or not _is_default(node):
        return NOTHING
    return keys(node.node)


def _by_comparison(test: nodes.Compare, truth: bool, keys: Keys) -> Facts:
    """`x | default("a") == "b"` is true only if `x` is defined."""
    fallback = default_of(test.expr)
    if fallback is None or len(test.ops) != 1 or not _is_default(test.expr):
        return NOTHING
    other = test.ops[0].expr
    if not isinstance(other, nodes.Const) or fallback[0] == other.value:
        return NOTHING
    return keys(test.expr.node) if test.ops[0].op == ("eq" if truth else "ne") else NOTHING


def default_of(node: nodes.Node | None) -> tuple[object] | None:
    """The literal argument of a `default` filter in a tuple; None if it is not a literal."""
    if not _is_default(node) or node.dyn_args or node.dyn_kwargs:
        return None
    given = [*node.args, *(word.value for word in node.kwargs if word.key == "default_value")]
    if not given:
        return ("",)
    if isinstance(given[0], nodes.Const):
        return (given[0].value,)
    if isinstance(given[0], nodes.List | nodes.Tuple | nodes.Dict) and not given[0].items:
        return ((),)
    return None


def _is_default(node: nodes.Node | None) -> TypeGuard[nodes.Filter]:
    return isinstance(node, nodes.Filter) and node.name in DEFAULTS


def literal(test: nodes.Node) -> bool | None:
    """The constant value of a test that consists of literals; else None."""
    if isinstance(test, nodes.Const):
        return bool(test.value)
    if isinstance(test, nodes.List | nodes.Tuple | nodes.Dict):
        return bool(test.items)
    if isinstance(test, nodes.Not):
        inner = literal(test.node)
        return None if inner is None else not inner
    if isinstance(test, nodes.And | nodes.Or):
        return _literal_of_two(test, literal(test.left), literal(test.right))
    if isinstance(test, nodes.Compare) and len(test.ops) == 1:
        return _literal_comparison(test.expr, test.ops[0])
    return None


def _literal_of_two(
    test: nodes.And | nodes.Or, left: bool | None, right: bool | None
) -> bool | None:
    decisive = isinstance(test, nodes.Or)
    if decisive in (left, right):
        return decisive
    return None if left is None or right is None else not decisive


def _literal_comparison(left: nodes.Node, operand: nodes.Operand) -> bool | None:
    right = operand.expr
    if not isinstance(left, nodes.Const) or not isinstance(right, nodes.Const):
        return None
    if operand.op in ("eq", "ne"):
        return bool(left.value == right.value) == (operand.op == "eq")
    return None
