"""The walk over names and attribute paths: which input each of them reads, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.guards import NOTHING, Facts
from promptops.analysis.sources import ValueSource
from promptops.analysis.uses import (
    Call,
    Condition,
    Definition,
    Guard,
    Role,
    Step,
    TemplateReference,
    TemplateSpan,
    Use,
    Word,
)
from promptops.analysis.values import (
    KNOWN,
    Here,
    NameScope,
    Value,
    bound,
    sources,
    stepped,
)
from promptops.model.finding import Problem
from promptops.records import field, record


@record(frozen=True, slots=True)
class How:
    """What an expression is read for; see Use."""

    role: Role
    raises: bool = True
    guard: Guard = "none"
    filters: tuple[str, ...] = ()


OUTPUT = How("output")
TEST = How("test")
TOLERANT_TEST = How("test", raises=False)
GUARD = How("guard", raises=False, guard="defined")
LOOP = How("loop")
ARGUMENT = How("argument")
PASSED = How("argument", raises=False)
ALIAS = How("alias", raises=False)
OTHER = How("other")


@record(slots=True)
class PathFacts:
    """What the walk collects."""

    uses: list[Use] = field(default_factory=list)
    references: list[TemplateReference] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    filters: list[Word] = field(default_factory=list)
    tests: list[Word] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    private: list[Word] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class PathWalk:
    """Reads paths where it stands: in `here`, in `frame`, where `facts` hold."""

    here: Here
    frame: NameScope

    def __init__(self) -> None:
        self.found = PathFacts()
        self.facts: Facts = NOTHING
        self.reached = True
        self._seen: set[tuple[str, str, int]] = set()

    def read(self, node: nodes.Node, how: How) -> None:
        """Collect what an expression reads when its value is used so."""
        visitor = self.READ.get(node.__class__)
        if visitor is not None:
            visitor(self, node, how)
            return
        for child in node.iter_child_nodes():
            self.read(child, OTHER)

    def take(self, node: nodes.Node, how: How) -> Value:
        """Collect the same, and tell what the value may be, to be given another name."""
        visitor = self.TAKE.get(node.__class__)
        if visitor is not None:
            value: Value = visitor(self, node, how)
            return value
        # What is made of a value needs it, whatever becomes of the result.
        self.read(node, OTHER if how.role == "alias" else ARGUMENT if how is PASSED else how)
        return KNOWN

    def lookup(self, name: str) -> Value:
        """What a name means here."""
        value = self.frame.find(name)
        return self.here.context.resolve(name) if value is None else value

    def site(self, offsets: tuple[int, int]) -> TemplateSpan:
        """In the template where the walk stands."""
        return TemplateSpan(self.here.text, *offsets)

    def keys(self, node: nodes.Node | None) -> Facts:
        """The identities of what a path may stand for, and of all it stands on."""
        return frozenset(
            part.key[: length + 1]
            for part in sources(self._peek(node))
            if part.guards[-1] != "default" and not part.open
            for length in range(len(part.key))
        )

    def _peek(self, node: nodes.Node | None) -> Value:
        """The value of a path, with nothing collected."""
        if isinstance(node, nodes.Name):
            return self.lookup(node.name)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            step = node.attr if isinstance(node, nodes.Getattr) else _constant_step(node.arg)
            if step is not None:
                nowhere = TemplateSpan(self.here.text, 0, 0)
                return tuple(part.step(step, nowhere) for part in sources(self._peek(node.node)))
        return ()

    def _name(self, node: nodes.Name, how: How) -> None:
        for part in self.lookup(node.name):
            if isinstance(part, ValueSource):
                site = TemplateSpan(self.here.text, node.lineno, node.lineno + len(node.name))
                self._use(part, site, how)

    def _below(self, node: nodes.Getattr | nodes.Getitem, how: How) -> None:
        self.use_all(self.path(node), how)

    def _take_path(self, node: nodes.Name | nodes.Getattr | nodes.Getitem, how: How) -> Value:
        value = self.path(node)
        self.use_all(value, how)
        return bound(value)

    def path(self, node: nodes.Node) -> Value:
        """The value of a name or of what stands below one, its own read not collected."""
        if isinstance(node, nodes.Getattr):
            return self._attribute(node)
        if isinstance(node, nodes.Getitem):
            return self._subscript(node)
        if not isinstance(node, nodes.Name):
            return tuple(
                part.unbound() if isinstance(part, ValueSource) else part
                for part in self.take(node, OTHER)
            )
        value = self.lookup(node.name)
        site = self.site((node.lineno, node.lineno + len(node.name)))
        return tuple(part.at(site) if isinstance(part, ValueSource) else part for part in value)

    def _attribute(self, node: nodes.Getattr) -> Value:
        base = self.path(node.node)
        site = self.site(spans.attribute(self.here.template, node))
        self._refuse_private(node.attr, site)
        return stepped(base, node.attr, site)

    def _subscript(self, node: nodes.Getitem) -> Value:
        base = self.path(node.node)
        step = _constant_step(node.arg)
        if step is not None:
            site = self.site(spans.constant(self.here.template, _literal(node.arg)))
            self._refuse_private(str(step), site)
            return stepped(base, step, site)
        if isinstance(node.arg, nodes.Slice):
            self.read(node.arg, OTHER)
            return base
        self.read(node.arg, OTHER)
        return tuple(part.opened() for part in sources(base)) or KNOWN

    def _refuse_private(self, name: str, site: TemplateSpan) -> None:
        if name.startswith("_") and self.first("private", site):
            self.found.private.append(Word(name=name, site=site, stack=self.here.stack))

    def use_all(self, value: Value, how: How) -> None:
        for part in value:
            if isinstance(part, ValueSource) and part.site is not None:
                self._use(part, part.site, how)

    def _use(self, part: ValueSource, site: TemplateSpan, how: How) -> None:
        guards = part.guards
        if self.facts:
            guards = part.guards_given(self.facts)
        if how.guard != "none" and guards[-1] == "none" and not part.open:
            guards = (*guards[:-1], how.guard)
        self.found.uses.append(
            Use(
                name=part.name,
                path=part.path,
                site=site,
                path_sites=part.path_sites,
                stack=self.here.stack,
                guards=guards,
                role=how.role,
                raises=how.raises and guards[-1] == "none",
                filters=how.filters,
                origin=part.origin,
                aliases=part.aliases,
                open=part.open,
                reached=self.reached,
            )
        )

    def first(self, what: str, site: TemplateSpan) -> bool:
        """Whether the walk meets something here for the first time."""
        key = (what, site.text.path, site.start)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    READ: ClassVar[dict[type, Callable[[Any, Any, How], None]]] = {
        nodes.Name: _name,
        nodes.Getattr: _below,
        nodes.Getitem: _below,
    }
    TAKE: ClassVar[dict[type, Callable[[Any, Any, How], Value]]] = {
        nodes.Name: _take_path,
        nodes.Getattr: _take_path,
        nodes.Getitem: _take_path,
    }


def _constant_step(node: nodes.Expr) -> Step | None:
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const):
        step = node.node.value
        return -step if type(step) is int else None
    value = node.value if isinstance(node, nodes.Const) else None
    is_step = isinstance(value, (int, str)) and not isinstance(value, bool)
    return value if is_step else None


def _literal(node: nodes.Expr) -> nodes.Const:
    return node if isinstance(node, nodes.Const) else next(node.find_all(nodes.Const))
