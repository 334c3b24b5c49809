"""What programs read is what the schemas in `schemas/` say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from promptops.model.finding import Fix
from promptops.report.findings import writer
from tests.output_schemas import validate

ROOT = Path(__file__).parents[2]
SARIF = ROOT.parent / "shared" / "data" / "sarif-schema-2.1.0.json"


@pytest.mark.parametrize("what", ["sample", "hostile", "clean"])
def test_json_is_what_its_schema_says(what, request):
    report = request.getfixturevalue(what)

    validate("lint", json.loads(writer("json")(report)))


def test_a_line_of_json_lines_is_an_element_of_json(sample):
    lines = writer("json-lines")(sample).splitlines()

    assert [json.loads(line) for line in lines] == json.loads(writer("json")(sample))["findings"]


without_sarif_schema = pytest.mark.skipif(
    not SARIF.is_file(), reason="the official schema of SARIF is not there"
)


@without_sarif_schema
@pytest.mark.parametrize("what", ["sample", "hostile", "clean"])
def test_sarif_is_what_the_official_schema_says(what, rules, request):
    report = request.getfixturevalue(what)

    value = json.loads(
        writer("sarif")(report, rules=rules, version="1.2.3", home="https://example.org")
    )

    assert sarif_errors(value) == []


@without_sarif_schema
def test_a_fix_without_edits_is_none_in_sarif(sample):
    finding = replace(sample.findings[0], fix=Fix(()), fingerprint="")

    value = json.loads(writer("sarif")(replace(sample, findings=(finding,))))

    assert sarif_errors(value) == []
    assert {"fixes", "partialFingerprints"} & set(value["runs"][0]["results"][0]) == set()


def sarif_errors(value):
    official = Draft4Validator(json.loads(SARIF.read_text("utf-8")))
    return [(error.json_path, error.message) for error in official.iter_errors(value)]
