"""What programs read of a run of `drift`."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from promptops.report.drift.json import write
from tests.report.drift.drifts import RUNS, drifted, hostile
from tests.report.test.hostile_runs import ATTACK
from tests.report.test.test_run_json import parts

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "schemas" / "drift.schema.json").read_text("utf-8")
)
MAKERS = {**RUNS, "hostile": lambda: hostile(ATTACK)}


def objects(schema):
    return [part for part in parts(schema) if isinstance(part.get("properties"), dict)]


def test_the_schema_describes_every_key():
    Draft202012Validator.check_schema(SCHEMA)

    silent = [
        key
        for part in objects(SCHEMA)
        for key, inner in part["properties"].items()
        if not inner.get("description", "").endswith(".")
    ]
    assert silent == []


@pytest.mark.parametrize("name", MAKERS)
def test_the_schema_knows_every_key_and_requires_it(name):
    schema = json.loads(json.dumps(SCHEMA))
    found = [part for part in objects(schema) if "required" in part]
    assert [list(part["properties"]) for part in found] == [part["required"] for part in found]
    for part in found:
        part["additionalProperties"] = False

    errors = Draft202012Validator(schema).iter_errors(
        json.loads(write(MAKERS[name](), exit_code=1))
    )

    assert [(error.json_path, error.message) for error in errors] == []


def test_the_first_prompt_has_the_figures_of_its_score_and_its_cause():
    value = json.loads(write(drifted(), exit_code=1))

    (found,) = [each for each in value["prompts"] if each["verdict"] == "drifted"]
    shown = {name: found[name] for name in ("prompt", "score", "since", "nights", "visible")}
    assert (value["headline"], value["exit"], shown) == (
        "support/triage drifted",
        1,
        {
            "prompt": "support/triage",
            "score": "quality",
            "since": "2026-09-02",
            "nights": 34,
            "visible": {"points": 5.0, "nights": 3},
        },
    )
    assert (found["charts"][0]["name"], found["ewma"]) == ("score", found["charts"][0]["ewma"])
    assert found["blame"]["who"] == "model"
    assert [each["name"] for each in found["worst"]] == [f"ticket {n}" for n in range(5)]
