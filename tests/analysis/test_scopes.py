"""The walker is held against what Jinja itself does with StrictUndefined."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, StrictUndefined, Template, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from promptops.analysis.template_walk import walk, walk_expression
from promptops.analysis.uses import ITEM, TemplateFacts, Use
from promptops.model.place import Place, Text, plain_text
from tests.tiers import examples


class Truth(ImmutableSandboxedEnvironment):
    """Jinja itself, over files in memory; of what the caller passes, attributes are keys."""

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__(undefined=StrictUndefined, loader=DictLoader(files))
        self.globals = {"range": range, "namespace": Namespace}

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict | list | str | int):
            return self.getitem(obj, attribute)
        return super().getattr(obj, attribute)


def scope_of(source: str, files: Mapping[str, str] | None = None, **locals_: Any) -> TemplateFacts:
    known = files or {}

    def load(_path: str, target: str) -> Text | None:
        return plain_text(target, known[target]) if target in known else None

    return walk(plain_text("main", source), load, locals_=locals_)


def uses_of(source: str, files: Mapping[str, str] | None = None) -> tuple[Use, ...]:
    return scope_of(source, files).uses


def failure(template: Template, inputs: Mapping[str, Any]) -> str | None:
    """What Jinja says is undefined, or None where it renders."""
    try:
        template.render(copy.deepcopy(dict(inputs)))
    except UndefinedError as error:
        return str(error)
    return None


def missed_by_jinja(template: Template, inputs: Mapping[str, Any]) -> set[str]:
    """What rendering needs, as it is or where one other input is absent or another way is taken."""
    turned = {**inputs, "yes": inputs["no"], "no": inputs["yes"]}
    bases = [inputs, turned, *(without(inputs, path) for path in paths_in(inputs))]
    return {
        path
        for base in bases
        if failure(template, base) is None
        for path in paths_in(base)
        if f"'{path.rpartition('.')[2]}'" in (failure(template, without(base, path)) or "")
    }


def without(inputs: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The inputs but for what a path such as `user.name` or `rows.*.id` leads to.

    `*` is the first element: another one keeps what this one lacks.
    """
    rest = copy.deepcopy(dict(inputs))
    holder: Any = rest
    *way, last = path.split(".")
    for step in way:
        holder = holder[0] if step == "*" else holder[step]
    del holder[last]
    return rest


def paths_in(value: Any, prefix: str = "") -> list[str]:
    if isinstance(value, list) and value:
        return paths_in(value[0], f"{prefix}*.")
    if not isinstance(value, dict):
        return []
    below = [(f"{prefix}{key}", paths_in(item, f"{prefix}{key}.")) for key, item in value.items()]
    return [path for key, paths in below for path in (key, *paths)]


def name_in(failed: str) -> str:
    """The name or the attribute that a message of Jinja's ends with, or begins with."""
    found = re.findall(r"'(\w+)'", failed)
    return str(found[-1])


def required_words(uses: tuple[Use, ...]) -> set[str]:
    """The names and attributes that the walker says must be there, wherever they stand."""
    return {
        str(word)
        for use in uses
        for word, required in zip((use.name, *use.path), use.required, strict=True)
        if required
    }


def required_paths(scope: TemplateFacts) -> set[str]:
    """Of each use, the steps without which the walker says that rendering fails."""
    found = set()
    for use in scope.uses:
        steps = [use.name, *("*" if step is ITEM else str(step) for step in use.path)]
        for index, required in enumerate(use.required):
            if required and use.reached and use.origin in ("input", "branch"):
                found.add(".".join(steps[: index + 1]))
    return found


INPUTS: dict[str, Any] = {
    "x": "text",
    "y": "other",
    "yes": True,
    "no": False,
    "user": {"name": "Ann", "home": {"city": "Ulm"}},
    "rows": [
        {"id": 1, "tag": "a", "sub": [{"id": 2, "tag": "b", "sub": []}]},
        {"id": 3, "tag": "c", "sub": []},
    ],
    "pairs": [["k", "v"]],
    "names": ["a", "b"],
    "table": {"k": "v"},
}

# Template, and its files; the walker must name exactly what Jinja fails without.
SAME_AS_JINJA: list[tuple[str, dict[str, str]]] = [
    ("{{ x }}", {}),
    ("{{ x }}{{ x|upper|trim }}{{ y ~ '!' }}", {}),
    ("{% if x %}a{% endif %}", {}),
    ("{{ x|default('a') }}{{ y|d }}", {}),
    ("{{ x|upper|default('a') }}{{ y|default('b')|upper }}", {}),
    ("{{ user.name|default('a') }}{{ user.home.city }}", {}),
    ("{{ (user|default({})).name|default('a') }}", {}),
    ("{{ user['name'] }}{{ user['home']['city']|d('x') }}", {}),
    ("{{ x|default(y) }}", {}),
    ("{{ 1 if x is defined else 2 }}", {}),
    ("{{ x if x is defined else 'a' }}", {}),
    ("{{ 'a' if x is not defined else x }}", {}),
    ("{{ 'a' if x is undefined else x }}", {}),
    ("{% if x is defined %}{{ x }}{% endif %}{{ y }}", {}),
    ("{% if x is not defined %}a{% else %}{{ x }}{% endif %}", {}),
    ("{% if not (x is not defined) %}{{ x }}{% endif %}", {}),
    ("{% if x is defined and x == 'text' %}{{ x }}{% endif %}", {}),
    ("{% if x is not defined or x == 'text' %}a{% endif %}", {}),
    ("{% if x is not defined or y is not defined %}a{% else %}{{ x }}{{ y }}{% endif %}", {}),
    ("{% if user.home is defined %}{{ user.home.city }}{% endif %}", {}),
    ("{% if user is defined and user.home is defined %}{{ user.home.city }}{% endif %}", {}),
    ("{% if x is not defined %}b{% elif x == 'text' %}{{ x }}{% endif %}", {}),
    ("{% if x|default(false) %}{{ x }}{% endif %}", {}),
    ("{% if x|default('')|length %}{{ x }}{% endif %}", {}),
    ("{% if x|default('a') == 'text' %}{{ x }}{% endif %}", {}),
    ("{% if x|default('text') == 'text' %}{{ x }}{% endif %}", {}),
    ("{% if x|default('a') != 'text' %}{% else %}{{ x }}{% endif %}", {}),
    ("{% if x is string %}{{ x }}{% endif %}{{ y is none }}", {}),
    ("{{ x is upper }}", {}),
    ("{{ x == 1 }}{{ 1 in names }}{{ y in names }}", {}),
    ("{{ not yes }}{{ yes and x }}{{ no or y }}", {}),
    ("{% set x = 1 %}{{ x }}", {}),
    ("{{ x }}{% set x = 1 %}{{ x }}", {}),
    ("{% set x = x|default('a') %}{{ x }}", {}),
    ("{% set z = x %}", {}),
    ("{% set z = x %}{{ z }}", {}),
    ("{% set z = user %}{{ z.name }}", {}),
    ("{% set z = user.home %}{{ z.city|d('u') }}", {}),
    ("{% set z = x|upper %}a", {}),
    ("{% set a, b = x, y %}{{ a }}", {}),
    ("{% if yes %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", {}),
    ("{% if no %}{% set x = 1 %}{% endif %}{{ x }}", {}),
    ("{% if no %}{% set x = 1 %}{% elif no %}{% set x = 2 %}{% endif %}{{ x }}", {}),
    ("{% if x is not defined %}{% set x = 'b' %}{% endif %}{{ x }}", {}),
    ("{% set q %}{{ x }}{% endset %}{{ q }}", {}),
    ("{% set q | upper %}{% set x = 1 %}{{ x }}{% endset %}{{ x }}", {}),
    ("{% for n in names %}{% set x = n %}{{ x }}{% endfor %}{{ x }}", {}),
    ("{% for x in names %}{{ x }}{{ loop.index }}{% endfor %}{{ x }}", {}),
    ("{% for r in rows %}{{ r.id }}{% endfor %}", {}),
    (
        "{% for r in rows %}{{ r.id|d(1) }}"
        "{% if r.tag is defined %}{{ r.tag }}{% endif %}{% endfor %}",
        {},
    ),
    ("{% for r in rows if r.tag == 'a' %}{{ r.id }}{% endfor %}", {}),
    ("{% for r in rows if r.tag is defined %}{{ r.tag }}{% endfor %}", {}),
    ("{% for r in rows %}{% for s in rows %}{{ s.id }}{% endfor %}{% endfor %}", {}),
    (
        "{% for r in rows %}{% if r.id is defined %}"
        "{% for s in rows %}{{ s.id }}{% endfor %}{% endif %}{% endfor %}",
        {},
    ),
    ("{% for k, v in pairs %}{{ k }}{{ v }}{% endfor %}", {}),
    ("{% for k, v in table|items %}{{ k }}{{ v }}{% endfor %}", {}),
    ("{% for k, v in table|dictsort %}{{ k }}{% endfor %}", {}),
    ("{% for r in rows|default([]) %}{{ r.id }}{% else %}{{ x }}{% endfor %}", {}),
    ("{% for r in rows[:1] %}{{ r.id }}{% endfor %}", {}),
    ("{% for r in rows|sort(attribute='id')|reverse %}{{ r.tag }}{% endfor %}", {}),
    ("{{ rows|map(attribute='tag')|join }}{{ rows|sum('id') }}", {}),
    ("{{ rows|selectattr('tag', 'defined')|map(attribute='id', default=1)|join }}", {}),
    ("{% for r in rows|selectattr('id') %}{{ r.tag }}{% endfor %}", {}),
    ("{% for z in [x, y] %}{{ z }}{% endfor %}", {}),
    ("{% for r in rows recursive %}{{ r.id }}{{ loop(r.sub) }}{% endfor %}", {}),
    ("{% for i in range(2) %}{{ i }}{{ x }}{% endfor %}", {}),
    ("{{ (rows|first).id }}", {}),
    ("{% with z = x, x = 1 %}{{ x }}{{ z }}{% endwith %}", {}),
    ("{% with x = 1 %}{{ x }}{% endwith %}{{ x }}", {}),
    ("{% with z = user %}{{ z.name }}{% endwith %}", {}),
    ("{% filter upper %}{{ x }}{% set y = 1 %}{% endfilter %}{{ y }}", {}),
    ("{% set n = namespace(a=x) %}{% set n.a = 2 %}{{ n.a }}", {}),
    ("{% raw %}{{ x }}{% endraw %}{# {{ y }} #}", {}),
    ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x) }}", {}),
    ("{% macro m(a) %}{{ a|d('q') }}{{ y }}{% endmacro %}{{ m(x) }}", {}),
    ("{% macro m(a) %}{{ a.name }}{% endmacro %}{{ m(user) }}{{ m(a=user) }}", {}),
    ("{% macro m(a=x) %}{{ a }}{% endmacro %}{{ m() }}", {}),
    ("{% macro m(a=x) %}{{ a }}{% endmacro %}{{ m(1) }}", {}),
    ("{% macro m(a) %}{{ varargs|length }}{{ kwargs|length }}{% endmacro %}{{ m(1, 2, b=x) }}", {}),
    ("{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}", {}),
    ("{% macro m() %}{{ x }}{% endmacro %}", {}),
    (
        "{% macro m() %}{{ caller(x) }}{% endmacro %}{% call(u) m() %}{{ u }}{{ y }}{% endcall %}",
        {},
    ),
    ("{% macro m(n) %}{% if n %}{{ x }}{{ m(0) }}{% endif %}{% endmacro %}{{ m(1) }}", {}),
    ("{% include 'p' %}", {"p": "{{ x }}{% set y = 1 %}"}),
    ("{% include 'p' %}{{ y }}", {"p": "{{ x }}{% set y = 1 %}"}),
    ("{% set x = 1 %}{% include 'p' %}", {"p": "{{ x }}"}),
    ("{% if x is defined %}{% include 'p' %}{% endif %}", {"p": "{{ x }}"}),
    ("{% for x in names %}{% include 'p' %}{% endfor %}", {"p": "{{ x }}"}),
    (
        "{% for x in names %}{% include 'p' %}{{ loop.index }}{% endfor %}",
        {"p": "{{ loop.index }}"},
    ),
    (
        "{% for r in rows %}{% include 'p' %}{% endfor %}",
        {"p": "{% include 'q' %}", "q": "{{ r.id }}"},
    ),
    ("{% include 'no' ignore missing %}{{ x }}", {}),
    ("{% include ['no', 'p'] %}", {"p": "{{ x }}"}),
    ("{% from 'm' import f %}{{ f(x) }}", {"m": "{% macro f(a) %}{{ a }}{% endmacro %}"}),
    (
        "{% from 'm' import f as g with context %}{{ g() }}",
        {"m": "{% macro f() %}{{ x }}{% endmacro %}"},
    ),
    ("{% import 'm' as m %}{{ m.f(user) }}", {"m": "{% macro f(a) %}{{ a.name }}{% endmacro %}"}),
    ("{% import 'm' as m with context %}{{ m.z }}", {"m": "{% set z = x %}"}),
    ("{% from 'm' import x %}{{ x }}", {"m": "{% set x = 1 %}"}),
    (
        "{% extends 'b' %}{{ y }}{% block c %}{{ x }}{% endblock %}",
        {"b": "{% block c %}{{ y }}{% endblock %}"},
    ),
    (
        "{% extends 'b' %}{% block c %}{{ super() }}{% endblock %}",
        {"b": "{% block c %}{{ y }}{% endblock %}{{ x }}"},
    ),
    ("{% extends 'b' %}{% set x = 1 %}", {"b": "{{ x }}{% block c %}{{ x }}{% endblock %}"}),
    ("{% extends 'b' %}{% block c %}{{ x }}{% endblock %}", {"b": "{{ y }}"}),
    ("{% for x in names %}{% block c %}{{ x }}{% endblock %}{% endfor %}", {}),
    ("{% for x in names %}{% block c scoped %}{{ x }}{% endblock %}{% endfor %}", {}),
    ("{% block c %}{{ x }}{% endblock %}{{ self.c() }}", {}),
    ("{{ loop }}", {}),
]


@pytest.mark.parametrize(("source", "files"), SAME_AS_JINJA)
def test_what_is_required_is_what_jinja_fails_without(source: str, files: dict[str, str]) -> None:
    inputs = {**INPUTS, "loop": "an input"}
    template = Truth(files).from_string(source)
    assert failure(template, inputs) is None
    missed = missed_by_jinja(template, inputs)

    required = required_paths(scope_of(source, files))

    assert {path for path in required if path in paths_in(inputs)} == missed


# What fails whatever is passed, and the name it fails for.
NEVER_THERE: list[tuple[str, dict[str, str], str, str]] = [
    ("{% for n in names %}{{ x }}{% endfor %}{% set x = 1 %}", {}, "x", "unset"),
    ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", {}, "a", "unset"),
    ("{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", {}, "caller", "unset"),
    ("{% from 'm' import f %}{{ f }}", {"m": ""}, "f", "unset"),
    ("{% import 'm' as m %}{{ m.f }}", {"m": ""}, "f", "unset"),
    (
        "{% from 'm' import f %}{{ f() }}",
        {"m": "{% macro f() %}{{ x }}{% endmacro %}"},
        "x",
        "isolated",
    ),
    ("{% import 'm' as m %}", {"m": "{{ x }}"}, "x", "isolated"),
    ("{% include 'm' without context %}", {"m": "{{ x }}"}, "x", "isolated"),
    (
        "{% include 'm' without context %}",
        {"m": "{% include 'k' %}", "k": "{{ x }}"},
        "x",
        "isolated",
    ),
    ("{% block c %}{{ super() }}{% endblock %}", {}, "super", "unset"),
    (
        "{% for x in names %}{% set z = x %}{% include 'p' %}{% endfor %}{{ z }}",
        {"p": "{{ z }}"},
        "z",
        "input",
    ),
]


@pytest.mark.parametrize(("source", "files", "name", "origin"), NEVER_THERE)
def test_what_no_input_can_give_is_told_apart(
    source: str, files: dict[str, str], name: str, origin: str
) -> None:
    assert failure(Truth(files).from_string(source), INPUTS)

    required = {(use.name, use.origin) for use in uses_of(source, files) if use.required[-1]}

    assert required - {("names", "input")} == {(name, origin)}


LEAVES = ["x", "y", "user.name", "user.home.city", "z", "r.id", "q"]
EXPRESSIONS = st.recursive(
    st.sampled_from([*LEAVES, "1", "''"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["upper", "default('a')", "d", "length"])).map("|".join),
        st.sampled_from(LEAVES).map("({} is defined)".format),
        st.sampled_from(LEAVES).map("({} is not defined)".format),
        st.tuples(inner, st.sampled_from([" and ", " or ", " ~ ", " == "]), inner).map(
            lambda parts: f"({''.join(parts)})"
        ),
        inner.map("(not {})".format),
        st.tuples(inner, inner, inner).map("({0[0]} if {0[1]} else {0[2]})".format),
    ),
    max_leaves=5,
)
TARGETS = st.sampled_from(["x", "z", "q"])


def _statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(EXPRESSIONS, inner).map("{{% if {0[0]} %}}{0[1]}{{% endif %}}".format),
        st.tuples(EXPRESSIONS, inner, inner).map(
            "{{% if {0[0]} %}}{0[1]}{{% else %}}{0[2]}{{% endif %}}".format
        ),
        st.tuples(EXPRESSIONS, inner, EXPRESSIONS, inner).map(
            "{{% if {0[0]} %}}{0[1]}{{% elif {0[2]} %}}{0[3]}{{% endif %}}".format
        ),
        inner.map("{{% for r in rows %}}{}{{% endfor %}}".format),
        st.tuples(TARGETS, EXPRESSIONS, inner, inner).map(
            "{{% for {0[0]} in [r, x] if {0[1]} %}}{0[2]}{{% else %}}{0[3]}{{% endfor %}}".format
        ),
        st.tuples(inner, TARGETS, EXPRESSIONS, inner).map(
            "{{% macro w(k, {0[1]}={0[2]}) %}}{0[0]}{{{{ caller(x) }}}}{{% endmacro %}}"
            "{{% call(y) w(q) %}}{0[3]}{{% endcall %}}".format
        ),
        inner.map("{{% from 'p' import m with context %}}{}".format),
        inner.map("{{% filter upper %}}{}{{% endfilter %}}".format),
        st.tuples(TARGETS, EXPRESSIONS, inner).map(
            "{{% with {0[0]} = {0[1]} %}}{0[2]}{{% endwith %}}".format
        ),
        inner.map("{{% set q %}}{}{{% endset %}}".format),
        st.tuples(TARGETS, inner, EXPRESSIONS).map(
            "{{% macro m({0[0]}) %}}{0[1]}{{% endmacro %}}{{{{ m({0[2]}) }}}}".format
        ),
        st.tuples(inner, st.booleans()).map(
            lambda parts: parts[0] + ("{% include 'p' %}" if parts[1] else "")
        ),
    )


TEMPLATES = st.recursive(
    st.one_of(
        EXPRESSIONS.map("{{{{ {} }}}}".format),
        st.tuples(TARGETS, EXPRESSIONS).map("{{% set {0[0]} = {0[1]} %}}".format),
    ),
    _statements,
    max_leaves=6,
)
NAMES = ("x", "y", "user", "rows", "z", "r", "q")


@settings(max_examples=examples(150), deadline=None, phases=[Phase.generate])
@given(source=TEMPLATES, partial=TEMPLATES, missing=st.sets(st.sampled_from(NAMES)))
def test_what_jinja_fails_for_is_always_among_what_is_required(
    source: str, partial: str, missing: set[str]
) -> None:
    files = {"p": re.sub(r"{% (include|from) 'p'.*?%}", "", partial)}
    known = {**INPUTS, "z": "zed", "r": {"id": 7}, "q": "cue"}
    inputs = {name: value for name, value in known.items() if name not in missing}
    try:
        failed = failure(Truth(files).from_string(source), inputs)
    except (TypeError, AttributeError):
        return  # Jinja tripped over something else, such as the length of a number

    assert failed is None or name_in(failed) in required_words(uses_of(source, files))


def shown(use: Use) -> tuple[Any, ...]:
    return use.name, use.path, use.site.source, use.guards, use.role, use.filters


def test_a_use_tells_its_path_its_guards_and_what_it_is_for() -> None:
    uses = uses_of(
        "{{ user . name | d('x') | upper }}{% if user['home'] %}{{ f(y) }}{% endif %}"
        "{% set z = x %}{{ z }}{% for r in rows %}{{ r.id }}{% endfor %}{{ user[y].z }}"
    )

    assert [shown(use) for use in uses] == [
        ("user", ("name",), "user", ("none", "default"), "filtered", ("d", "upper")),
        ("user", ("home",), "user", ("none", "none"), "test", ()),
        ("f", (), "f", ("none",), "other", ()),
        ("y", (), "y", ("none",), "argument", ()),
        ("x", (), "x", ("none",), "alias", ()),
        ("x", (), "z", ("none",), "output", ()),
        ("rows", (), "rows", ("none",), "loop", ()),
        ("rows", (ITEM, "id"), "r", ("defined", "defined", "none"), "output", ()),
        ("y", (), "y", ("none",), "other", ()),
        ("user", (), "user", ("none",), "output", ()),
    ]
    assert [use.open for use in uses] == [False] * 9 + [True]


@pytest.mark.parametrize(
    ("source", "name", "attributes"),
    [
        ("é {{user .  nmae}}", "user", ["nmae"]),
        ("{{ user['a b'][\"c\"] }}", "user", ["a b", "c"]),
        ("{{ user['\\x61'] }}", "user", ["'\\x61'"]),
        ("{{ (user.a).b.0 }}", "user", ["a", "b", "0"]),
        ("{{ rows[-1] }}", "rows", ["1"]),
        ("{{ rows|map(attribute='a.bc')|list }}", "rows", ["map", "a", "bc"]),
    ],
)
def test_names_and_attributes_have_exact_places(
    source: str, name: str, attributes: list[str]
) -> None:
    use = uses_of(source)[-1]

    assert (use.site.source, [site.source for site in use.path_sites]) == (name, attributes)


def test_a_place_is_that_of_the_file() -> None:
    (use,) = uses_of("one\ntwo {{ product }}")

    assert use.site.place == Place("main", 2, 8, 2, 15)


def test_a_use_in_a_partial_names_the_tags_on_the_way() -> None:
    files = {"p": "{% from 'm' import f %}{{ f(1) }}", "m": "{% macro f(a) %}{{ x }}{% endmacro %}"}

    (use,) = uses_of("{% include 'p' %}", files)

    assert [(site.text.path, site.source) for site in use.stack] == [("main", "'p'"), ("p", "f")]
    assert (use.site.text.path, use.origin) == ("m", "isolated")


def test_an_alias_names_where_its_value_was_taken() -> None:
    use = uses_of("{% set z = user.home %}{% with w = z %}{{ w.city }}{% endwith %}")[-1]

    assert [site.source for site in use.aliases] == ["user", "z"]
    assert shown(use)[:3] == ("user", ("home", "city"), "w")


def test_what_nothing_calls_or_renders_is_walked_once_and_marked() -> None:
    files = {"b": "{{ y }}"}
    scope = scope_of(
        "{% extends 'b' %}{% block c %}{{ x }}{{ super() }}{% endblock %}"
        "{% macro m(a) %}{{ a.z }}{{ q }}{{ caller() }}{% endmacro %}",
        files,
    )

    assert [(use.name, use.reached) for use in scope.uses] == [
        ("y", True),
        ("x", False),
        ("super", False),
        ("q", False),
    ]


def test_the_arguments_of_a_call_of_a_block_are_read() -> None:
    scope = scope_of(
        "{% extends 'b' %}{% block c %}{{ super(foo) }}{{ self.c(bar) }}{% endblock %}",
        {"b": "{% block c %}{% endblock %}"},
    )

    assert {use.name for use in scope.uses} >= {"foo", "bar"}


def test_references_tell_their_kind_and_whether_they_are_constant() -> None:
    scope = scope_of(
        "{% include 'a' ignore missing %}{% import \"b\" as b %}{% from 'c' import d %}"
        "{% include x ~ 'y' %}{% include ['e', 'f'] %}",
        {"b": "", "c": "{% macro d() %}{% endmacro %}", "f": ""},
    )

    assert [(ref.kind, ref.target, ref.site.source) for ref in scope.references] == [
        ("include", "a", "a"),
        ("import", "b", "b"),
        ("from", "c", "c"),
        ("include", None, "x ~ 'y'"),
        ("include", "e", "e"),
        ("include", "f", "f"),
    ]
    assert [ref.ignore_missing for ref in scope.references] == [True] + [False] * 5
    assert scope.problems == ()


def test_definitions_tell_what_may_hide_an_input() -> None:
    scope = scope_of(
        "{% set a = a|d(1) %}{% set b, c = 1, 2 %}{% set d %}{% endset %}"
        "{% for e in f %}{% endfor %}{% with g = 1 %}{% endwith %}"
        "{% macro h(i) %}{% endmacro %}{% import 'm' as j %}{% from 'm' import k as l, n %}",
        {"m": ""},
    )

    found = [(define.kind, define.name, define.site.source) for define in scope.definitions]
    assert found == [
        ("set", "a", "a"),
        ("set", "b", "b"),
        ("set", "c", "c"),
        ("set", "d", "d"),
        ("for", "e", "e"),
        ("with", "g", "g"),
        ("macro", "h", "h"),
        ("import", "j", "j"),
        ("import", "l", "l"),
        ("import", "n", "n"),
        ("argument", "i", "i"),
    ]
    assert [define.name for define in scope.definitions if define.from_itself] == ["a"]


def test_conditions_tell_their_text_their_branch_and_what_repeats() -> None:
    scope = scope_of(
        "{% if  a == 1 %}A{% for i in r %}{% else %}{% endfor %}{% elif b %}B"
        "{% elif a  == 1 %}{% if c %}C{% endif %}{% endif %}{{ 1 if (x or y) }}"
        "{% for i in r if i.z %}{% endfor %}{% if true and not 0 %}{% else %}D{% endif %}"
    )

    found = [
        (
            condition.kind,
            condition.text,
            condition.branch and condition.branch.source,
            condition.constant,
            condition.complete,
            condition.repeats and condition.repeats.source,
        )
        for condition in scope.conditions
    ]
    assert found == [
        ("if", "a == 1", "A{% for i in r %}{% else %}{% endfor %}", None, True, None),
        ("elif", "b", "B", None, True, None),
        ("elif", "a == 1", "{% if c %}C{% endif %}", None, False, "a == 1"),
        ("if", "c", "C", None, False, None),
        ("inline", "x or y", None, None, False, None),
        ("filter", "i.z", None, None, False, None),
        ("if", "true and not 0", "", True, True, None),
    ]


@pytest.mark.parametrize(
    "test",
    ["a == 1", "a not in b", "1 < a <= b.c", "a or b == 'c'", "a in [1, 2]", "not (a < b)"],
)
def test_a_comparison_ends_with_its_last_operand(test: str) -> None:
    scope = scope_of(f"{{{{ 1 if {test} else 2 }}}}{{% for i in x if {test} %}}{{% endfor %}}")

    assert [condition.site.source for condition in scope.conditions] == [test, test]


@pytest.mark.parametrize(
    ("test", "constant"),
    [
        ("1 == 1", True),
        ("'a' != 'a'", False),
        ("x and false", False),
        ("x or 'a'", True),
        ("x or 0", None),
        ("1 and 2", True),
        ("[]", False),
        ("not x", None),
        ("1 < 2", None),
        ("10**10**10 == 1", None),
    ],
)
def test_a_condition_is_constant_only_by_its_literals(test: str, constant: bool | None) -> None:
    scope = scope_of(f"{{% if {test} %}}{{% endif %}}")

    assert [condition.constant for condition in scope.conditions] == [constant]


def test_filters_tests_calls_and_private_attributes_have_their_places() -> None:
    scope = scope_of(
        "{{ x|upper|e }}{{ x is not divisibleby 3 }}{{ x.items() }}{{ range(9) }}{{ x._a }}"
        "{{ x['__b'] }}{% filter trim|lower %}{% endfilter %}{% set q | title %}{% endset %}"
        "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}"
        "{% for i in range(2) %}{{ loop.cycle(1) }}{% endfor %}{% set n = namespace(a=1) %}"
    )

    assert [(word.name, word.site.source) for word in scope.filters] == [
        ("e", "e"),
        ("upper", "upper"),
        ("lower", "lower"),
        ("trim", "trim"),
        ("title", "title"),
    ]
    assert [(word.name, word.site.source) for word in scope.tests] == [
        ("divisibleby", "divisibleby")
    ]
    assert [(call.kind, call.callee, call.site.source) for call in scope.calls] == [
        ("value", "x.items", "items"),
        ("range", "range", "range"),
        ("macro", "m", "m"),
        ("macro", "caller", "caller"),
        ("range", "range", "range"),
        ("loop", "loop.cycle", "cycle"),
        ("namespace", "namespace", "namespace"),
    ]
    assert [word.name for word in scope.private] == ["_a", "__b"]


def problems_of(source: str, files: Mapping[str, str] | None = None) -> list[tuple[str, str, str]]:
    return [(p.code, p.message, str(p.at)) for p in scope_of(source, files).problems]


def test_a_template_that_does_not_parse_is_a_problem_at_its_place() -> None:
    ((code, _, at),) = problems_of("{% include 'p' %}", {"p": "a\n{{ b c }}"})

    assert (code, at) == ("TPL001", "p:2:6")
    assert problems_of("{{")[0][0] == "TPL001"


def test_a_missing_template_is_a_problem_unless_it_may_be_missing() -> None:
    source = "{% include 'no' ignore missing %}{% include 'no' %}{% extends ['no', 'nor'] %}"

    assert problems_of(source) == [
        ("TPL003", "there is no template `no`", "main:1:46"),
        ("TPL003", "there is no template `no` or `nor`", "main:1:63"),
    ]


def test_a_cycle_is_a_problem_printed_as_a_path() -> None:
    files = {"a": "{% include 'b' %}", "b": "{{ x }}{% import 'a' as a with context %}"}

    scope = scope_of("{% include 'a' %}", files)

    (problem,) = scope.problems
    assert (problem.code, problem.message, str(problem.at)) == (
        "REP002",
        "`a` includes itself: a -> b -> a",
        "b:1:18",
    )
    assert [str(related.place) for related in problem.related] == ["main:1:12", "a:1:12"]
    assert list(scope.names()) == ["x"]


def test_nine_templates_that_include_one_another_are_too_deep() -> None:
    files = {f"p{n}": f"{{% include 'p{n + 1}' %}}" for n in range(1, 9)} | {"p9": "{{ x }}"}

    (problem,) = scope_of("{% include 'p1' %}", files).problems

    assert (problem.code, str(problem.at)) == ("TPL005", "p8:1:12")
    assert scope_of("{% include 'p2' %}", files).problems == ()


def test_work_is_bounded_however_often_things_reach_one_another() -> None:
    macros = "{% macro m0() %}{{ x }}{% endmacro %}" + "".join(
        f"{{% macro m{n}() %}}{f'{{{{ m{n - 1}() }}}}' * 30}{{% endmacro %}}" for n in range(1, 12)
    )
    files = {f"p{n}": f"{{% include 'p{n + 1}' %}}" * 30 for n in range(1, 7)} | {"p7": "{{ y }}"}

    scope = scope_of(macros + "{{ m11() }}{% include 'p1' %}", files)

    assert set(scope.names()) == {"x", "y"}
    assert len(scope.uses) < 100_000


@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}" * 90 + "{{ x }}" + "{% endif %}" * 90,
        "{% for a in b %}" * 90 + "{{ x }}" + "{% endfor %}" * 90,
        "{{ " + "not " * 150 + "x }}",
        "{% set a = a.b %}" * 2000 + "{{ a is defined }}",
        "{% if a0 is not defined %}"
        + "".join(f"{{% elif a{n} is not defined %}}" for n in range(1500))
        + "{% endif %}",
        "{% macro m(a) %}{{ m(a.b) }}{% endmacro %}{{ m(x) }}",
        "{{ [].x.y }}{{ 'a'.b }}{{ {}['a'] }}{{ x[1:2] }}{{ ''.join(x) }}{{ self.no() }}",
        "{% set loop = 1 %}{% set caller = 2 %}{{ super() }}{{ caller() }}{{ loop() }}",
        "{% call x() %}{{ y }}{% endcall %}{% extends x %}{% block a %}{% endblock %}",
    ],
)
def test_no_template_makes_the_walk_fail(source: str) -> None:
    assert isinstance(scope_of(source), TemplateFacts)


def test_templates_that_nest_too_deep_together_are_a_problem() -> None:
    nested = "{% for a in b %}" * 90 + "{% include 'PART' %}" + "{% endfor %}" * 90
    files = {f"p{n}": nested.replace("PART", f"p{n + 1}") for n in range(1, 8)} | {"p8": "{{ x }}"}

    found = problems_of("{% include 'p1' %}", files)

    # Where the stack ends depends on who calls.
    assert [problem[:2] for problem in found] == [("TPL005", "the template is nested too deep")]


def test_a_method_that_is_called_is_a_read_of_the_value_it_is_asked_of() -> None:
    assert [shown(use)[:2] for use in uses_of("{{ user.home.strip() }}")] == [("user", ("home",))]


def test_a_local_of_the_prompt_stands_for_the_input_it_is_a_part_of() -> None:
    scope = scope_of("{{ example.question }}", None, example=("examples", (ITEM,)))

    assert [(use.name, use.path) for use in scope.uses] == [("examples", (ITEM, "question"))]


def test_a_when_is_walked_as_a_test() -> None:
    text = plain_text("main", "tone is defined and turn.kind == 'a'")

    scope = walk_expression(text, locals_={"turn": ("turns", (ITEM,))})

    assert [(use.name, use.path, use.role, use.guard) for use in scope.uses] == [
        ("tone", (), "guard", "defined"),
        ("turns", (ITEM, "kind"), "test", "none"),
    ]
    assert [(condition.kind, condition.text) for condition in scope.conditions] == [
        ("when", "tone is defined and turn.kind == 'a'")
    ]


def test_a_when_that_does_not_parse_is_a_problem() -> None:
    (problem,) = walk_expression(plain_text("main", "tone is")).problems

    assert problem.code == "TPL001"
