"""What programs read of a diff."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from promptops.diff.changes import change
from promptops.model.change import CaseDiff, Seen, SeenPair, Witness
from promptops.model.config import Waiver
from promptops.report.diff.json import write
from tests.report.diff.hostile_reports import hostile
from tests.report.diff.reports import REPORTS, prompt, report

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "diff.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def refused(value):
    return [(error.json_path, error.message) for error in VALIDATOR.iter_errors(value)]


def known_and_described(value, schema, at="$"):
    """Fails at a key of a value that the schema doesn't know, or doesn't describe."""
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        schema = next(each for each in schema["anyOf"] if each != {"type": "null"})
        known_and_described(value, schema, at)
    elif isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            assert schema["properties"][key].get("description"), f"{at}.{key}"
            known_and_described(inner, schema["properties"][key], f"{at}.{key}")
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            known_and_described(item, schema["items"], f"{at}[]")


WHOLE = report(
    prompt(
        "support/triage",
        change(
            "CHG202",
            "/output/schema",
            "`total` may now be null",
            before=None,
            witness=Witness(kind="output", value={"total": None}, reason="null is no number"),
            risk="an output bound is relaxed",
            via=("schemas/total.json",),
            waiver=Waiver(fingerprint="f", reason="agreed", who="ada", expires=date(2026, 12, 31)),
            fingerprint="0123456789abcdef",
        ),
        change("CHG403", "/model/params/top_k", "`top_k` is set", after=float("inf")),
        state="renamed",
        before_id="support/sort",
        before_version="1.0.0",
        after_version="2.0.0",
        via=("schemas/total.json",),
        cases=(
            CaseDiff(
                name="one",
                messages=(
                    SeenPair(Seen(role="system", text="a", tokens=1), None),
                    SeenPair(
                        Seen(role="user", text="b", tokens=2), Seen(role="user", text="c", tokens=3)
                    ),
                ),
                rest=("params",),
                before_usd=0.5,
            ),
            CaseDiff(
                name="two",
                messages=(SeenPair(Seen(role="user", text="b", tokens=2), None),),
                after_error="`b` is missing",
            ),
        ),
    ),
    tokenizer="o200k_base",
    hidden=3,
)


def test_all_of_a_report_is_there():
    value = json.loads(write(WHOLE))

    assert value == {
        "schema": 1,
        "base": "v1.4.2",
        "head": "HEAD",
        "bump": "major",
        "before_version": None,
        "after_version": None,
        "risks": ["CHG202"],
        "tokenizer": "o200k_base",
        "prompts": [
            {
                "id": "support/triage",
                "before_id": "support/sort",
                "path": "prompts/support/triage.prompt.yaml",
                "state": "renamed",
                "bump": "major",
                "before_version": "1.0.0",
                "after_version": "2.0.0",
                "via": ["schemas/total.json"],
                "changes": [
                    {
                        "code": "CHG202",
                        "name": "output-type-widened",
                        "level": "BREAKING",
                        "bump": "major",
                        "path": "/output/schema",
                        "message": "`total` may now be null",
                        "before": None,
                        "witness": {
                            "kind": "output",
                            "value": {"total": None},
                            "case": None,
                            "reason": "null is no number",
                        },
                        "warning": False,
                        "risk": "an output bound is relaxed",
                        "place": None,
                        "via": ["schemas/total.json"],
                        "waiver": {"who": "ada", "reason": "agreed", "expires": "2026-12-31"},
                        "fingerprint": "0123456789abcdef",
                    },
                    {
                        "code": "CHG403",
                        "name": "parameters-changed",
                        "level": "BEHAVIOR",
                        "bump": "minor",
                        "path": "/model/params/top_k",
                        "message": "`top_k` is set",
                        "after": "inf",
                        "witness": None,
                        "warning": False,
                        "risk": None,
                        "place": None,
                        "via": [],
                        "waiver": None,
                        "fingerprint": "",
                    },
                ],
                "cases": [
                    {
                        "name": "one",
                        "rendered": {
                            "before": [
                                {"role": "system", "text": "a", "tokens": 1},
                                {"role": "user", "text": "b", "tokens": 2},
                            ],
                            "after": [{"role": "user", "text": "c", "tokens": 3}],
                        },
                        "errors": {"before": None, "after": None},
                        "rest": ["params"],
                        "output": {"before": None, "after": None},
                        "verdicts": [],
                        "tokens": {"before": 3, "after": 3},
                        "cost_usd": {"before": 0.5, "after": None},
                    },
                    {
                        "name": "two",
                        "rendered": {
                            "before": [{"role": "user", "text": "b", "tokens": 2}],
                            "after": None,
                        },
                        "errors": {"before": None, "after": "`b` is missing"},
                        "rest": [],
                        "output": {"before": None, "after": None},
                        "verdicts": [],
                        "tokens": {"before": 2, "after": 0},
                        "cost_usd": {"before": None, "after": None},
                    },
                ],
            }
        ],
        "summary": {"changed": 1, "compared": 12, "hidden": 3},
    }


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_what_its_schema_says(name):
    value = json.loads(write(REPORTS[name]))

    assert refused(value) == []
    known_and_described(value, SCHEMA)


def test_a_schema_that_is_one_describes_each_key():
    Draft202012Validator.check_schema(SCHEMA)

    known_and_described(json.loads(write(WHOLE)), SCHEMA)
    assert SCHEMA["$id"] == "urn:promptops:schema:diff"


def without(value, *path):
    """A copy that lacks the key at the end of a path."""
    copy = json.loads(json.dumps(value))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    del inside[path[-1]]
    return copy


@pytest.mark.parametrize(
    "path",
    [
        (),
        ("summary",),
        ("prompts", 0),
        ("prompts", 0, "changes", 0),
        ("prompts", 0, "changes", 0, "witness"),
        ("prompts", 0, "changes", 0, "waiver"),
        ("prompts", 0, "cases", 0),
        ("prompts", 0, "cases", 0, "rendered"),
        ("prompts", 0, "cases", 0, "errors"),
        ("prompts", 0, "cases", 0, "tokens"),
        ("prompts", 0, "cases", 0, "cost_usd"),
        ("prompts", 0, "cases", 0, "rendered", "before", 0),
    ],
)
def test_each_key_is_required_but_the_values_of_a_change(path):
    value = json.loads(write(WHOLE))
    inside = value
    for key in path:
        inside = inside[key]

    kept = [key for key in inside if not refused(without(value, *path, key))]

    assert kept == (["before"] if path and path[-2:] == ("changes", 0) else [])


def test_texts_of_strangers_are_kept_but_for_lone_surrogates(hostile_text):
    kept = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", hostile_text)

    value = json.loads(write(hostile(hostile_text)))

    (found,) = value["prompts"]
    (changed,) = found["changes"]
    told = (found["id"], changed["message"], changed["before"], changed["witness"]["value"])
    assert told == (kept, kept, kept, {kept: kept})
    assert [case["name"] for case in found["cases"]] == [kept, kept]
    assert refused(value) == []
