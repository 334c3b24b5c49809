"""What programs read of a diff."""

import json
import re
from datetime import date

import pytest

from promptops.diff.changes import change
from promptops.model.change import CaseDiff, Seen, SeenPair, Witness
from promptops.model.config import Waiver
from promptops.report.data_text import record_json, write_json
from tests.output_schemas import SCHEMAS, validate
from tests.report.diff.hostile_reports import hostile
from tests.report.diff.reports import REPORTS, prompt, report

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
    value = json.loads(write_json(WHOLE))

    validate("diff", value)
    assert value == {
        "schema": 1,
        "base": "v1.4.2",
        "head": "HEAD",
        "prompts": [
            {
                "id": "support/triage",
                "path": "prompts/support/triage.prompt.yaml",
                "state": "renamed",
                "bump": "major",
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
                        "via": ["schemas/total.json"],
                        "waiver": {
                            "fingerprint": "f",
                            "reason": "agreed",
                            "who": "ada",
                            "expires": "2026-12-31",
                        },
                        "gated": True,
                        "place": None,
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
                        "via": [],
                        "waiver": None,
                        "gated": True,
                        "place": None,
                        "fingerprint": None,
                    },
                ],
                "cases": [
                    {
                        "name": "one",
                        "messages": [
                            {"before": {"role": "system", "text": "a", "tokens": 1}, "after": None},
                            {
                                "before": {"role": "user", "text": "b", "tokens": 2},
                                "after": {"role": "user", "text": "c", "tokens": 3},
                            },
                        ],
                        "rest": ["params"],
                        "before_error": None,
                        "after_error": None,
                        "turns": [],
                        "answer": None,
                        "verdicts": [],
                        "before_usd": 0.5,
                        "after_usd": None,
                        "before_tokens": 3,
                        "after_tokens": 3,
                    },
                    {
                        "name": "two",
                        "messages": [
                            {"before": {"role": "user", "text": "b", "tokens": 2}, "after": None}
                        ],
                        "rest": [],
                        "before_error": None,
                        "after_error": "`b` is missing",
                        "turns": [],
                        "answer": None,
                        "verdicts": [],
                        "before_usd": None,
                        "after_usd": None,
                        "before_tokens": 2,
                        "after_tokens": 0,
                    },
                ],
                "rendered": 0,
                "via": ["schemas/total.json"],
                "before_id": "support/sort",
                "before_version": "1.0.0",
                "after_version": "2.0.0",
            }
        ],
        "compared": 12,
        "tokenizer": "o200k_base",
        "hidden": 3,
        "before_version": None,
        "after_version": None,
        "bump": "major",
        "risk_codes": ["CHG202"],
    }


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_what_its_schema_says(name):
    validate("diff", record_json(REPORTS[name]))


def test_only_the_values_of_a_change_may_be_missing():
    files = [SCHEMAS / f"{name}.schema.json" for name in ("diff", "common")]
    schemas = [json.loads(file.read_text("utf-8")) for file in files]

    optional = {
        name: sorted(set(each["properties"]) - set(each["required"]))
        for schema in schemas
        for name, each in schema["$defs"].items()
    }
    assert {name: keys for name, keys in optional.items() if keys} == {
        "change": ["after", "before"]
    }


def test_texts_of_strangers_are_kept_but_for_lone_surrogates(hostile_text):
    kept = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", hostile_text)

    value = json.loads(write_json(hostile(hostile_text)))

    (found,) = value["prompts"]
    (changed,) = found["changes"]
    told = (found["id"], changed["message"], changed["before"], changed["witness"]["value"])
    assert told == (kept, kept, kept, {kept: kept})
    assert [case["name"] for case in found["cases"]] == [kept, kept]
    validate("diff", value)
