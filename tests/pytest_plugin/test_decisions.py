"""Measured scores: the decision over a prompt is a test of its own."""

import pytest

HEAD = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - role: user
    content: "Be brief. {{ question }}"
evaluation:
  assertions:
    - {type: contains, value: brief, score: brevity}
tests:
"""
DECIDED = "prompts/ask.prompt.yaml::[decided: brevity]"


def prompt(cases):
    rows = (f"  - {{name: c{n}, inputs: {{question: q{n}}}}}\n" for n in range(cases))
    return {"prompts/ask.prompt.yaml": HEAD + "".join(rows)}


@pytest.fixture
def measured(record):
    """A repository with recordings of so many cases, released."""

    def write(cases):
        repo = record(prompt(cases))
        repo.git("tag", "-a", "-m", "one", "v1.0.0")

    return write


def test_answers_that_stayed_as_good_pass(measured, run_pytest):
    measured(200)

    ran = run_pytest("--promptops", "-v")

    assert (ran.code, ran.outcomes[DECIDED], len(ran.outcomes)) == (0, "passed", 201)


@pytest.mark.parametrize("chosen", [(), (DECIDED,)], ids=["all", "by-itself"])
def test_answers_that_got_worse_fail_though_every_case_passes(chosen, measured, record, run_pytest):
    measured(40)
    record({path: text.replace("Be brief", "Be short") for path, text in prompt(40).items()})

    ran = run_pytest("--promptops", "-v", *chosen)

    failed = {name for name, outcome in ran.outcomes.items() if outcome == "failed"}
    assert (ran.code, failed) == (1, {DECIDED})
    assert ran.failures.splitlines()[1].startswith(
        "score: ask brevity: fail: 100.0 points lower than "
    )


def test_what_few_cases_can_not_decide_is_skipped_and_says_why(measured, record, run_pytest):
    measured(3)
    record({path: text.replace("Be brief", "Be very brief") for path, text in prompt(3).items()})

    ran = run_pytest("--promptops", "-v", "-rs")

    assert (ran.code, ran.outcomes[DECIDED]) == (0, "skipped")
    assert (
        "\nSKIPPED [1] prompts/ask.prompt.yaml:12: ask: brevity: the same score as " in ran.output
    )
