"""Which templates are the same but for how they are written, and which are not."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.diff.requests import Sameness, compare_templates
from promptops.model.place import Text, plain_text
from promptops.runtime.template.data import json_copy
from promptops.runtime.template.text_rendering import Load, Run, TemplateFailure, render_text
from tests.tiers import examples

Files = Mapping[str, str]

ALONE: list[tuple[str, str, Sameness]] = [
    ("", "", "equal"),
    ("Hi {{ name }}.", "Hi {{ name }}.", "equal"),
    ("{% if %}", "{% if %}", "equal"),
    ("Hi.", "Hi.\n\n", "form"),
    ("Hi.\n", "Hi. \n", "different"),
    ("Hi.", "\nHi.", "different"),
    ("Hi there.", "Hi  there.", "different"),
    ("{{ name }}", "{{name}}", "form"),
    ("{{ name }}", "{{ nane }}", "different"),
    ("{{ a }}{{ b }}", "{{ b }}{{ a }}", "different"),
    ("{{ a if b else c }}", "{{\n  a if b\n  else c\n}}", "form"),
    ("{% if a %}x{% endif %}", "{%if a%}x{%endif%}", "form"),
    ("{% if a %}x{% endif %}", "{% if a %}x{% else %}{% endif %}", "form"),
    ("{% if a %}x{% endif %}", "{% if not a %}x{% endif %}", "different"),
    ("{{ 'it' }}", '{{ "it" }}', "form"),
    ("{{ 'it' }}", "{{ ('it') }}", "form"),
    ("{{ 'it' }}", "{{ 'i' 't' }}", "form"),
    ("{{ 'it' }}", "{{ it }}", "different"),
    ("{{ 'it' }}", "it", "different"),
    ("{{ 1 }}", "{{ 1.0 }}", "different"),
    ("{{ 1 }}", "{{ true }}", "different"),
    ("{{ 1 }}", "{{ '1' }}", "different"),
    ("{{ 1000 }}", "{{ 1_000 }}", "form"),
    ("{{ None }}", "{{ none }}", "form"),
    ("{{ a + b * c }}", "{{ a + (b * c) }}", "form"),
    ("{{ a + b * c }}", "{{ (a + b) * c }}", "different"),
    ("{{ a|d('x') }}", "{{ a | d( 'x' ) }}", "form"),
    ("{{ a|d('x') }}", "{{ a|default('x') }}", "different"),
    ("{{ [a, b] }}", "{{ (a, b) }}", "different"),
    ("{{ [[a], b] }}", "{{ [[a, b]] }}", "different"),
    ("{{ m(a, b=c) }}", "{{ m(a, c=b) }}", "different"),
    ("ab", "a{# why #}b", "form"),
    ("{# one #}ab", "{# two #}ab", "form"),
    ("a\nb", "a{# eats the line's end #}\nb", "different"),
    ("a\nb", "a\n{# its own line #}\nb", "form"),
    ("a\nb", "a\n  {#- eats the line before -#}\nb", "different"),
    ("a {{ b }}", "a {{- b }}", "different"),
    ("a{{ b }}", "a{{- b -}}", "form"),
    ("a\n  {% if b %}\n  c{% endif %}", "a\n{% if b %}\n  c{% endif %}", "form"),
    ("a\n  {% if b %}\n  c{% endif %}", "a\n{% if b -%}\n  c{% endif %}", "different"),
    ("a\n  {% if b %}c{% endif %}", "a\n  {%+ if b %}c{% endif %}", "different"),
    ("{% if a %}\nb{% endif %}", "{% if a +%}\nb{% endif %}", "different"),
    ("a {b} c", "{% raw %}a {b} c{% endraw %}", "form"),
    ("{{ a }}", "{% raw %}{{ a }}{% endraw %}", "different"),
    ("{% set a = 1 %}\n", "{% set a = 1 %}", "form"),
    ("{% for a in b %}x{% endfor %}", "{% for a in b recursive %}x{% endfor %}", "different"),
    ("{% block a %}x{% endblock %}", "{% block a %}x{% endblock a %}", "form"),
    ("{% block a %}x{% endblock %}", "{% block b %}x{% endblock %}", "different"),
    ("{{ a", "{{  a", "different"),
    ("{{ a|nope }}", "{{ a | nope }}", "form"),
    ("a\r", "a\rb", "different"),
    ("{% include b %}", "{% include  b %}", "different"),
]

BEFORE = {
    "note.j2": "Be kind, {{ name }}.",
    "tail.j2": "Be kind.\n",
    "outer.j2": "[{% include './note.j2' %}]",
    "macros.j2": "{% macro m(a) %}<{{ a }}>{% endmacro %}",
    "base.j2": "A{% block b %}1{% endblock %}",
    "child.j2": "{% extends 'base.j2' %}{% block b %}2{% endblock %}",
    "loop.j2": "{{ a }}{% if a %}{% include 'loop.j2' %}{% endif %}",
    "broken.j2": "{% if %}",
    "here/note.j2": "Be kind, {{ name }}.",
}
AFTER = {
    "note.j2": "Be kind, {{name}}.{# why #}",
    "moved.j2": "Be kind, {{ name }}.",
    "harsh.j2": "Be harsh, {{ name }}.",
    "tail.j2": "Be kind.\n\n",
    "outer.j2": "[{% include './note.j2' %}]",
    "macros.j2": "{% macro m(a) %}<{{  a  }}>{% endmacro %}",
    "tools.j2": "{% macro m(a) %}<{{ a }}>{% endmacro %}",
    "loud.j2": "{% macro m(a) %}<{{ a }}!>{% endmacro %}",
    "base.j2": "A{% block b %}one{% endblock %}",
    "roof.j2": "A{%block b%}1{%endblock%}",
    "child.j2": "{% extends 'roof.j2' %}{% block b %}2{% endblock %}",
    "loop.j2": "{{a}}{% if a %}{% include 'loop.j2' %}{% endif %}",
    "ring.j2": "{{ a }}{% if a %}{% include 'ring.j2' %}{% endif %}",
    "broken.j2": "{% if %}",
    "wrong.j2": "{% if  %}",
}
COMPOSED: list[tuple[str, str, Sameness]] = [
    ("{% include 'note.j2' %}", "{% include 'note.j2' %}", "form"),
    ("{% include 'note.j2' %}", '{% include "note.j2" %}', "form"),
    ("{% include 'note.j2' %}", "{% include 'note.j2' with context %}", "form"),
    ("{% include 'note.j2' %}", "{% include 'note.j2' without context %}", "different"),
    ("{% include 'note.j2' %}", "{% include 'moved.j2' %}", "moved"),
    ("{% include 'note.j2' %}", "{% include ['gone.j2', 'moved.j2'] %}", "moved"),
    ("{% include 'note.j2' %}", "{% include 'harsh.j2' %}", "different"),
    ("{% include 'note.j2' %}", "{% include 'gone.j2' %}", "different"),
    ("{% include 'note.j2' %}", "Be kind, {{ name }}.", "different"),
    ("{% include 'here/note.j2' %}", "{% include 'here/note.j2' %}", "different"),
    ("{% include 'gone.j2' %}", "{% include 'gone.j2' %}", "equal"),
    ("{% include 'gone.j2' %}", "{% include 'lost.j2' %}", "different"),
    ("{% include 'x' ignore missing %}", "{% include  'x' ignore missing %}", "form"),
    ("{% include [] ignore missing %}", "{% include  [] ignore missing %}", "form"),
    ("{% include 'tail.j2' %}", "{% include 'tail.j2' %}", "different"),
    ("{% include 'outer.j2' %}", "{% include 'outer.j2' %}", "form"),
    ("{% include './note.j2' %}", "{% include './note.j2' %}", "form"),
    ("{% include 'broken.j2' %}", "{% include 'broken.j2' %}", "equal"),
    ("{% include 'broken.j2' %}", "{% include 'wrong.j2' %}", "different"),
    ("{% include 'loop.j2' %}", "{% include 'loop.j2' %}", "form"),
    ("{% include 'loop.j2' %}", "{% include 'ring.j2' %}", "moved"),
    (
        "{% import 'macros.j2' as x %}{{ x.m(1) }}",
        "{% import 'macros.j2' as x %}{{x.m(1)}}",
        "form",
    ),
    ("{% import 'macros.j2' as x %}", "{% import 'macros.j2' as y %}", "different"),
    ("{% import 'macros.j2' as x %}", "{% import 'tools.j2' as x %}", "moved"),
    ("{% from 'macros.j2' import m %}", "{% from 'tools.j2' import m %}", "moved"),
    ("{% from 'macros.j2' import m %}", "{% from 'loud.j2' import m %}", "different"),
    ("{% from 'macros.j2' import m %}", "{% from 'macros.j2' import m as n %}", "different"),
    ("{% extends 'base.j2' %}", "{% extends 'roof.j2' %}", "moved"),
    ("{% extends 'base.j2' %}", "{% extends 'base.j2' %}", "different"),
    ("{% extends 'child.j2' %}", "{% extends 'child.j2' %}", "moved"),
    ("{% extends 'base.j2' %}", "{% include 'roof.j2' %}", "different"),
]


@pytest.mark.parametrize(("before", "after", "sameness"), ALONE)
def test_a_template_is_the_same_while_only_its_form_changed(
    before: str, after: str, sameness: Sameness
) -> None:
    assert compared(before, after, {}, {}) == sameness
    assert compared(after, before, {}, {}) == sameness


@pytest.mark.parametrize(("before", "after", "sameness"), COMPOSED)
def test_what_a_template_reaches_is_compared_as_well(
    before: str, after: str, sameness: Sameness
) -> None:
    assert compared(before, after, BEFORE, AFTER) == sameness


def test_a_name_counts_from_the_file_that_holds_it() -> None:
    before = {"here/outer.j2": "{% include './note.j2' %}", "here/note.j2": "1"}
    after = {"there/outer.j2": "{% include './note.j2' %}", "there/note.j2": "1", "note.j2": "2"}
    includes = "{% include 'here/outer.j2' %}", "{% include 'there/outer.j2' %}"

    assert compared(*includes, before, after) == "moved"
    assert compared(*includes, before, {**after, "there/note.j2": "2"}) == "different"


def test_templates_that_reach_each_other_without_end_are_compared_once() -> None:
    ring = {f"{n}.j2": f"{n}{{% include '{(n + 1) % 9}.j2' %}}" * 9 for n in range(9)}
    other = {**ring, "8.j2": ring["8.j2"].replace("%}8", "%}eight")}

    assert compared("{% include '0.j2' %}", "{% include '0.j2' %}", ring, ring) == "equal"
    assert compared("{% include '0.j2' %}", "{% include '0.j2' %}", ring, other) == "different"


def test_templates_that_name_too_many_files_count_as_different() -> None:
    many = {f"{n}.j2": "x" for n in range(2_001)}
    source = "".join(f"{{% include '{name}' %}}" for name in many)

    assert compared(source, source, many, many) == "different"


def compared(before: str, after: str, files_before: Files, files_after: Files) -> Sameness:
    return compare_templates(
        plain_text("p.yaml", before),
        loads(files_before),
        plain_text("p.yaml", after),
        loads(files_after),
    )


def loads(files: Files) -> Load:
    """By a path from the root, or from the folder of the file that names it after `./`."""

    def load(path: str, name: str) -> Text | None:
        folder = path.rpartition("/")[0]
        if name.startswith("./"):
            name = f"{folder}/{name[2:]}".lstrip("/")
        return plain_text(name, files[name]) if name in files else None

    return load


INPUTS: tuple[dict[str, Any], ...] = (
    {"a": 1, "b": ["x", "y"], "c": "text\n"},
    {"a": 0, "b": [], "c": ""},
    {"a": "it's", "b": [[1], None], "c": True},
    {"b": "xyz", "c": 2.5},
)


class Writer:
    """Writes a random template twice, the second time in another form."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def body(self, depth: int) -> str:
        kinds = [self._text, self._text, self._print, self._set, self._comment, self._raw]
        if depth:
            kinds += [self._if, self._for, self._macro, self._captured, self._include] * 2
        return "".join(self._pick(kinds)(depth - 1) for _ in range(self._chance.randint(1, 4)))

    def _text(self, depth: int) -> str:
        return self._pick(["x", " ", "\n", "  \n", "a b", "\n\n", "- ", "{", "#", "\t"])

    def _comment(self, depth: int) -> str:
        return self._pick(["{# one #}", "{#- two #}", "{# three -#}", "{##}"])

    def _raw(self, depth: int) -> str:
        return self._pick(["{% raw %}x{% endraw %}", "{%- raw %}{{ a }}{% endraw -%}"])

    def _print(self, depth: int) -> str:
        left, right = self._pick(["{{", "{{", "{{-"]), self._pick(["}}", "}}", "-}}"])
        return f"{left} {self._expression(2)} {right}"

    def _tag(self, *words: str) -> str:
        left, right = self._pick(["{%", "{%", "{%-", "{%+"]), self._pick(["%}", "%}", "-%}", "+%}"])
        return f"{left} {' '.join(words)} {right}"

    def _set(self, depth: int) -> str:
        return self._tag("set", self._pick(["a", "d"]), "=", self._expression(1))

    def _if(self, depth: int) -> str:
        other = self._tag("else") + self.body(depth) if self._chance.random() < 0.5 else ""
        opening = self._tag("if", self._expression(1))
        return opening + self.body(depth) + other + self._tag("endif")

    def _for(self, depth: int) -> str:
        opening = self._tag("for", self._pick(["a", "e"]), "in", self._pick(["b", "[ 1, 2 ]"]))
        return opening + self.body(depth) + self._tag("endfor")

    def _macro(self, depth: int) -> str:
        macro = self._tag("macro m( a, e = 1 )") + self.body(depth) + self._tag("endmacro")
        return macro + "{{ m( 'p' ) }}"

    def _captured(self, depth: int) -> str:
        return self._tag("set made | upper") + self.body(depth) + self._tag("endset") + "{{ made }}"

    def _include(self, depth: int) -> str:
        return self._tag("include", self._pick(["'one.j2'", "'two.j2'", "'no' ignore missing"]))

    def _expression(self, depth: int) -> str:
        simple = ["a", "b", "c", "d", "1", "1.0", "'it'", "true", "''", "none", "[ a, 'x' ]"]
        if not depth or self._chance.random() < 0.5:
            return self._pick(simple)
        one, other = self._expression(depth - 1), self._expression(depth - 1)
        forms = ["({} ~ {})", "({} or {})", "({} == {})", "[ {}, {} ]", "({})|default( {} )"]
        return self._pick(forms).format(one, other)

    def rewritten(self, source: str) -> str:
        """A few edits; most of them change the form only, some of them more than that."""
        edits = [
            (" }}", "}}"), ("{{ ", "{{\n"), ("{% ", "{%\t"), (" %}", "%}"), ("'it'", '"it"'),
            ("{# one #}", "{# 1 #}"), ("{# one #}", ""), ("{##}", ""), ("-%}", "%}"), ("{%", "{%-"),
            ("%}\n", "%}"), ("\n{%", "\n  {%"), ("x", "{# #}x"), ("x", "{% raw %}x{% endraw %}"),
            ("{% raw %}x{% endraw %}", "x"), ("'one.j2'", "'1.j2'"), ("'two.j2'", "'2.j2'"),
            ("1.0", "1"), ("a", "b"), ("( ", "("), (", ", ","), ("+%}", "%}"), ("}}", "}}\n"),
            ("", "\n"), ("\n", ""), ("'two.j2'", "'one.j2'"), ("true", "True"), ("(a)", "a"),
        ]  # fmt: skip
        for _ in range(self._chance.randint(1, 3)):
            old, new = self._pick([edit for edit in edits if edit[0] in source])
            at = self._pick([i for i in range(len(source) + 1) if source.startswith(old, i)])
            source = source[:at] + new + source[at + len(old) :]
        return source

    def _pick(self, choices: list[Any]) -> Any:
        return self._chance.choice(choices)


@settings(
    max_examples=examples(600),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_templates_that_differ_in_form_render_the_same(seed: int) -> None:
    writer = Writer(random.Random(seed))
    source, one, two = writer.body(3), writer.body(1), writer.body(1)
    before = {"one.j2": one, "two.j2": two}
    after = {"one.j2": one, "two.j2": writer.rewritten(two), "1.j2": one, "2.j2": two}
    changed = writer.rewritten(source)

    sameness = compared(source, changed, before, after)

    if sameness != "different":
        for inputs in INPUTS:
            assert rendered(source, inputs, before) == rendered(changed, inputs, after)


def rendered(source: str, inputs: Mapping[str, Any], files: Files) -> str:
    try:
        text = render_text(plain_text("p.yaml", source), json_copy(inputs), Run(loads(files)))
    except TemplateFailure:
        return "it fails"
    return text.rstrip("\n")
