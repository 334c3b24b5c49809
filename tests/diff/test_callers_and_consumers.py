"""Generated prompts: what was called compatible is, at the doors that callers and consumers use."""

import os

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from promptops.runtime.request.inputs import Inputs
from tests.tiers import examples

EXAMPLES = int(os.environ.get("PROMPTOPS_PROPERTY_EXAMPLES", examples(300)))
VALUES = st.sampled_from(
    [None, True, 0, 1, 2, 2.5, -1, "", "a", "ab", "abc", [], [1], [1, 1], ["a"], {}, {"x": 1}]
)
TYPES = ["string", "integer", "number", "boolean", "null", "array", "object"]
NAMES = ["a", "b", "c"]


def leaves():
    typed = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(TYPES)
            | st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3, unique_by=repr),
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 3),
            "minimum": st.integers(-1, 2),
            "maximum": st.integers(0, 2),
            "minItems": st.integers(0, 1),
            "uniqueItems": st.just(True),
            "default": VALUES,
        },
    )
    return st.booleans() | typed


def objects(properties):
    return st.builds(
        _object,
        st.dictionaries(st.sampled_from(NAMES), properties, max_size=3),
        st.sets(st.sampled_from(NAMES), max_size=2),
        st.sampled_from([None, False, True, {"type": "string"}]),
        conditions(properties),
    )


def conditions(properties):
    """Mostly none: what speaks of an object beside its properties."""
    names = st.lists(st.sampled_from(NAMES), max_size=2, unique=True)
    other = st.dictionaries(st.sampled_from(NAMES), properties, max_size=2).map(
        lambda given: {"properties": given}
    )
    needs = names.map(lambda given: {"required": given})
    more = st.fixed_dictionaries(
        {},
        optional={
            "allOf": st.lists(other | needs, min_size=1, max_size=2),
            "anyOf": st.lists(other | needs, min_size=1, max_size=2),
            "oneOf": st.lists(needs, min_size=2, max_size=2),
            "dependentRequired": st.dictionaries(st.sampled_from(NAMES), names, max_size=1),
            "maxProperties": st.integers(1, 2),
            "minProperties": st.integers(1, 2),
        },
    )
    return st.just({}) | st.just({}) | more


def _object(properties, required, additional, more):
    schema = {"type": "object", "properties": properties, "required": sorted(required), **more}
    return schema if additional is None else {**schema, "additionalProperties": additional}


SCHEMAS = objects(
    leaves() | objects(leaves()) | objects(leaves()).map(lambda o: {**o, "default": {}})
)
ALIASED = st.tuples(SCHEMAS, st.sampled_from(NAMES), st.sampled_from(NAMES)).map(
    lambda given: _aliased(*given)
)


def _aliased(schema, name, alias):
    said = schema["properties"].get(name)
    if not isinstance(said, dict) or alias in schema["properties"]:
        return schema
    return {**schema, "properties": {**schema["properties"], name: {**said, "x-aliases": [alias]}}}


def near(schema):
    """A schema, and one that differs from it in one property or in what is required."""
    other = st.tuples(st.sampled_from(NAMES), leaves()).map(
        lambda pair: {**schema, "properties": {**schema["properties"], pair[0]: pair[1]}}
    )
    fewer = st.sampled_from(NAMES).map(
        lambda name: {
            **schema,
            "properties": {k: v for k, v in schema["properties"].items() if k != name},
        }
    )
    required = st.sets(st.sampled_from(NAMES)).map(lambda r: {**schema, "required": sorted(r)})
    return st.tuples(st.just(schema), other | fewer | required | ALIASED)


PAIRS = st.tuples(ALIASED, ALIASED) | ALIASED.flatmap(near)
INSTANCES = st.dictionaries(
    st.sampled_from([*NAMES, "d"]),
    VALUES | st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
    max_size=3,
)
RUN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="PROMPTOPS_PROPERTY_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def breaks(found):
    return [change for diff in found for change in diff.changes if change.level == "BREAKING"]


@RUN
@given(pair=PAIRS, instances=st.lists(INSTANCES, min_size=5, max_size=15))
def test_callers_are_never_refused_by_what_was_called_compatible(compared, pair, instances):
    sides = [
        {"inputs": schema, "messages": [{"role": "user", "content": "Hi."}], "tests": None}
        for schema in pair
    ]
    doors = [Inputs({"additionalProperties": False, **schema}) for schema in pair]

    found = breaks(compared(*sides))

    note(str([(each.code, each.path) for each in found]))
    refused = [
        each for each in instances if not doors[0].accept(each)[1] and doors[1].accept(each)[1]
    ]
    assert not refused or found
    for each in found:
        if each.witness is not None:
            assert doors[0].accept(each.witness.value)[1] == ()
            assert doors[1].accept(each.witness.value)[1] != ()


@RUN
@given(
    pair=st.tuples(SCHEMAS, SCHEMAS) | SCHEMAS.flatmap(near),
    instances=st.lists(INSTANCES, min_size=5, max_size=15),
)
def test_consumers_never_receive_what_was_called_impossible(compared, pair, instances):
    sides = [{"output": {"format": "json", "schema": schema}} for schema in pair]
    consumer, model = (Inputs(_without_defaults(schema)) for schema in (_open(pair[0]), pair[1]))

    found = breaks(compared(*sides))

    note(str([(each.code, each.path) for each in found]))
    seen = [_known(each, pair[1]) for each in instances]
    surprising = [each for each in seen if not model.accept(each)[1] and consumer.accept(each)[1]]
    assert not surprising or found


def _without_defaults(schema):
    """Nothing fills in what a model leaves out, and it writes no old names."""
    if not isinstance(schema, dict):
        return schema
    properties = {k: _without_defaults(v) for k, v in schema.get("properties", {}).items()}
    rest = {k: v for k, v in schema.items() if k not in ("default", "x-aliases")}
    return {**rest, "properties": properties} if "properties" in schema else rest


def _open(schema):
    """A schema as a consumer reads it that leaves alone what it doesn't know."""
    if not isinstance(schema, dict) or "properties" not in schema:
        return schema
    rest = {k: v for k, v in schema.items() if (k, v) != ("additionalProperties", False)}
    return {**rest, "properties": {k: _open(v) for k, v in schema["properties"].items()}}


def _known(value, schema):
    """What a model writes: the properties that its schema names."""
    if not isinstance(value, dict) or not isinstance(schema, dict) or "properties" not in schema:
        return value
    if isinstance(schema.get("additionalProperties"), dict):
        return value
    properties = schema["properties"]
    named = {**dict.fromkeys(schema["required"], True), **properties}
    return {k: _known(v, named[k]) for k, v in value.items() if k in named}
