"""A channel that goes back is refused in review: before the commit, and of a whole branch."""

from __future__ import annotations

import pytest

from promptops.cli.main import run

PROMPT = """\
format: promptops/1
description: Answer one question.
inputs: {required: [question], properties: {question: {type: string, maxLength: 100}}}
messages:
  - {role: user, content: "{{ question }}"}
"""
WENT_BACK = "the serial went down from 6 to 5"


def serving(serial: int) -> str:
    return f"production: {{release: v1.0.0, serial: {serial}}}\n"


@pytest.fixture
def promoted(repo):
    """`production` went from serial 5 to 6 on `main`; `side` is checked out."""
    repo.write({"prompts/ask.prompt.yaml": PROMPT, "channels.yaml": serving(5)})
    repo.commit("five")
    repo.git("tag", "-a", "v1.0.0", "-m", "v1.0.0")
    repo.write({"channels.yaml": serving(6)})
    repo.commit("six")
    repo.git("switch", "-qc", "side")
    return repo


@pytest.mark.parametrize("command", ["lint", "check"])
def test_a_reverted_promotion_is_refused_on_its_branch(promoted, capfd, command):
    promoted.git("revert", "--no-edit", "HEAD")

    code = run([command, "--since", "main", "-C", str(promoted.root)])

    assert (code, WENT_BACK in capfd.readouterr().out) == (1, True)


def test_a_revert_is_refused_before_it_is_committed(promoted, capfd):
    promoted.git("revert", "--no-commit", "HEAD")

    code = run(["lint", "--staged", "-C", str(promoted.root)])

    assert (code, WENT_BACK in capfd.readouterr().out) == (1, True)


def test_a_change_of_channels_alone_is_something_that_is_looked_at(promoted, capfd):
    promoted.write({"channels.yaml": serving(7)})
    promoted.commit("seven")

    code = run(["check", "--since", "main", "-C", str(promoted.root)])

    said = "pass: nothing to check, except channels.yaml, which was checked\n"
    assert (code, capfd.readouterr().out) == (0, said)
