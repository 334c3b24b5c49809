"""The state that the parts of a walk over a template share, each value changed here only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from promptops.analysis.uses import (
    Call,
    Condition,
    Definition,
    Guard,
    Role,
    Stack,
    Step,
    TemplateFacts,
    TemplateReference,
    TemplateSpan,
    Use,
    Word,
)
from promptops.analysis.values import NOTHING, Facts, Here, NameScope, Value, proven, sources
from promptops.model.finding import Problem, Related
from promptops.records import record
from promptops.runtime.template import nodes


@record(frozen=True, slots=True)
class How:
    """How the value of an expression is used; see Use."""

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

Branch = tuple[dict[str, Value], Facts]
"""The values of names at the end of a branch, and the facts proven there."""


class Visitor(Protocol):
    """Hands a node to the part of the walk that knows its kind."""

    def read(self, node: nodes.Node, how: How) -> None:
        """Collect the uses of inputs in an expression."""

    def take(self, node: nodes.Node, how: How) -> Value:
        """Collect the same, and return the possible values, for another name."""

    def body(self, statements: Iterable[nodes.Node]) -> None:
        """Walk statements in order."""


class Position:
    """The current template and scope, and the values that the conditions around it prove.

    Attributes:
        silent: After an `extends`: text outside of blocks is not printed.
        reached: False in a macro that nothing calls and in a block that nothing renders.
    """

    def __init__(self, here: Here, frame: NameScope) -> None:
        self.here = here
        self.frame = frame
        self.facts: Facts = NOTHING
        self.silent = False
        self.reached = True

    @contextmanager
    def moved(self, here: Here, frame: NameScope, silent: bool) -> Iterator[None]:
        """Walk in another place, and return."""
        before = self.here, self.frame, self.silent
        self.here, self.frame, self.silent = here, frame, silent
        try:
            yield
        finally:
            self.here, self.frame, self.silent = before

    def inside(self, frame: NameScope) -> AbstractContextManager[None]:
        """Walk in a scope of the same template, and return."""
        return self.moved(self.here, frame, self.silent)

    def inner(self, node: nodes.Node, part: str = "") -> NameScope:
        """A new scope inside the current one."""
        return NameScope(node, self.frame, part=part)

    def silence(self) -> None:
        """Text that follows in this template is not printed."""
        self.silent = True

    def move_to_unreached(self, here: Here) -> None:
        """Continue in code that nothing runs, where nothing is proven."""
        self.here, self.reached, self.facts = here, False, NOTHING

    # Names and values.

    def lookup(self, name: str) -> Value:
        """The possible values of a name here."""
        value = self.frame.find(name)
        return self.here.context.resolve(name) if value is None else value

    def site(self, offsets: tuple[int, int]) -> TemplateSpan:
        """A span of the current template."""
        return TemplateSpan(self.here.text, *offsets)

    def _peek(self, node: nodes.Node | None) -> Value:
        """The value of a path, without collecting its use."""
        if isinstance(node, nodes.Name):
            return self.lookup(node.name)
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            step = node.attr if isinstance(node, nodes.Getattr) else constant_step(node.arg)
            if step is not None:
                nowhere = TemplateSpan(self.here.text, 0, 0)
                return tuple(part.step(step, nowhere) for part in sources(self._peek(node.node)))
        return ()

    # Facts.

    def keys(self, node: nodes.Node | None) -> Facts:
        """The identities of the values of a path, and of the values that it is below."""
        return frozenset(
            part.key[: length + 1]
            for part in sources(self._peek(node))
            if part.guards[-1] != "default" and not part.open
            for length in range(len(part.key))
        )

    def proven(self, test: nodes.Node, truth: bool) -> Facts:
        """The facts that hold where a test has an outcome."""
        return proven(test, truth, self.keys)

    @contextmanager
    def own_facts(self) -> Iterator[None]:
        """Forget at the end what is proven inside."""
        before = self.facts
        try:
            yield
        finally:
            self.facts = before

    def add_facts(self, facts: Facts) -> None:
        """From here on these hold, too."""
        self.facts |= facts

    def given(self, test: nodes.Node, truth: bool, then: Callable[[], object]) -> None:
        """Do something where a test has an outcome."""
        before = self.facts
        self.facts = before | proven(test, truth, self.keys)
        then()
        self.facts = before

    def branch(self, facts: Facts, walk: Callable[[], object]) -> Branch:
        """Walk a branch that may not run. Changes nothing; returns the state at its end."""
        bindings, outside = self.frame.bindings, self.facts
        self.frame.bindings, self.facts = dict(bindings), outside | facts
        walk()
        end = self.frame.bindings, self.facts
        self.frame.bindings, self.facts = bindings, outside
        return end


class FactCollector:
    """The facts found so far; most are collected only where they are first met."""

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.references: list[TemplateReference] = []
        self.definitions: list[Definition] = []
        self.conditions: list[Condition] = []
        self.filters: list[Word] = []
        self.tests: list[Word] = []
        self.calls: list[Call] = []
        self.private: list[Word] = []
        self.problems: list[Problem] = []
        self._met: set[tuple[str, str, int]] = set()

    def is_first(self, kind: str, site: TemplateSpan) -> bool:
        """Whether a kind of fact is met here for the first time."""
        key = (kind, site.text.path, site.start)
        if key in self._met:
            return False
        self._met.add(key)
        return True

    def problem(
        self, code: str, message: str, site: TemplateSpan, stack: Stack, hint: str | None = None
    ) -> None:
        """Collect a problem, once for each code and place."""
        if self.is_first(code, site):
            related = tuple(Related(way.place, "reached from here") for way in stack)
            self.problems.append(
                Problem(message, at=site.place, hint=hint, code=code, related=related)
            )

    def facts(self) -> TemplateFacts:
        """All of them."""
        return TemplateFacts(
            uses=tuple(self.uses),
            references=tuple(self.references),
            definitions=tuple(self.definitions),
            conditions=tuple(self.conditions),
            filters=tuple(self.filters),
            tests=tuple(self.tests),
            calls=tuple(self.calls),
            private=tuple(self.private),
            problems=tuple(self.problems),
        )


def constant_step(node: nodes.Expression) -> Step | None:
    """The key or index of a subscript; None if it is not a constant."""
    if isinstance(node, nodes.Neg) and isinstance(node.node, nodes.Const):
        step = node.node.value
        return -step if type(step) is int else None
    value = node.value if isinstance(node, nodes.Const) else None
    is_step = isinstance(value, (int, str)) and not isinstance(value, bool)
    return value if is_step else None
