"""Prompts made at random survive being written and read."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.model.place import plain_text
from promptops.model.prompt import Message, Model, Output, Prompt, TextPart, Tool
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import (
    Fields,
    bundle_bytes,
    json_string,
    read_bundle,
    read_json,
)
from promptops.runtime.bundle.prompts import contract_hash, prompt_of, prompt_value
from promptops.runtime.request.canonical import _by_rfc8785, _sorted_by_python, canonical_json
from promptops.runtime.request.render import Renderer, RenderError
from tests.runtime.bundles.made import ORIGIN, comparable, ordered
from tests.runtime.test_runtime_generated import DATA, TEMPLATES, Grammar
from tests.tiers import examples

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, 1e21, 1e-7, 5e-324, 2**53 + 1, 10**21, 123456789012345678901]),
)
KEYS = st.one_of(TEXT, st.sampled_from(["\ue000", "\U00010000", "\uffff", "a", "A", "\x00", '"']))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=4)


def text_parts(values):
    return tuple(
        TextPart(text=plain_text("p.yaml", value), at=f"/messages/0/content/{index}")
        for index, value in enumerate(values)
    )


MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user"]) | TEXT,
    parts=st.lists(TEXT, max_size=3).map(text_parts),
    at=TEXT,
    plain=st.booleans(),
    name=st.none() | TEXT,
    cache=st.booleans(),
    when=st.none() | TEXT.map(lambda value: plain_text("p.yaml", value)),
    tool_calls=st.lists(OBJECTS, max_size=2).map(tuple),
    tool_call_id=st.none() | TEXT,
)
PROMPTS = st.builds(
    Prompt,
    id=TEXT,
    path=TEXT,
    locate=st.none(),
    messages=st.lists(MESSAGES, max_size=3).map(tuple),
    inputs=OBJECTS,
    output=st.builds(
        Output,
        format=st.sampled_from(["text", "json", "markdown"]),
        schema=st.none() | OBJECTS,
        name=st.none() | TEXT,
        strict=st.booleans(),
        description=st.none() | TEXT,
    ),
    model=st.builds(
        Model,
        profile=st.none() | TEXT,
        provider=st.none() | TEXT,
        id=st.none() | TEXT,
        params=OBJECTS,
        provider_options=OBJECTS,
    ),
    tools=st.lists(
        st.builds(
            Tool,
            name=TEXT,
            description=TEXT,
            parameters=OBJECTS,
            returns=st.none() | OBJECTS,
            strict=st.booleans(),
            at=TEXT,
        ),
        max_size=2,
    ).map(tuple),
    tool_choice=st.none() | TEXT | OBJECTS,
    title=TEXT,
    description=TEXT,
    owners=st.lists(TEXT, max_size=2).map(tuple),
    tags=st.lists(TEXT, max_size=2).map(tuple),
    metadata=OBJECTS,
    status=st.sampled_from(["draft", "active", "deprecated"]),
    replaced_by=st.none() | TEXT,
    aliases=st.lists(TEXT, max_size=2).map(tuple),
)


@given(PROMPTS)
@settings(max_examples=examples(150), deadline=None)
def test_a_prompt_is_read_as_it_was_written(prompt):
    line = canonical_json(prompt_value(prompt))

    again = prompt_of(Fields(read_json(line)))

    assert ordered(comparable(again)) == ordered(comparable(prompt))
    assert contract_hash(again) == contract_hash(prompt)


@given(JSON)
@settings(max_examples=examples(300), deadline=None)
def test_what_is_kept_as_a_text_is_the_same_to_the_last_point(value):
    assert ordered(read_json(json_string(value))) == ordered(value)


@given(JSON)
@settings(max_examples=examples(500), deadline=None)
def test_the_fast_way_writes_what_the_slow_one_does_or_nothing(value):
    fast = _sorted_by_python(value)

    assert fast in (None, _by_rfc8785(value))
    assert canonical_json(value) == _by_rfc8785(value)


@given(st.integers(0, 2**32), st.sampled_from(DATA))
@settings(max_examples=examples(200), deadline=None)
def test_a_template_renders_the_same_from_a_bundle(seed, data):
    template = Grammar(random.Random(seed)).template()
    parts = {name: plain_text(name, text) for name, text in TEMPLATES.items()}
    message = Message(role="user", parts=text_parts([template]), at="/messages/0")
    prompt = Prompt(id="ask", path="p.yaml", locate=None, messages=(message,))
    names = {name: name for name in parts}
    line = {
        **prompt_value(prompt),
        "includes": dict.fromkeys(("p.yaml", *parts), names),
        "version": None,
        "contract": "",
        "digest": "",
    }
    stored = {name: {"text": text.value} for name, text in parts.items()}
    bundle = Bundle(read_bundle(bundle_bytes(ORIGIN, [line], stored, {}), "here"), where="here")

    here = outcome(Renderer(prompt, lambda _, name: parts.get(name)).request, data)

    assert outcome(lambda inputs: bundle["ask"].render_from(inputs).request, data) == here


def outcome(render, inputs):
    try:
        return ordered(render(inputs))
    except RenderError as error:
        return error.message, str(error.place)
