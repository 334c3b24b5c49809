"""What a golden file does not show about the formats."""

import json
from dataclasses import replace
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pytest

from promptops.model.finding import Fix, Severity
from promptops.model.place import Place
from promptops.model.report import LintReport
from promptops.report.findings import writer
from tests.report.junit_schema import violations


def summary_of(findings=(), **counts):
    text = writer("full")(LintReport(findings=findings, files=3, **counts))
    return text.splitlines()[-1:]


@pytest.mark.parametrize(
    ("fixes", "counts", "last_line"),
    [
        ([], {}, []),
        ([], {"suppressed": 4}, []),
        ([], {"fixed": 1}, ["fixed 1 finding"]),
        ([], {"fixed": 2}, ["fixed 2 findings"]),
        ([None], {}, ["found 1 error"]),
        ([None, None], {"fixed": 1}, ["found 2 errors (1 fixed)"]),
        ([True, True, None], {}, ["found 3 errors (2 fixable with --fix)"]),
        ([False], {}, ["found 1 error (1 fixable with --fix --unsafe-fixes)"]),
        ([True, False], {}, ["found 2 errors (1 fixable with --fix, 1 more with --unsafe-fixes)"]),
    ],
)
def test_the_last_line_counts(fixes, counts, last_line, sample):
    finding = sample.findings[0]
    findings = tuple(
        replace(finding, fix=None if safe is None else Fix((), safe=safe)) for safe in fixes
    )

    assert summary_of(findings, **counts) == last_line


def test_a_style_colours_parts_and_changes_no_text(sample):
    roles = []

    def style(role, text):
        roles.append((role, text))
        return text

    coloured = writer("full")(sample, style=style)

    assert coloured == writer("full")(sample)
    assert roles[:7] == [
        ("path", "prompts/support/triage.prompt.yaml:31:10"),
        ("error", "error"),
        ("code", "VAR001 undefined-variable"),
        ("caret", "         ^^^^^^"),
        ("hint", "did you mean `ticket`?"),
        ("gutter", "   31 |"),
        ("gutter", "      |"),
    ]
    assert {role for role, _ in roles} == {
        *("path", "error", "warning", "info", "code", "caret", "gutter", "hint", "note", "summary")
    }


def test_the_gutter_grows_with_the_line_number(sample):
    finding = replace(
        sample.findings[0],
        place=Place("a", 1234567, 1, 1234567, 2),
        source_line="xy",
        hint=None,
        fix=None,
    )

    text = writer("full")(LintReport(findings=(finding,), files=1))

    assert text.splitlines()[1:3] == ["1234567 | xy", "        | ^"]


def test_without_a_source_line_there_is_no_excerpt(sample):
    finding = replace(sample.findings[0], source_line="  ", hint=None, fix=None)

    text = writer("full")(LintReport(findings=(finding,), files=1))

    assert text == (
        "prompts/support/triage.prompt.yaml:31:10: error: `tikcet` is not an input"
        "  [VAR001 undefined-variable]\n"
        "found 1 error\n"
    )


def test_gitlab_gets_each_fingerprint_once(sample):
    finding = sample.findings[0]
    nameless = replace(finding, fingerprint="")
    report = LintReport(findings=(finding, finding, nameless, nameless, finding), files=1)

    issues = json.loads(writer("gitlab")(report))

    place = "VAR001:prompts/support/triage.prompt.yaml:31:10"
    assert [issue["fingerprint"] for issue in issues] == [
        *("aa01", "aa01-2", place, f"{place}-2", "aa01-3")
    ]


@pytest.mark.parametrize("fail_on", Severity)
@pytest.mark.parametrize("what", ["sample", "hostile", "clean"])
def test_junit_fits_the_schema_of_jenkins(what, fail_on, request):
    report = request.getfixturevalue(what)

    root = ElementTree.fromstring(writer("junit")(report, fail_on=fail_on))

    assert list(violations(root)) == []
    for suite in [root, *root.findall("testsuite")]:
        assert suite.get("tests") == str(len(list(suite.iter("testcase"))))
        assert suite.get("failures") == str(len(list(suite.iter("failure"))))


@pytest.mark.parametrize(
    ("fail_on", "failures"),
    [
        (Severity.ERROR, {"a": "1 error"}),
        (Severity.WARNING, {"a": "1 error, 1 warning", "b": "1 warning"}),
        (Severity.INFO, {"a": "1 error, 1 warning", "b": "1 warning, 1 info"}),
    ],
)
def test_only_findings_that_fail_the_run_are_failures_in_junit(sample, fail_on, failures):
    found = [
        replace(sample.findings[0], place=Place(path), severity=severity)
        for path, severity in (
            ("a", Severity.ERROR),
            ("a", Severity.WARNING),
            ("b", Severity.WARNING),
            ("b", Severity.INFO),
        )
    ]

    root = ElementTree.fromstring(
        writer("junit")(LintReport(findings=tuple(found), files=2), fail_on=fail_on)
    )

    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases) == ["a", "b"]
    assert failures == {
        name: case.find("failure").get("message")
        for name, case in cases.items()
        if case.find("failure") is not None
    }
    assert sum("VAR001" in line for text in root.itertext() for line in text.splitlines()) == 4


def test_markdown_is_cut_below_what_github_takes_and_keeps_the_worst(sample):
    error, warning, *_ = sample.findings
    findings = (*[replace(warning, message="`x`" * 100)] * 300, error)
    report = LintReport(findings=findings, files=1)

    text = writer("markdown")(report)

    rows = [line for line in text.splitlines() if line.startswith(("| error", "| warning"))]
    last = text.splitlines()[-1]
    assert 60_000 < len(text) < 65_536
    assert rows[0].startswith("| error")
    assert last == f"{301 - len(rows)} more findings left out: `promptops lint` shows all."


def test_markdown_that_fits_leaves_nothing_out(sample):
    report = replace(sample, findings=sample.findings[:1] * 200)

    rows = [line for line in writer("markdown")(report).splitlines() if line.startswith("| error")]

    assert len(rows) == 200
    assert "left out" not in writer("markdown")(report)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("prompts/a b%.yaml", b"prompts/a b%.yaml"),
        ("C:x/é.yaml", "C:x/é.yaml".encode()),
        ("not-utf8-\udcff", b"not-utf8-\xff"),
        ("lone-\ud800", b"lone-\xed\xa0\x80"),
    ],
)
def test_a_sarif_address_is_the_name_that_git_holds(path, name, sample):
    finding = replace(sample.findings[0], place=Place(path))

    value = json.loads(writer("sarif")(LintReport(findings=(finding,), files=1)))

    location = value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    uri = location["artifactLocation"]["uri"]
    assert ":" not in uri
    assert unquote_to_bytes(uri) == name


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("see [here](1)", "see \\[here](1)"),
        ("a [b] (c)", "a [b] (c)"),
        ("[INST] and x[0](y)", "[INST] and x\\[0](y)"),
        ("a\u202eb\nc", "a\\u202eb\nc"),
    ],
)
def test_a_sarif_message_is_no_link(message, shown, sample):
    finding = replace(sample.findings[0], message=message, hint=None)

    value = json.loads(writer("sarif")(LintReport(findings=(finding,), files=1)))

    assert value["runs"][0]["results"][0]["message"] == {"text": shown}


def test_sarif_describes_given_rules_and_those_only_findings_know(sample, rules):
    value = json.loads(writer("sarif")(sample, rules=rules))

    driver, results = value["runs"][0]["tool"]["driver"], value["runs"][0]["results"]
    assert [rule["id"] for rule in driver["rules"]] == ["SCH005", "STY003", "TPL008", "VAR001"]
    assert [result["ruleIndex"] for result in results] == [3, 2, 0, 3]
    assert driver["rules"][3]["shortDescription"] == {"text": "A name that no input defines."}
    assert set(driver) == {"name", "rules"}


def test_sarif_names_the_project_s_home_where_there_is_one(sample):
    value = json.loads(writer("sarif")(sample, version="1.2.3", home="https://example.org"))

    driver = value["runs"][0]["tool"]["driver"]
    assert (driver["version"], driver["informationUri"]) == ("1.2.3", "https://example.org")
