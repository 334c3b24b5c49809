"""Measured scores decided against the recorded answers of a baseline."""

from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

CONFIG = '[models.echo]\nprovider = "echo"\nid = "echo-1"\nprice = {input = 0.0, output = 0.0}\n'
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
  score: brevity
  assertions:
    - {type: contains, value: brief, score: brevity}
tests:
"""


def prompt(cases=200):
    rows = "".join(
        f"  - {{name: c{number}, inputs: {{question: q{number}}}}}\n" for number in range(cases)
    )
    return HEAD + rows


def run(repo, mode="replay", **options):
    with workspace(repo.root) as opened:
        return run_cases(opened, SelectionOptions(), RunOptions(mode=mode, **options))


def recorded(repo, cases=200):
    repo.write({"promptops.toml": CONFIG, "prompts/ask.prompt.yaml": prompt(cases)})
    run(repo, "record")
    repo.commit("one")
    repo.git("tag", "-a", "-m", "one", "v1.0.0")


def test_what_asks_the_very_same_as_before_passes_though_cases_are_few(repo):
    recorded(repo, cases=3)

    found = run(repo)

    (decided,) = found.decided
    assert (found.verdict, decided.verdict) == ("pass", "pass")
    head = repo.git("rev-parse", "--short=12", "HEAD")
    assert decided.line == f"100.0 points; the requests are the same as those of {head}"


def test_answers_that_stayed_as_good_pass(repo):
    recorded(repo)
    repo.write({"prompts/ask.prompt.yaml": prompt().replace("Be brief", "Be very brief")})

    found = run(repo, "record")

    (decided,) = found.decided
    assert (found.verdict, decided.verdict, decided.score) == ("pass", "pass", "brevity")
    assert decided.line.startswith("0.0 points [")


def test_answers_that_got_worse_fail_though_no_contract_is_violated(repo):
    recorded(repo)
    repo.write({"prompts/ask.prompt.yaml": prompt().replace("Be brief", "Be short")})

    found = run(repo, "record")

    (decided,) = found.decided
    assert {case.status for case in found.cases} == {"passed"}
    assert (found.verdict, decided.verdict, len(decided.worst)) == ("fail", "fail", 5)
    assert decided.line.startswith("-100.0 points [")


def test_few_cases_settle_nothing_and_say_what_it_would_take(repo):
    recorded(repo, cases=3)
    repo.write({"prompts/ask.prompt.yaml": prompt(3).replace("Be brief", "Be very brief")})

    found = run(repo, "record")

    (decided,) = found.decided
    assert (found.verdict, decided.verdict) == ("inconclusive", "inconclusive")
    assert "would" in decided.line


def test_without_a_baseline_nothing_is_claimed(repo):
    repo.write({"promptops.toml": CONFIG, "prompts/ask.prompt.yaml": prompt(3)})
    repo.commit("one")

    found = run(repo, "record")

    (decided,) = found.decided
    assert (found.verdict, decided.gates, decided.line) == (
        "pass",
        False,
        "100.0%, not gated: no earlier release to compare with",
    )
