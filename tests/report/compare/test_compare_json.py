"""What programs read of a comparison."""

import json
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from promptops.model.arm import Recommendation
from promptops.report.compare.json import compare_value, write
from tests.report.compare.comparisons import COMPARISONS, recommended, undecided
from tests.report.compare.hostile_comparisons import hostile
from tests.report.test.test_run_json import parts

SCHEMAS = Path(__file__).parents[3] / "schemas"
SCHEMA = json.loads((SCHEMAS / "compare.schema.json").read_text("utf-8"))
MAKERS = {**COMPARISONS, "hostile": hostile}


def refused(value, schema=SCHEMA):
    errors = Draft202012Validator(schema).iter_errors(value)
    return [(error.json_path, error.message) for error in errors]


@pytest.mark.parametrize("name", MAKERS)
def test_json_is_valid_by_its_schema(name):
    assert refused(json.loads(write(MAKERS[name]()))) == []


def test_the_schema_describes_every_key():
    Draft202012Validator.check_schema(SCHEMA)

    silent = [
        key
        for part in parts(SCHEMA)
        if isinstance(part.get("properties"), dict) and isinstance(part.get("required"), list)
        for key, inner in part["properties"].items()
        if not inner.get("description", "").endswith(".")
    ]
    assert silent == []


@pytest.mark.parametrize("name", MAKERS)
def test_the_schema_knows_every_key_and_requires_it(name):
    schema = json.loads(json.dumps(SCHEMA))
    objects = [
        part
        for part in parts(schema)
        if isinstance(part.get("properties"), dict) and "type" in part
    ]
    assert [list(part["properties"]) for part in objects] == [part["required"] for part in objects]
    for part in objects:
        part["additionalProperties"] = False

    assert refused(json.loads(write(MAKERS[name]())), schema) == []


def test_the_shape_is_that_of_the_design():
    value = compare_value(undecided())

    designed = {"schema", "reference", "margin", "share", "prompts", "fit", "recommendation"}
    assert designed | {"pareto"} <= set(value)
    assert {"prompt", "score", "arms"} <= set(value["prompts"][0])
    of_an_arm = {"name", "kind", "model", "answered", "cases", "verdict", "decision", "contracts"}
    assert of_an_arm | {"cost_usd_1000", "cost_ratio", "tokens", "latency_s"} <= set(
        value["prompts"][0]["arms"][1]
    )


def test_the_reference_has_no_decision_and_no_ratio():
    reference = compare_value(recommended())["prompts"][0]["arms"][0]

    assert [reference[key] for key in ("verdict", "decision", "difference", "cost_ratio")] == [
        "reference",
        None,
        None,
        None,
    ]


def test_without_a_recommended_arm_the_sentence_has_the_reason():
    found = compare_value(undecided())["recommendation"]

    assert found == {
        "arm": None,
        "sentence": "no arm is proved good enough: 6 repeats per case, on both sides, would give"
        " a clearer result",
    }


@pytest.mark.parametrize("number", [inf, nan])
def test_numbers_that_json_lacks_are_0(number):
    value = compare_value(replace(recommended(), cost_usd=number, duration_s=number))

    assert (value["cost_usd"], value["duration_s"]) == (0, 0)


def test_strings_are_complete_but_for_lone_surrogates():
    text = "\ud800 \u202e <b>"
    found = replace(recommended(), recommendation=Recommendation(arm=text, sentence=text))

    value = json.loads(write(found))

    assert value["recommendation"] == {
        "arm": "\\ud800 \u202e <b>",
        "sentence": "\\ud800 \u202e <b>",
    }
