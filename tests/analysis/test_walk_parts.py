"""The parts of the walk over a template, each by itself: state, limits, paths."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.analysis.expressions import PathReader
from promptops.analysis.template_walk import MAX_WORK, EnteredBodies
from promptops.analysis.uses import TemplateSpan
from promptops.analysis.values import KNOWN, NOTHING, Context, Here, NameScope, Value, ValueSource
from promptops.analysis.walk_state import OUTPUT, FactCollector, How, Position
from promptops.model.place import plain_text
from promptops.runtime.template import nodes
from promptops.runtime.template.template import parse


class Leaves:
    """A visitor that walks no further."""

    def read(self, node: nodes.Node, how: How) -> None: ...

    def take(self, node: nodes.Node, how: How) -> Value:
        return KNOWN

    def body(self, statements: Iterable[nodes.Node]) -> None: ...


def position(source: str) -> Position:
    text = plain_text("main", source)
    template = parse(source)
    here = Here(text, template, Context({}, isolated=False), (), ())
    return Position(here, NameScope(template.tree, None))


def expression(at: Position) -> nodes.Expression:
    return next(at.here.template.tree.find_all(nodes.Output)).nodes[0]


def test_facts_hold_only_where_the_condition_does() -> None:
    at = position("{{ user is defined and user.name }}")
    test = expression(at).left
    known = frozenset({("user",)})

    inside = []
    at.given(test, True, lambda: inside.append(at.facts))
    with at.own_facts():
        at.add_facts(at.proven(test, True))
        inside.append(at.facts)

    assert inside == [known, known]
    assert (at.facts, at.proven(test, False)) == (NOTHING, NOTHING)


def test_a_branch_changes_no_name_outside() -> None:
    at = position("")
    value: Value = (ValueSource("x", ("x",)),)

    bindings, facts = at.branch(NOTHING, lambda: at.frame.bindings.update(name=value))

    assert (bindings, facts, at.frame.bindings) == ({"name": value}, NOTHING, {})


def test_a_body_is_always_entered_once_and_again_only_within_the_limit() -> None:
    entered = EnteredBodies()

    few = [entered.may_enter(1, 1), entered.may_enter(1, 1)]
    many = [entered.may_enter(2, MAX_WORK), entered.may_enter(2, 1), entered.may_enter(3, 1)]

    assert (few, many) == ([True, True], [True, False, True])


def test_a_path_is_one_use_with_the_place_of_each_step() -> None:
    at, found = position("{{ user.name }}"), FactCollector()
    paths = PathReader(Leaves(), at, found)

    node = expression(at)
    paths.readers[type(node)](node, OUTPUT)

    [use] = found.uses
    text = at.here.text
    assert (use.name, use.path, use.role) == ("user", ("name",), "output")
    assert (use.site, use.path_sites) == (TemplateSpan(text, 3, 7), (TemplateSpan(text, 8, 12),))
