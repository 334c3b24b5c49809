"""Reports of real runs, by the command: what assertions and coverage find reaches the reader."""

import json

import pytest
from click.testing import CliRunner

from promptops.cli.group import group

SAID = "You triage support tickets about the router. Be brief: three sentences are enough for it."
PROMPT = f"""\
format: promptops/1
description: Sorts tickets.
owners: ["@a"]
inputs:
  required: [ticket]
  properties:
    ticket: {{type: string, maxLength: 100}}
    formal: {{type: boolean}}
messages:
  - role: system
    content: |-
      {SAID}{{% if formal %}} Be formal.{{% endif %}}
  - role: user
    content: "{{{{ ticket }}}}"
tests:
  - name: refund
    inputs: {{ticket: refund, formal: false}}
    rendered:
      - {{type: equals, role: system, value: "WANTED"}}
"""


@pytest.fixture
def tested(repo):
    """Runs the command over a prompt whose system message should be that text."""

    def run(wanted, *arguments):
        repo.write({"promptops.toml": "", "prompts/triage.prompt.yaml": wanted})
        repo.commit("one")
        return CliRunner().invoke(
            group, ["test", "-C", str(repo.root), *arguments], standalone_mode=False
        )

    return lambda wanted, *arguments: run(PROMPT.replace("WANTED", wanted), *arguments)


def test_a_failure_comes_with_the_difference_of_long_texts(tested):
    result = tested(SAID.replace("three", "two"))

    lines = result.stdout.splitlines()
    assert (result.return_value, lines[-1]) == (1, "fail: 1 failed of 1 case")
    assert lines[2:4] == [
        "  [-expected-] {+actual+}:",
        "    You triage support tickets about the router."
        " Be brief: [-two-]{+three+} sentences are enough for it.",
    ]


@pytest.mark.parametrize("name", ["text", "markdown", "html", "json", "junit", "github"])
def test_a_run_that_fails_by_its_coverage_says_so_in_every_format(tested, name):
    result = tested(SAID, "--fail-under", "90", "--format", name)

    said = '"undercovered": true' if name == "json" else "50% of branches covered, under 90%"
    assert result.return_value == 1
    assert said in result.stdout.replace("%25", "%")
    if name == "json":
        assert json.loads(result.stdout)["verdict"] == "fail"


def test_enough_coverage_passes(tested):
    result = tested(SAID, "--fail-under", "50")

    assert (result.return_value, result.stdout.splitlines()[-1]) == (0, "pass: 1 case, 1 assertion")
