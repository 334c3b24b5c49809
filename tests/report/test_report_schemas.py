"""What programs read is what the schemas in `schemas/` say."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft202012Validator

from promptops.model.finding import Fix
from promptops.report import writer

ROOT = Path(__file__).parents[2]
SARIF = ROOT.parent / "shared" / "data" / "sarif-schema-2.1.0.json"

LINT = {
    "schema": 1,
    "findings": [],
    "summary": {"errors": 0, "warnings": 0, "infos": 0, "files": 1},
}
CHECK = {"schema": 1, "verdict": "pass", "bump": None, "lint": LINT, "diff": None, "test": None}


def schema(name):
    return json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8"))


def refused_at(name, value):
    errors = Draft202012Validator(schema(name)).iter_errors(value)
    return sorted((error.json_path, error.validator) for error in errors)


def changed(value, path, new):
    """A copy with another value at a path; with `...` the key is gone."""
    value = copy.deepcopy(value)
    *parents, last = path
    inside = value
    for key in parents:
        inside = inside[key]
    if new is ...:
        del inside[last]
    else:
        inside[last] = new
    return value


@pytest.mark.parametrize("what", ["sample", "hostile", "clean"])
def test_json_is_what_its_schema_says(what, request):
    report = request.getfixturevalue(what)

    value = json.loads(writer("json")(report))

    assert refused_at("lint", value) == []


def test_a_line_of_json_lines_is_an_element_of_json(sample):
    lines = writer("json-lines")(sample).splitlines()

    assert [json.loads(line) for line in lines] == json.loads(writer("json")(sample))["findings"]


@pytest.mark.parametrize("name", ["lint", "check"])
def test_the_schemas_are_schemas(name):
    Draft202012Validator.check_schema(schema(name))

    assert schema(name)["$id"] == f"urn:promptops:schema:{name}"


@pytest.mark.parametrize(("name", "value"), [("lint", LINT), ("check", CHECK)])
def test_a_schema_takes_what_the_design_shows(name, value):
    assert refused_at(name, value) == []


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("lint", changed(LINT, ["schema"], 2), ("$.schema", "const")),
        ("lint", changed(LINT, ["summary"], ...), ("$", "required")),
        ("lint", changed(LINT, ["summary", "files"], -1), ("$.summary.files", "minimum")),
        ("lint", changed(LINT, ["findings"], [{}])["findings"], ("$", "type")),
        ("check", changed(CHECK, ["verdict"], "maybe"), ("$.verdict", "enum")),
        ("check", changed(CHECK, ["diff"], []), ("$.diff", "anyOf")),
        ("check", changed(CHECK, ["lint"], None), ("$.lint", "type")),
        ("check", changed(CHECK, ["lint", "schema"], 2), ("$.lint.schema", "const")),
    ],
)
def test_a_schema_refuses_what_is_wrong_at_its_place(name, value, where):
    assert refused_at(name, value) == [where]


def test_each_key_of_a_finding_is_required(sample):
    value = json.loads(writer("json")(sample))

    kept = [key for key in value["findings"][0] if refused_at("lint", without(value, key)) == []]

    assert kept == []


def without(value, key):
    return changed(value, ["findings", 0, key], ...)


def test_check_holds_the_schema_of_lint_as_it_is():
    assert schema("check")["$defs"]["lint"] == schema("lint")


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
