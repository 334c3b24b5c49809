"""A branch that is called impossible is never taken by inputs that the schema accepts."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.analysis.coverage import coverage, never_empty, uses_of
from promptops.analysis.input_schemas import InputSchemas
from promptops.catalog.catalog import Catalog
from promptops.commands.cases.search import branch_keys
from promptops.lint.examples import MemoryTree
from promptops.lint.possible_outcomes import PossibleOutcomes
from promptops.lint.subject import PromptFacts
from promptops.model.config import Config
from promptops.runtime.request.render import Renderer, RenderError
from tests.tiers import examples

PATH = "prompts/ask.prompt.yaml"

# The values that each input is given in turn: every type, and what conditions compare with.
VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, -1, 1.0, 1.5, "", "x", "y", "1"),
    *([], ["x"], ["y", "x"], [1], [0], [None], [[]], [{"k": "x"}], [{}]),
    *({}, {"k": "x"}, {"k": ""}, {"k": 1}, {"k": None}, {"k": []}, {"k": ["x"]}, {"x": 1}),
]
CONSTANTS = ["none", "true", "false", "0", "1", "2", "1.0", "1.5", "''", "'x'", "'y'", "'1'"]
TESTS = [
    *("none", "string", "number", "boolean", "mapping", "sequence", "iterable"),
    *("defined", "undefined", "integer", "float", "true", "false", "sameas 1", "eq 1", "in [1]"),
]
SMALL = st.sampled_from([-1, 0, 1, 1.0, 1.5, 2])
COUNTS = st.integers(0, 2)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    some = st.lists(inner, min_size=1, max_size=3)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(st.sampled_from(VALUES), min_size=1, max_size=3),
        "const": st.sampled_from(VALUES),
        "default": st.sampled_from(VALUES),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), SMALL),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), COUNTS),
        "items": inner,
        "prefixItems": some,
        "properties": st.fixed_dictionaries({}, optional={"k": inner}),
        "required": st.just(["k"]),
        "additionalProperties": st.booleans() | inner,
        **dict.fromkeys(("anyOf", "oneOf", "allOf"), some),
        "not": inner,
        "$ref": st.just("#/$defs/r"),
    }
    return st.dictionaries(st.sampled_from(sorted(optional)), st.none(), max_size=3).flatmap(
        lambda keys: st.fixed_dictionaries({key: optional[key] for key in keys})
    )


SCHEMAS = st.recursive(_schemas(st.booleans()), _schemas, max_leaves=3)
NAMES = st.sampled_from(["a", "a", "a", "a.k", "a['k']", "a[0]", "a[1]", "b", "x", "x.k", "y"])
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
CONSTANT = st.sampled_from(CONSTANTS)
LISTS = st.lists(CONSTANT, min_size=1, max_size=3).map(lambda each: f"[{', '.join(each)}]")
ATOMS = st.one_of(
    NAMES,
    st.builds("{} is {}".format, NAMES, st.sampled_from(TESTS)),
    st.builds("{} is not {}".format, NAMES, st.sampled_from(TESTS)),
    st.builds("{} {} {}".format, NAMES, OPERATORS, CONSTANT),
    st.builds("{} {} {}".format, CONSTANT, OPERATORS, NAMES),
    st.builds("{} {} {}".format, NAMES, st.sampled_from(["in", "not in"]), LISTS),
    st.builds("{} {} {}".format, NAMES, OPERATORS, NAMES),
    st.builds("{} in {}".format, CONSTANT, NAMES),
    st.builds("{} | length > {}".format, NAMES, COUNTS),
    st.builds("{} | default({}) == {}".format, NAMES, CONSTANT, CONSTANT),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=3,
)
TEMPLATES = [
    "{{% if {0} %}}A{{% endif %}}",
    "{{% if {0} %}}A{{% elif {1} %}}B{{% else %}}C{{% endif %}}",
    "{{% if {0} %}}{{% if {1} %}}A{{% endif %}}{{% endif %}}",
    "{{% for x in a %}}{{% if {0} %}}A{{% elif {1} %}}B{{% endif %}}{{% else %}}C{{% endfor %}}",
    "{{% for x in a.k %}}{{% if {0} %}}A{{% endif %}}{{% endfor %}}",
    "{{% for x in a if {0} %}}A{{% endfor %}}",
    "{{% set y = a %}}{{% if {0} %}}A{{% endif %}}",
    "{{% if {1} %}}{{% set a = b %}}{{% endif %}}{{% if {0} %}}A{{% endif %}}",
    "{{% for a in b %}}{{% if {0} %}}A{{% endif %}}{{% endfor %}}",
    "{{% macro m(a) %}}{{% if {0} %}}A{{% endif %}}{{% endmacro %}}{{{{ m(b) }}}}",
    "{{% from 'm.j2' import m %}}{{{{ m(b) }}}}",
    "{{% include 'p.j2' %}}",
    "{{% set a = b %}}{{% include 'p.j2' %}}",
    "{{% for a in b %}}{{% include 'p.j2' %}}{{% endfor %}}",
]
PARTIALS = {
    "prompts/p.j2": TEMPLATES[0],
    "prompts/m.j2": f"{{{{% macro m(a) %}}}}{TEMPLATES[0]}{{{{% endmacro %}}}}",
}


def _files(
    template: str, when: bool, conditions: tuple[str, ...], schemas: dict[str, Any], required: Any
) -> dict[str, str]:
    prompt = {
        "format": "promptops/1",
        "description": "Decides.",
        "inputs": {
            "required": required,
            "properties": schemas,
            "$defs": {"r": {"type": ["string", "null"]}},
        },
        "messages": [
            {"role": "user", "content": template.format(*conditions)},
            {"role": "user", "content": "Go.", **({"when": conditions[2]} if when else {})},
        ],
    }
    partials = {path: text.format(*conditions) for path, text in PARTIALS.items()}
    return {PATH: json.dumps(prompt), **partials}


PROMPTS = st.builds(
    _files,
    st.sampled_from(TEMPLATES),
    st.booleans(),
    st.tuples(CONDITIONS, CONDITIONS, CONDITIONS),
    st.fixed_dictionaries({"a": SCHEMAS, "b": SCHEMAS}),
    st.sampled_from([[], ["a"], ["a", "b"]]),
)


def _refute(files: dict[str, str], b: Any) -> None:
    """Render a prompt with every value of `a`: only branches that are called possible are taken."""
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    catalog = Catalog(tree, Config())
    loaded = catalog.loaded(PATH)
    if loaded.prompt is None:
        return
    try:
        renderer = Renderer(loaded.prompt, catalog.load, catalog.files.data)
    except RenderError:
        return
    possible = PossibleOutcomes(PromptFacts(catalog, loaded, date.min))
    full = never_empty(uses_of(loaded.prompt, catalog.load), InputSchemas(loaded.prompt.inputs))
    ways = coverage(loaded.prompt, catalog.load, (), full).ways
    allowed = {way.key for way in ways if possible.lead_to(way)}
    every = {way.key for way in coverage(loaded.prompt, catalog.load, ()).ways}
    pairs = [each for a in VALUES for each in ({"a": a}, {"a": a, "b": b})]
    for inputs in ({}, {"b": b}, *pairs):
        with suppress(RenderError):
            taken = branch_keys(renderer.trace(inputs).branches)
            assert taken & every <= allowed, inputs


TEXT = {"type": "string"}
WITH_K = {"type": "object", "properties": {"k": TEXT}, "required": ["k"]}


@pytest.mark.parametrize(
    ("schema", "template"),
    [
        ({"properties": {"k": TEXT}}, "{% if a is mapping %}A{% endif %}"),
        ({"items": TEXT}, "{% if a is sequence %}A{% endif %}"),
        ({"type": "boolean"}, "{% if a == 1.0 %}A{% endif %}"),
        ({**WITH_K, "type": ["object", "null"]}, "{% if a.k is string %}A{% endif %}"),
        ({"anyOf": [WITH_K, {"type": "object"}]}, "{% if a.k is string %}A{% endif %}"),
        ({"type": "array", "items": TEXT}, "{% if a[0] is string %}A{% endif %}"),
        (
            {"type": "object", "additionalProperties": TEXT},
            "{% if a.k is string %}A{% endif %}",
        ),
        (
            {"type": ["array", "string"], "items": {"type": "number"}},
            "{% for x in a %}{% if x is number %}A{% endif %}{% endfor %}",
        ),
        ({"type": ["array", "string"], "minItems": 1}, "{% for x in a %}A{% endfor %}"),
        ({"items": TEXT, "minItems": 1}, "{% for x in a %}A{% endfor %}"),
    ],
)
def test_what_a_schema_only_suggests_is_no_proof(schema: dict[str, Any], template: str) -> None:
    _refute(
        _files(
            template.replace("{", "{{").replace("}", "}}"),
            False,
            ("a",) * 3,
            {"a": schema, "b": {}},
            ["a"],
        ),
        None,
    )


@settings(max_examples=examples(300))
@given(PROMPTS, st.sampled_from(VALUES))
def test_a_branch_that_is_called_impossible_is_never_taken(files: dict[str, str], b: Any) -> None:
    _refute(files, b)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=examples(1_000))
@given(PROMPTS, st.sampled_from(VALUES))
def test_a_branch_that_is_called_impossible_is_never_taken_at_full_size(
    files: dict[str, str], b: Any
) -> None:
    _refute(files, b)
