"""`promptops log --channel`: which release was live, and the history it had behind it."""

from __future__ import annotations

import json

import pytest

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
inputs: {required: [question], properties: {question: {type: string, maxLength: 100}}}
messages:
  - {role: user, content: "{{ question }}"}
tests:
  - {name: one, inputs: {question: why}, rendered: [{type: contains, value: why}]}
"""


@pytest.fixture
def promoted(repo):
    """At 00:01 v1.0.0 goes live, at 00:03 v1.1.0; what came at 00:04 is in no release."""
    repo.write({ASK: PROMPT})
    repo.commit("one")
    for minute, text in enumerate(("Q", "Please"), 1):
        name = f"v1.{minute - 1}.0"
        repo.git("tag", "--annotate", "--message", name, name)
        repo.write({"channels.yaml": f"production: {{release: {name}, serial: {minute}}}\n"})
        repo.commit(f"promote {name}")
        repo.write({ASK: PROMPT.replace("{{ question }}", text + " {{ question }}")})
        repo.commit(text)
    return repo


@pytest.fixture
def log(promoted, capfd):
    def logging(*arguments: str) -> tuple[int, str, str]:
        code = run(["log", *arguments, "-C", str(promoted.root)])
        said = capfd.readouterr()
        return code, said.out, said.err

    return logging


def test_the_release_that_was_live_is_told(promoted, log):
    commit = promoted.git("rev-parse", "HEAD~3")

    said = log("--channel", "production", "--at", "2026-01-01T01:02+01:00")

    line = "production served v1.0.0 at 2026-01-01 01:02 UTC+01:00, serial 1, "
    assert said == (0, f"{line}since 2026-01-01 00:01 UTC by {commit[:12]}\n", "")


def test_the_history_goes_back_from_the_release_that_was_live(log):
    _, now, _ = log("ask", "--channel", "production", "--format", "json")
    _, then, _ = log(
        "ask", "--channel", "production", "--at", "2026-01-01T00:02Z", "--format", "json"
    )

    assert [each["subject"] for each in json.loads(now)["entries"]] == ["Q", "one"]
    assert [each["subject"] for each in json.loads(then)["entries"]] == ["one"]
    assert json.loads(then)["served"]["release"] == "v1.0.0"


def test_before_the_first_promotion_nothing_was_live(log):
    said = log("ask", "--channel", "production", "--at", "2025-12-31T00:00Z")

    assert said == (0, "production served no release at 2025-12-31 00:00 UTC\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--channel", "prod"), "there is no channel 'prod'\n  tip: did you mean `production`?"),
        (("--channel", "eu"), "there is no channel 'eu'\n  tip: the channels: `production`"),
        (
            ("--channel", "production", "--at", "yesterday"),
            "'yesterday' is not a timestamp\n"
            "  tip: such as 2026-01-31T03:00Z or 2026-01-31T03:00+02:00",
        ),
        (
            ("--channel", "production", "--at", "2026-01-01T00:02"),
            "'2026-01-01T00:02' has no time zone\n"
            "  tip: such as 2026-01-31T03:00Z or 2026-01-31T03:00+02:00",
        ),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(log, arguments, message):
    assert log(*arguments) == (2, "", f"error: {message}\n")


def test_a_release_whose_tag_is_not_here_is_named(promoted, log):
    promoted.git("tag", "--delete", "v1.1.0")

    assert log("ask", "--channel", "production") == (
        2,
        "",
        "error: there is no release 'v1.1.0', which `production` served then\n"
        "  tip: git fetch --tags\n",
    )
