"""What a run may cost by its event, and whose configuration says so."""

from __future__ import annotations

import pytest

from promptops.evals.engine.ask import Settings
from promptops.testing.model_calls import ci_event, within_budget
from promptops.testing.options import RunOptions
from promptops.testing.runner import test as run_cases
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

BUDGET = {"commit": 0.0, "pull_request": 1.0, "nightly": 5.0}
CONFIG = """\
[models.echo]
provider = "echo"
id = "echo-1"
price = {input = 1.0, output = 1.0}
max_output_tokens = 100
[test.budget]
commit = 0
pull_request = MOST
"""
PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: echo}
inputs:
  required: [question]
  properties:
    question: {type: string, maxLength: 100}
messages:
  - {role: user, content: "{{ question }}"}
tests:
  - {name: why, inputs: {question: why}, output: [{type: contains, value: why}]}
  - {name: how, inputs: {question: how}, output: [{type: contains, value: how}]}
"""


OTHER = PROMPT.replace("question }}", "question }} now")


class Watching:
    """Remembers what it was told."""

    def __init__(self):
        self.estimates = []
        self.came_of = []

    def calls(self, line):
        """No profile here has an address that could be printed."""

    def begins(self, estimate):
        self.estimates.append(estimate)

    def came(self, outcome):
        self.came_of.append(type(outcome).__name__)

    def closes(self, reason):
        self.came_of.append(reason)

    def ends(self):
        self.came_of.append("end")


@pytest.fixture
def catalog(repo):
    """A change that allows itself more than its base does."""
    repo.write({"promptops.toml": CONFIG.replace("MOST", "0.0"), "prompts/ask.prompt.yaml": PROMPT})
    repo.commit("one")
    repo.write({"promptops.toml": CONFIG.replace("MOST", "9.0")})
    return repo


def run(repo, wanted=None, **options):
    with workspace(repo.root) as opened:
        return run_cases(opened, wanted or SelectionOptions(), RunOptions(mode="record", **options))


@pytest.mark.parametrize(
    ("environment", "event"),
    [
        ({}, None),
        ({"GITHUB_EVENT_NAME": "pull_request"}, "pull_request"),
        ({"GITHUB_EVENT_NAME": "pull_request_target"}, "pull_request"),
        ({"GITHUB_EVENT_NAME": "schedule"}, "nightly"),
        ({"GITHUB_EVENT_NAME": "push"}, None),
        ({"CI_PIPELINE_SOURCE": "merge_request_event"}, "pull_request"),
        ({"CI_PIPELINE_SOURCE": "schedule"}, "nightly"),
    ],
)
def test_ci_says_what_it_runs_for(environment, event):
    assert ci_event(environment) == event


@pytest.mark.parametrize(
    ("said", "event", "most"),
    [
        (None, None, None),
        (None, "commit", 0.0),
        (None, "nightly", 5.0),
        (2.0, "nightly", 2.0),
        (9.0, "commit", 9.0),
    ],
)
def test_the_budget_of_the_event_bounds_the_cost_unless_something_else_does(said, event, most):
    bounded = within_budget(Settings(max_cost_usd=said), BUDGET, event)

    assert bounded.max_cost_usd == most


def test_an_event_that_the_configuration_leaves_out_is_bounded_all_the_same():
    bounded = within_budget(Settings(), {"nightly": 9.0}, "commit")

    assert bounded.max_cost_usd == 0.0


def test_a_commit_asks_nothing_that_costs(catalog):
    found = run(catalog, event="commit")

    (reason,) = {case.reason for case in found.cases}
    assert reason.startswith("not requested: the budget of $0 is spent: $0 so far")
    assert {case.infrastructure for case in found.cases} == {True}
    assert (found.unanswered, found.unasked, found.interrupted) == (2, 2, False)
    assert not (catalog.root / "prompts/ask.recordings.jsonl").exists()


def test_a_change_can_not_raise_the_budget_that_its_base_gives_it(catalog):
    found = run(catalog, SelectionOptions(since="HEAD"), event="pull_request")
    trusted = run(catalog, SelectionOptions(since="HEAD"), event="pull_request", trusted=True)

    assert found.unasked == 2
    assert (trusted.unasked, trusted.verdict) == (0, "pass")


@pytest.mark.parametrize(
    ("budget", "event", "reason"),
    [
        ("0", None, "the budget of $0 for `ask` is spent: $0 so far, and the next may cost $"),
        ("{nightly: 0}", "nightly", "the budget of $0 for `ask` is spent: $0 so far, "),
        ("{nightly: 0}", "pull_request", None),
        ("{nightly: 0}", None, None),
        ("0.5", None, None),
    ],
)
def test_a_prompt_says_itself_what_one_run_may_spend_for_it(catalog, budget, event, reason):
    text = PROMPT.replace("tests:", f"evaluation: {{budget: {budget}}}\ntests:")
    catalog.write({"prompts/ask.prompt.yaml": text, "prompts/other.prompt.yaml": OTHER})

    found = run(catalog, event=event)

    said = {case.prompt: case.reason for case in found.cases}
    assert said["other"] == ""
    assert said["ask"].startswith(f"not requested: {reason}" if reason else "")
    assert (found.unasked, bool(found.ended)) == ((2, True) if reason else (0, False))
    assert found.ended == said["ask"].removeprefix("not requested: ")


def test_who_judges_answers_to_a_prompt_is_paid_from_its_budget(catalog):
    rubric = "{type: llm-rubric, value: It is kind.}"
    evaluation = (
        f"evaluation: {{budget: 0.00023, judge: {{profile: echo}}, assertions: [{rubric}]}}"
    )
    text = PROMPT.replace("tests:", f"{evaluation}\ntests:")
    catalog.write({"prompts/ask.prompt.yaml": text})

    found = run(catalog, event="pull_request")

    reasons = {each.reason for case in found.cases for each in case.assertions if each.score}
    (reason,) = reasons
    assert reason.startswith(
        "the built-in rubric judge gave no answer: not requested: the budget of $0.00023 for `ask` "
    )
    assert (found.unanswered, found.unasked, found.verdict) == (2, 2, "fail")


def test_who_watches_hears_of_the_worst_case_before_anything_is_asked_and_of_each_answer(catalog):
    watching = Watching()

    found = run(catalog, event="pull_request", watcher=watching)

    (estimate,) = watching.estimates
    assert (estimate.requests, estimate.unpriced, estimate.left_usd) == (2, (), 9.0)
    assert 2 * 100e-6 < estimate.worst_usd < 3 * 100e-6
    assert watching.came_of == ["Answered", "Answered", "end"]
    assert 0 < found.cost_usd < estimate.worst_usd


def test_who_watches_hears_at_once_why_no_more_is_asked(catalog):
    watching = Watching()

    run(catalog, watcher=watching, settings=Settings(max_requests=1, concurrency=1))

    assert watching.came_of == ["Answered", "the budget of 1 request is spent", "end"]


def test_where_nothing_is_missing_nobody_hears_of_anything(catalog):
    run(catalog, settings=Settings(max_cost_usd=1.0))
    watching = Watching()

    found = run(catalog, watcher=watching)

    assert found.verdict == "pass"
    assert (watching.estimates, watching.came_of) == ([], [])
