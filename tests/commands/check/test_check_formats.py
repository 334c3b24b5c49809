"""Formats that know only findings report what the gate decides, no more and no less."""

import json
from xml.etree import ElementTree

import pytest

ASK = "prompts/ask.prompt.yaml"

PROMPT = """\
format: promptops/1
description: Answers.
messages:
  - {role: user, content: Say please.}
tests:
  - name: one
    rendered:
      - {type: contains, value: please}
"""


def test_a_budget_that_only_warns_fails_nothing_in_junit_either(repo, checked):
    repo.write({ASK: PROMPT + "budget: {input_tokens: 1}\n"})

    code, lines = checked("--config", 'lint.severity.TOK001="warning"', "--format", "junit")

    suites = ElementTree.fromstring("\n".join(lines))
    assert (code, suites.get("failures"), suites.get("errors")) == (0, "0", "0")


@pytest.mark.parametrize("name", ["gitlab", "sarif"])
def test_too_little_coverage_is_in_formats_that_know_only_findings(repo, checked, name):
    branched = PROMPT.replace(
        "{role: user, content: Say please.}",
        "role: user\n    content: |\n      {% if 1 > 2 %}\n      Say thanks.\n      {% endif %}\n"
        "      Say please.",
    )
    optional = "inputs:\n  properties:\n    kind: {type: boolean, default: false}\n"
    branched = branched.replace("1 > 2", "kind").replace("messages:", f"{optional}messages:")
    repo.write({ASK: branched})

    code, lines = checked("--config", "check.coverage=90", "--format", name)

    assert code == 1
    assert "50% of branches covered, under 90%" in "\n".join(lines)


def test_similar_assertions_of_one_case_have_fingerprints_of_their_own(repo, checked):
    two = "      - {type: contains, value: thanks}\n      - {type: contains, value: sorry}\n"
    repo.write({ASK: PROMPT + two})

    _, lines = checked("--format", "sarif")

    results = json.loads("\n".join(lines))["runs"][0]["results"]
    marks = [each["partialFingerprints"]["promptops/v1"] for each in results]
    assert len(marks) == len(set(marks)) == 2
