"""What programs read is what the schemas in `schemas/` say."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft202012Validator

from promptops.model.finding import Fix
from promptops.report import writer
from tests.output_schemas import validate

ROOT = Path(__file__).parents[2]
SARIF = ROOT.parent / "shared" / "data" / "sarif-schema-2.1.0.json"

LISTED = {
    "id": "support/triage",
    "path": "prompts/support/triage.prompt.yaml",
    "status": "active",
    "tags": ["support"],
    "owners": [],
    "model": "fast",
    "cases": 2,
    "digest": "0" * 64,
    "includes": ["prompts/partials/style.md.j2"],
}
LIST = {"schema": 1, "revision": "work tree", "prompts": [LISTED]}
RENDER = {
    "schema": 1,
    "prompt": "support/triage",
    "case": None,
    "digest": "sha256:" + "a" * 64,
    "request": {
        "messages": [{"role": "user", "content": "hello"}, {"role": "assistant"}],
        "model": None,
        "params": {},
        "tools": [],
        "response_format": None,
    },
}


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

    validate("lint", json.loads(writer("json")(report)))


def test_a_line_of_json_lines_is_an_element_of_json(sample):
    lines = writer("json-lines")(sample).splitlines()

    assert [json.loads(line) for line in lines] == json.loads(writer("json")(sample))["findings"]


@pytest.mark.parametrize("name", ["render", "list"])
def test_the_schemas_are_schemas(name):
    Draft202012Validator.check_schema(schema(name))

    assert schema(name)["$id"] == f"urn:promptops:schema:{name}"


@pytest.mark.parametrize(("name", "value"), [("render", RENDER), ("list", LIST)])
def test_a_schema_takes_what_the_design_shows(name, value):
    assert refused_at(name, value) == []


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("render", changed(RENDER, ["digest"], "abc"), ("$.digest", "pattern")),
        ("render", changed(RENDER, ["request", "tools"], ...), ("$.request", "required")),
        (
            "render",
            changed(RENDER, ["request", "messages", 0, "role"], "root"),
            ("$.request.messages[0].role", "enum"),
        ),
        (
            "render",
            changed(RENDER, ["request", "messages", 0, "content"], 3),
            ("$.request.messages[0].content", "anyOf"),
        ),
        ("list", changed(LIST, ["revision"], ...), ("$", "required")),
        ("list", changed(LIST, ["prompts", 0, "status"], "x"), ("$.prompts[0].status", "enum")),
        ("list", changed(LIST, ["prompts", 0, "includes"], ...), ("$.prompts[0]", "required")),
    ],
)
def test_a_schema_refuses_what_is_wrong_at_its_place(name, value, where):
    assert refused_at(name, value) == [where]


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
