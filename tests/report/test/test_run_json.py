"""What programs read of a run."""

import json
import re

import pytest

from promptops.model.answer import Answer
from promptops.model.test_run import CoverageRow
from promptops.report.data_text import record_json, write_json
from tests.output_schemas import validate
from tests.report.test.hostile_runs import ATTACK, hostile
from tests.report.test.runs import RUNS, case, green, run

MAKERS = {**RUNS, "hostile": hostile}


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
    validate("test", json.loads(write_json(MAKERS[name]())))


def test_what_was_not_asked_for_is_null():
    value = record_json(green())

    keys = ("baseline", "fail_under", "next", "ended", "nothing")
    assert [value[key] for key in keys] == [None] * 5
    assert (value["decided"], value["coverage"]) == ([], [])


def test_coverage_says_whether_it_is_too_low():
    row = CoverageRow(prompt="a", covered=5, total=7)
    found = run(case("a", "c"), coverage=(row,))

    told = [record_json(found.failing_under(limit)) for limit in (None, 70, 90)]

    assert [(each["verdict"], each["fail_under"], each["undercovered"]) for each in told] == [
        ("pass", None, False),
        ("pass", 70, False),
        ("fail", 90, True),
    ]
    assert told[0]["branches"] == {"covered": 5, "total": 7}


def test_every_text_is_kept_but_lone_surrogates():
    text = write_json(hostile())

    kept = json.loads(text)["cases"][0]
    wanted = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", ATTACK)
    assert (kept["name"], kept["answer"]["text"]) == (wanted, f"{wanted}\n{wanted}")
    assert kept["answer"]["tool_calls"][0] == {"name": wanted, "arguments": {wanted: [wanted]}}
    assert text.isascii()


def test_arguments_nested_without_end_are_cut():
    nested = []
    for _ in range(5_000):
        nested = [nested]
    answer = Answer(text="", tool_calls=({"name": "a", "arguments": nested},))

    value = json.loads(write_json(run(case("a", "c", answer=answer))))

    validate("test", value)
    assert "nested too deeply" in json.dumps(value)
