"""Which ways through a prompt's templates are counted, and which of them are taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptops.analysis.coverage import coverage
from promptops.analysis.template_walk import walk
from promptops.model.place import Place, Text, plain_text
from promptops.model.prompt import ForEach, Message, Prompt, TextPart
from promptops.runtime.request.render import Renderer

PARTIALS = {
    "p.j2": plain_text("p.j2", "{% if a %}x{% endif %}"),
    "m.j2": plain_text("m.j2", "{% macro f() %}{% if a %}{% endif %}{% endmacro %}"),
    "broken.j2": plain_text("broken.j2", "{% if %}"),
}


def load(_origin: str, name: str) -> Text | None:
    return PARTIALS.get(name)


def prompt(source: str, when: str | None = None) -> Prompt:
    part = TextPart(text=plain_text("ask.j2", source), at="/messages/0/content")
    condition = plain_text("when", when) if when is not None else None
    message = Message(role="user", parts=(part,), at="/messages/0", when=condition)
    each = ForEach(source="xs", name="x", messages=(replace(message, when=None),), at="/messages/1")
    return Prompt(
        id="ask",
        path="ask.j2",
        locate=lambda _pointer, _key: Place("ask.j2"),
        messages=(message, each),
    )


def ways(source: str, when: str | None = None) -> list[str]:
    found = coverage(prompt(source, when), load, ())
    return [f"{way.tag} {way.direction} {way.site.source}" for way in found.ways]


def test_every_tag_has_its_ways_and_each_text_counts_once() -> None:
    source = (
        "{% if a == 1 %}{% elif b %}{% else %}{% endif %}"
        "{% for x in xs %}{% endfor %}{% include 'p.j2' %}{% include 'p.j2' %}"
    )

    assert ways(source, "a is defined") == [
        "when holds a is defined",
        "when fails a is defined",
        "if then a == 1",
        "elif then b",
        "if else a == 1",
        "for taken xs",
        "for empty xs",
        "include included 'p.j2'",
        "include included 'p.j2'",
        "if then a",
        "if else a",
    ]


def test_what_literals_decide_and_macros_that_nothing_calls_have_no_ways() -> None:
    assert ways("{% if false %}{% if a %}{% endif %}{% endif %}", "true") == []
    assert ways("{% if a %}{% elif true %}{% endif %}") == ["if then a"]
    assert ways("{% import 'm.j2' as m %}") == []
    assert ways("{% import 'm.j2' as m %}{{ m.f() }}") == ["if then a", "if else a"]
    assert ways("{% import 'm.j2' as m %}{% call m.f() %}{% endcall %}") == [
        "if then a",
        "if else a",
    ]


def test_templates_that_are_missing_or_broken_have_no_ways() -> None:
    assert ways("{% include 'none.j2' %}{% include 'broken.j2' %}") == [
        "include included 'none.j2'",
        "include included 'broken.j2'",
    ]
    assert ways("plain") == []


def test_the_else_of_a_tag_is_its_own_and_no_other_ones() -> None:
    source = (
        "{% if a %}{% for x in xs %}{% else %}{% endfor %}{% endif %}"
        "{% if b %}{% else %}{% endif %}"
    )

    found = coverage(prompt(source), load, ()).ways

    assert [(way.site.source, way.otherwise and way.otherwise.start) for way in found] == [
        ("a", None),
        ("a", None),
        ("xs", None),
        ("xs", 30),
        ("b", None),
        ("b", 73),
    ]


def test_what_a_rendering_takes_is_covered_and_its_tag_reached() -> None:
    asking = prompt("{% if a %}{% include 'p.j2' %}{% endif %}{% for x in xs %}{% endfor %}")
    open_prompt = Prompt(
        id="ask",
        path="ask.j2",
        locate=asking.locate,
        messages=asking.messages[:1],
        inputs={"type": "object"},
    )

    traced = Renderer(open_prompt, load).trace({"a": False, "xs": [1]})
    found = coverage(open_prompt, load, traced.branches)

    assert [(way.direction, way.covered, way.reached) for way in found.ways] == [
        ("then", False, True),
        ("else", True, True),
        ("included", False, False),
        ("taken", True, True),
        ("empty", False, True),
        ("then", False, False),
        ("else", False, False),
    ]
    assert (found.covered, found.total) == (2, 7)


def test_a_loop_that_always_has_an_item_has_one_way() -> None:
    source = "{% for x in xs %}{% endfor %}"
    uses = walk(plain_text("ask.j2", source), load).uses

    found = coverage(prompt(source), load, (), [use for use in uses if use.role == "loop"])

    assert [way.direction for way in found.ways] == ["taken"]


@pytest.mark.parametrize(
    ("source", "empty_counts"),
    [
        ("{% if xs %}{% for x in xs %}{{ x }}{% endfor %}{% endif %}", False),
        ("{% if xs and y %}{% for x in xs | sort %}{{ x }}{% endfor %}{% endif %}", False),
        ("{% if xs | length > 0 %}{% for x in xs %}{{ x }}{% endfor %}{% endif %}", False),
        ("{% if y.xs %}{% for x in y.xs %}{{ x }}{% endfor %}{% endif %}", False),
        ("{% if y %}{% for x in xs %}{{ x }}{% endfor %}{% endif %}", True),
        ("{% if xs or y %}{% for x in xs %}{{ x }}{% endfor %}{% endif %}", True),
        ("{% if not xs %}{% for x in xs %}{{ x }}{% endfor %}{% endif %}", True),
        ("{% if xs %}{% endif %}{% for x in xs %}{{ x }}{% endfor %}", True),
        ("{% if xs %}{% for x in xs if x %}{{ x }}{% endfor %}{% endif %}", True),
        ("{% if xs %}{% for x in xs | select %}{{ x }}{% endfor %}{% endif %}", True),
    ],
)
def test_a_loop_that_an_if_around_it_fills_is_never_empty(source, empty_counts):
    text = plain_text("prompts/a.j2", source)
    message = Message(role="user", at="/messages/0", parts=(TextPart(text=text, at="/m"),))
    prompt = Prompt(id="a", path="a", locate=lambda *_: text.place(0), messages=(message,))

    found = coverage(prompt, lambda _origin, _name: None, ())

    assert [way.direction for way in found.ways if way.tag == "for"] == (
        ["taken", "empty"] if empty_counts else ["taken"]
    )
