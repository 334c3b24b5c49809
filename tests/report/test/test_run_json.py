"""What programs read of a run."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from promptops.model.answer import Answer
from promptops.model.test_run import CoverageRow
from promptops.report.test.json import test_value as value_of
from promptops.report.test.json import write
from tests.report.test.hostile_runs import ATTACK, hostile
from tests.report.test.runs import (
    HANDBOOK_SAID,
    HANDBOOK_SAYS,
    RUNS,
    case,
    failing,
    green,
    run,
)

SCHEMAS = Path(__file__).parents[3] / "schemas"
SCHEMA = json.loads((SCHEMAS / "test.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
MAKERS = {**RUNS, "hostile": hostile}


def refused(value):
    return [(error.json_path, error.message) for error in VALIDATOR.iter_errors(value)]


def parts(schema):
    """Every schema within a schema."""
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from parts(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from parts(inner)


@pytest.mark.parametrize("name", MAKERS)
def test_json_is_what_its_schema_says(name):
    assert refused(json.loads(write(MAKERS[name]()))) == []


def test_the_schema_is_a_schema_and_describes_every_key():
    Draft202012Validator.check_schema(SCHEMA)

    silent = [
        key
        for part in parts(SCHEMA)
        if isinstance(part.get("properties"), dict) and isinstance(part.get("required"), list)
        for key, inner in part["properties"].items()
        if not inner.get("description", "").endswith(".")
    ]
    assert silent == []


def test_the_schema_knows_every_key_and_requires_it():
    objects = [
        part
        for part in parts(SCHEMA)
        if isinstance(part.get("properties"), dict) and "type" in part
    ]
    assert [list(part["properties"]) for part in objects] == [part["required"] for part in objects]

    assert refused(json.loads(write(failing()))) == []
    for part in objects:
        part["additionalProperties"] = False
    try:
        assert refused(json.loads(write(failing()))) == []
    finally:
        for part in objects:
            del part["additionalProperties"]


def test_the_shape_is_that_of_the_design():
    value = value_of(failing())

    designed = {"schema", "summary", "verdict", "statistics", "cases", "coverage"}
    of_a_case = {"prompt", "name", "repeat", "status", "assertions", "output", "usage", "latency_s"}
    assert designed <= set(value)
    assert list(value["summary"]) == [
        "passed",
        "failed",
        "errors",
        "stale",
        "unanswered",
        "cost_usd",
        "duration_s",
    ]
    assert of_a_case | {"source"} <= set(value["cases"][0])
    assert {"type", "passed", "must", "reason"} <= set(value["cases"][0]["assertions"][0])


def test_the_summary_counts_cases():
    assert value_of(failing())["summary"] == {
        "passed": 8,
        "failed": 4,
        "errors": 4,
        "stale": 1,
        "unanswered": 0,
        "cost_usd": 0.0141,
        "duration_s": 12.345,
    }


def test_what_was_not_asked_for_is_null():
    value = value_of(green())

    keys = ("statistics", "coverage", "advice", "ended", "nothing")
    assert [value[key] for key in keys] == [None] * 5


def test_a_worst_case_has_both_answers():
    (decided, *_) = value_of(failing())["statistics"]["decided"]

    worst = decided["worst"][0]
    assert (worst["name"], worst["before"], worst["after"]) == ("two sources", 1.0, 0.4)
    assert [worst[key]["output"] for key in ("before_answer", "after_answer")] == [
        HANDBOOK_SAID,
        HANDBOOK_SAYS,
    ]
    assert worst["after_answer"]["model"] == "gpt-4.1-mini-2025-04-14"
    assert decided["culprits"] == ["two sources", "outdated page"]


def test_coverage_says_whether_it_is_too_low():
    row = CoverageRow(prompt="a", covered=5, total=7)
    found = run(case("a", "c"), coverage=(row,))

    told = [value_of(found.failing_under(limit)) for limit in (None, 70, 90)]

    assert [
        (each["verdict"], each["coverage"]["fail_under"], each["coverage"]["too_low"])
        for each in told
    ] == [("pass", None, False), ("pass", 70, False), ("fail", 90, True)]


def test_an_assertion_that_was_not_judged_neither_holds_nor_fails():
    cases = value_of(failing())["cases"]

    judged = {each["status"]: each["passed"] for found in cases for each in found["assertions"]}
    assert judged == {"passed": True, "failed": False, "skipped": None, "error": None}


def test_every_text_is_kept_but_lone_surrogates():
    text = write(hostile())

    kept = json.loads(text)["cases"][0]
    wanted = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", ATTACK)
    assert (kept["name"], kept["output"]) == (wanted, f"{wanted}\n{wanted}")
    assert kept["tool_calls"][0] == {"name": wanted, "arguments": {wanted: [wanted]}}
    assert text.isascii()


def test_numbers_that_json_does_not_know_are_none():
    found = replace(green(), cost_usd=float("nan"), duration_s=float("inf"))

    assert refused(json.loads(write(found), parse_constant=pytest.fail)) == []


def test_arguments_nested_without_end_are_cut():
    nested = []
    for _ in range(5_000):
        nested = [nested]
    answer = Answer(text="", tool_calls=({"name": "a", "arguments": nested},))

    value = json.loads(write(run(case("a", "c", answer=answer))))

    assert refused(value) == []
    assert "nested too deeply" in json.dumps(value)
